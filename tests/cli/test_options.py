"""Every setting is an option, a variable and a paragraph of the help, made from its manual alone."""

import re
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pellucid.accesslog import FORMATS
from pellucid.cli.options import WORDS, SettingsCommand, chosen_of, default_of, help_of, spell
from pellucid.settings import TOPICS, all_settings

SETTINGS = all_settings()
BY_NAME = {each.name: each for each in SETTINGS}


def chosen(*arguments: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """What a command is told for these arguments; a click error goes through."""
    seen: dict[str, Any] = {}
    command = SettingsCommand("serve", callback=lambda **values: seen.update(chosen_of(values)))
    result = CliRunner().invoke(command, arguments, env=environment, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return seen


def help_text() -> str:
    result = CliRunner().invoke(SettingsCommand("serve"), ["--help"], terminal_width=80, env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.output


def test_nothing_is_chosen_unless_it_was_said() -> None:
    assert chosen() == {}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--head-time", "500ms"], {"head_time": 0.5}),
        (["--head-time=2m"], {"head_time": 120.0}),
        (["--body-size", "10M"], {"body_size": 10 << 20}),
        (["--body-rate", "4K"], {"body_rate": 4096}),
        (["--field-count", "0"], {"field_count": 0}),
        (["--access-log", "json"], {"access_log": "json"}),
        (["--listing"], {"listing": True}),
        (["--no-listing"], {"listing": False}),
        (["--no-security-headers"], {"security_headers": False}),
        (["--header", "A: 1", "--header", "B: 2"], {"header": ("A: 1", "B: 2")}),
        (["--bind", ":80", "--bind", "unix:a"], {"bind": (":80", "unix:a")}),
    ],
)
def test_an_option_becomes_a_value(arguments: list[str], expected: dict[str, Any]) -> None:
    assert chosen(*arguments) == expected


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PELLUCID_HEAD_TIME", "3s", {"head_time": 3.0}),
        ("PELLUCID_HEAD_TIME", "", {}),
        ("PELLUCID_LISTING", "no", {"listing": False}),
        ("PELLUCID_LISTING", "on", {"listing": True}),
        ("PELLUCID_HEADER", "A: 1 and 2\n\n B: 3\n", {"header": ("A: 1 and 2", "B: 3")}),
        ("PELLUCID_BIND", ":80\n[::1]:81", {"bind": (":80", "[::1]:81")}),
    ],
)
def test_a_variable_becomes_a_value(variable: str, text: str, expected: dict[str, Any]) -> None:
    assert chosen(environment={variable: text}) == expected


def test_an_option_wins_over_its_variable() -> None:
    assert chosen("--idle", "1", environment={"PELLUCID_IDLE": "2"}) == {"idle": 1.0}


@pytest.mark.parametrize(
    ("arguments", "environment", "complaint"),
    [
        (["--head-time", "-1"], {}, "'--head-time': '-1' is not a time such as 10, 500ms"),
        (["--head-time", "soon"], {}, "'soon' is not a time such as"),
        (["--body-size", "10X"], {}, "'10X' is not a size such as 4096, 64K"),
        (["--field-count", "many"], {}, "'many' is not a whole number of 0 or more"),
        ([], {"PELLUCID_IDLE": "soon"}, "'--idle': 'soon' is not a time"),
        ([], {"PELLUCID_LISTING": "maybe"}, "'maybe' is neither yes nor no"),
    ],
)
def test_a_value_that_cannot_be_read_is_explained(
    arguments: list[str], environment: dict[str, str], complaint: str
) -> None:
    with pytest.raises(click.UsageError) as error:
        chosen(*arguments, environment=environment)
    assert complaint in error.value.format_message()


def test_the_help_has_every_setting_under_its_topic() -> None:
    text = help_text()
    sections = dict(re.findall(r"^(\w[^\n]*):\n(.*?)(?=^\w|\Z)", text, re.MULTILINE | re.DOTALL))
    for each in SETTINGS:
        assert each.option in sections[each.topic]
    assert list(sections) == [*TOPICS, "Help"]


def test_the_help_holds_the_manuals_word_for_word() -> None:
    plain = re.sub(r"\s+", "", help_text())
    for each in SETTINGS:
        assert re.sub(r"\s+", "", each.manual.text) in plain


def test_the_help_fits_a_terminal() -> None:
    assert max(map(len, help_text().splitlines())) <= 80


@pytest.mark.parametrize(
    ("name", "expected"),
    [("body_size", "64M"), ("head_size", "32K"), ("idle", "75"), ("field_count", "100"), ("requests", "0"),
     ("header", ""), ("index", "index.html, index.htm"), ("security_headers", "off"), ("access_log", "common")],
)  # fmt: skip
def test_a_default_is_written_as_one_would_type_it(name: str, expected: str) -> None:
    assert spell(BY_NAME[name]) == expected


@pytest.mark.parametrize(
    ("name", "told"),
    [("requests", "none"), ("bind", "127.0.0.1:8000"), ("connections", "10000"), ("dot_files", "off"), ("header", "")],
)
def test_a_default_is_told_and_a_limit_that_is_off_is_none(name: str, told: str) -> None:
    assert default_of(BY_NAME[name]) == told
    assert help_of(BY_NAME[name]).endswith(f" [{told}]") is bool(told)


@pytest.mark.parametrize(
    "each", [each for each in SETTINGS if not isinstance(each.default, tuple)], ids=lambda each: each.name
)
def test_a_default_that_is_typed_is_the_default(each: Any) -> None:
    assert each.read(spell(each)) == each.default


@pytest.mark.parametrize("name", WORDS)
def test_words_that_shells_complete_are_those_of_a_setting(name: str) -> None:
    setting = BY_NAME[name]
    assert setting.default in ((), "", *WORDS[name])
    assert all(word.rstrip(":/") in help_of(setting) for word in WORDS[name] if word not in (*FORMATS, "json", "text"))
