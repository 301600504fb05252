"""Every setting is in one table, has a manual, and is read from text as people write it."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from pellucid.apps.static.settings import StaticSettings
from pellucid.protocol.limits import Limits
from pellucid.server.timeouts import Patience
from pellucid.settings import (
    TOPICS,
    CommandSettings,
    Reach,
    Setting,
    Settings,
    all_settings,
    read_count,
    read_rate,
    read_size,
    read_time,
    read_truth,
    spell_size,
)

BY_NAME = {each.name: each for each in all_settings()}


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("4096", 4096), ("64K", 65536), ("64k", 65536), ("64KB", 65536), ("64 KiB", 65536), ("10M", 10 << 20),
     ("1G", 1 << 30), ("2t", 2 << 40), ("1.5M", 3 << 19), (" 7b ", 7)],
)  # fmt: skip
def test_a_size_is_read(text: str, value: int) -> None:
    assert read_size(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0.0), ("10", 10.0), ("0.5", 0.5), ("500ms", 0.5), ("10s", 10.0), ("2m", 120.0), ("2min", 120.0),
     ("1h", 3600.0), ("7d", 604800.0)],
)  # fmt: skip
def test_a_time_is_read(text: str, value: float) -> None:
    assert read_time(text) == value


@pytest.mark.parametrize(("text", "value"), [("240", 240), ("4K", 4096), ("1M/s", 1 << 20)])
def test_a_rate_is_read(text: str, value: int) -> None:
    assert read_rate(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("on", True),
        ("1", True),
        ("TRUE", True),
        ("no", False),
        ("off", False),
        ("0", False),
        ("", False),
    ],
)
def test_yes_and_no_are_read(text: str, value: bool) -> None:
    assert read_truth(text) is value


@pytest.mark.parametrize(
    ("read", "texts", "expected"),
    [
        (
            read_size,
            ["", "-1", "K", "1X", "1.K", "0x10", "1_000", "\u0661", "9" * 16, "nan", "inf"],
            "a size such as 4096, 64K",
        ),
        (read_time, ["", "-1", "s", "1 week", "1e3", "nan", "inf", "10 s s"], "a time such as 10, 500ms, 10s"),
        (read_rate, ["", "-1", "1/m", "fast"], "a rate such as 240"),
        (read_count, ["", "-1", "1.5", "1K", "ten", "1_0", "9" * 16], "a whole number of 0 or more"),
        (read_truth, ["maybe", "2"], "neither yes nor no"),
    ],
)
def test_what_cannot_be_read_is_explained(read: Any, texts: list[str], expected: str) -> None:
    for text in texts:
        with pytest.raises(ValueError) as error:
            read(text)
        assert expected in str(error.value)
        assert repr(text) in str(error.value) or not text


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("head_time", "500ms", 0.5),
        ("body_size", "10M", 10 << 20),
        ("body_rate", "1K/s", 1024),
        ("field_count", "64", 64),
        ("security_headers", "yes", True),
        ("access_log", "json", "json"),
        ("header", "A: b", "A: b"),
    ],
)
def test_a_setting_reads_what_its_unit_asks_for(name: str, text: str, value: object) -> None:
    read = BY_NAME[name].read(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("each", all_settings(), ids=lambda each: each.name)
def test_every_setting_has_a_manual_and_a_value_that_can_be_told(each: Setting) -> None:
    assert each.manual.text.endswith(".")
    assert each.topic in TOPICS
    assert isinstance(each.default, bool | int | float | str | tuple)
    assert isinstance(each.default, bool | str) or each.manual.unit or type(each.default) is int


def test_no_two_settings_have_one_name() -> None:
    assert len(BY_NAME) == len(all_settings())


def test_every_class_of_settings_is_in_the_table() -> None:
    table = {part.__name__ for parts in TOPICS.values() for part in parts}
    source = Path(__file__).parent.parent / "src" / "pellucid"
    for path in source.rglob("*.py"):
        text = path.read_text("utf-8")
        if " = setting(" in text and path.name != "setting.py":
            names = [line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("class ")]
            assert table.intersection(names), f"{path} has settings that are in no topic"


def test_what_is_not_chosen_has_its_default() -> None:
    settings = Settings()
    for parts in TOPICS.values():
        for part in parts:
            assert settings[part] == part()


def test_what_is_chosen_reaches_its_part_only() -> None:
    settings = Settings({"head_time": 3.0, "bind": (":80",)})
    assert settings[Patience] == dataclasses.replace(Patience(), head_time=3.0)
    assert settings[CommandSettings].bind == (":80",)
    assert settings[Limits] == Limits()


def test_a_part_can_be_replaced_for_those_who_ask_later() -> None:
    before = Settings({"head_time": 3.0, "bind": (":80",)})
    after = before.having(CommandSettings(bind=(":81",)))
    assert (before[CommandSettings].bind, after[CommandSettings].bind) == ((":80",), (":81",))
    assert (after[Patience].head_time, after.chosen) == (3.0, before.chosen)


def test_a_name_that_is_no_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown setting 'colour'"):
        Settings({"colour": "blue"})


def test_a_setting_is_named_alike_everywhere() -> None:
    assert BY_NAME["head_time"].option == "--head-time"
    assert BY_NAME["head_time"].variable == "PELLUCID_HEAD_TIME"
    assert BY_NAME["head_time"].key == "head-time"


@pytest.mark.parametrize(
    ("name", "reach"),
    [
        ("bind", Reach.SERVER),
        ("body_size", Reach.SERVER),
        ("listing", Reach.PLACE),
        ("header", Reach.PLACE),
        ("hsts", Reach.PLACE),
        ("redirect_http", Reach.SERVER),
        ("trusted_proxies", Reach.SERVER),
        ("reload_browser", Reach.SERVER),
    ],
)
def test_a_setting_knows_how_far_it_reaches(name: str, reach: Reach) -> None:
    assert BY_NAME[name].reach is reach


def test_settings_know_where_they_were_chosen() -> None:
    assert Settings({"idle": 3.0}, {"idle": "a.toml:3"}).origins == {"idle": "a.toml:3"}
    assert Settings().origins == {}


def test_more_can_be_chosen_beneath() -> None:
    above = Settings({"head_time": 3.0, "listing": False}, {"head_time": "a:1", "listing": "a:2"})
    below = above.beneath({"listing": True, "index": ("a",)}, {"listing": "a:3", "index": "a:4"})
    assert (below[Patience], above[StaticSettings].listing) == (above[Patience], False)
    assert (below[StaticSettings].listing, below[StaticSettings].index) == (True, ("a",))
    assert below.chosen == {"head_time", "listing", "index"}
    assert below.origins == {"head_time": "a:1", "listing": "a:3", "index": "a:4"}
    assert above.beneath({}, {}) is above


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (1000, "1000"),
        (1024, "1K"),
        (1536, "1536"),
        (10 << 20, "10M"),
        (3 << 30, "3G"),
        ((1 << 30) + 1, "1073741825"),
    ],
)
def test_a_size_is_spelled_as_it_is_read(size: int, text: str) -> None:
    assert spell_size(size) == text
    assert read_size(text) == size
