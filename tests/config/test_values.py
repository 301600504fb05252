"""A value of TOML becomes what its setting wants, or it is told what was expected."""

import datetime
import tomllib
from typing import Any

import pytest

from pellucid.config.mistakes import MASK, masked
from pellucid.config.values import kind_of, spell_value, value_of
from pellucid.setting import Manual
from pellucid.settings import CommandSettings, Setting, all_settings

BY_NAME = {each.name: each for each in all_settings()}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("listing", False, False),
        ("idle", 10, 10.0),
        ("idle", 0.5, 0.5),
        ("idle", "500ms", 0.5),
        ("body_size", 4096, 4096),
        ("body_size", "64K", 65536),
        ("field_count", 7, 7),
        ("access_log", "json", "json"),
        ("workers", 4, "4"),
        ("workers", "auto", "auto"),
        ("bind", 8000, ("8000",)),
        ("bind", ":80", (":80",)),
        ("bind", [":80", 81], (":80", "81")),
        ("header", [], ()),
        ("tls", "a.pem,b.pem", ("conf/a.pem,conf/b.pem",)),
        ("tls", "/etc/a.pem", ("/etc/a.pem",)),
        ("tls", "dev", ("dev",)),
        ("tls", "dev:a.localhost", ("dev:a.localhost",)),
        ("tls_client_ca", "ca.pem", "conf/ca.pem"),
        ("tls_client_ca", "", ""),
        ("app_dir", "src", "conf/src"),
        ("bind", "unix:a.sock", ("unix:conf/a.sock",)),
        ("spa", "index.html", "index.html"),
    ],
)
def test_a_value_is_what_its_setting_wants(name: str, value: Any, expected: Any) -> None:
    read = value_of(BY_NAME[name], value, "conf")
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("listing", "no", 'expected true or false, without quotes, and this is the text "no"'),
        ("listing", 1, "expected true or false, without quotes, and this is the number 1"),
        ("idle", True, 'expected a time such as 10 or "500ms", and this is true'),
        ("idle", "soon", "'soon' is not a time such as"),
        ("idle", float("inf"), "'inf' is not a time such as"),
        ("idle", datetime.date(2020, 1, 1), "and this is a date or a time"),
        ("body_size", [1], 'expected a size such as 4096 or "64K", and this is a list'),
        ("field_count", 1.5, "'1.5' is not a whole number of 0 or more"),
        ("field_count", -1, "'-1' is not a whole number of 0 or more"),
        ("field_count", {}, "expected a whole number, and this is a table"),
        ("tls_min", 1.2, 'expected text in quotes: tls-min = "1.2"'),
        ("socket_mode", 0o660, "expected text in quotes"),
        ("access_log", True, 'expected text in quotes, access-log = "FORMAT", and this is true'),
        (
            "header",
            {"a": "b"},
            'expected text in quotes, header = "NAME: VALUE", or a list of such, and this is a table',
        ),
        (
            "header",
            ["A: b", False],
            'expected text in quotes, header = "NAME: VALUE", or a list of such, and this is false',
        ),
    ],
)
def test_what_cannot_be_a_value_is_told(name: str, value: Any, told: str) -> None:
    with pytest.raises(ValueError) as error:
        value_of(BY_NAME[name], value, ".")
    assert told in str(error.value)


@pytest.mark.parametrize("each", all_settings(), ids=lambda each: each.name)
def test_a_default_that_is_spelled_is_read_again(each: Setting) -> None:
    value = tomllib.loads(f"{each.key} = {spell_value(each, each.default)}")[each.key]
    assert value_of(each, value, ".") == each.default


@pytest.mark.parametrize(("value", "spelled"), [(1025, '"1025"'), (2048, '"2K"'), (3 << 30, '"3G"'), (1000, "1000")])
def test_a_size_is_spelled_as_short_as_it_can_be(value: int, spelled: str) -> None:
    assert spell_value(BY_NAME["body_size"], value) == spelled


def test_a_secret_is_masked_and_so_is_a_password_in_an_address() -> None:
    secret = Setting(CommandSettings, "x", "", Manual("X.", secret=True), "")
    assert spell_value(secret, "hidden") == f'"{MASK}"'
    assert spell_value(secret, "") == '""'
    several = Setting(CommandSettings, "x", (), Manual("X.", secret=True), "")
    assert spell_value(several, ("one", "two")) == f'["{MASK}", "{MASK}"]'
    assert masked("redis://ann:secret@host:6379/0") == f"redis://ann:{MASK}@host:6379/0"
    assert masked("redis://:secret@host") == f"redis://:{MASK}@host"
    assert masked("redis://host/0?password=a@b&x=1") == f"redis://host/0?password={MASK}&x=1"
    assert masked("https://host/?api_key=1#a") == f"https://host/?api_key={MASK}#a"
    assert masked("https://host/a@b:c") == "https://host/a@b:c"


def test_what_holds_a_secret_says_so() -> None:
    # A name that sounds like one, and is no file and no switch, is marked or known to be harmless.
    harmless = {"rate_limit_key", "concurrency_limit_key"}
    for each in all_settings():
        sounds = each.name.endswith(("_key", "_password", "_secret", "_token"))
        if sounds and isinstance(each.default, str | tuple) and each.name not in harmless:
            assert each.manual.secret, f"{each.name} is shown by `pellucid show`"


def test_kinds_have_names() -> None:
    values: list[Any] = [True, 3, "a", [], {}, datetime.date(2020, 1, 1)]
    names = ["true", "the number 3", 'the text "a"', "a list", "a table", "a date or a time"]
    assert [kind_of(each) for each in values] == names
