"""What is told of a mistake leads to what was meant."""

import tomllib

import pytest

from pellucid.config.mistakes import ELSEWHERE, Mistakes, in_keys, spell_key, spell_text, unknown
from pellucid.settings import all_settings

KEYS = [each.key for each in all_settings()]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("idel", "there is no such key; did you mean idle?"),
        ("head_time", "keys are written in lower case and with dashes: head-time"),
        ("Idle", "keys are written in lower case and with dashes: idle"),
        ("no-listing", "there is no such key; write listing = false"),
        ("port", 'there is no such key; write bind = ":PORT", or bind = "PORT" for this machine only'),
        ("qqqqqq", "there is no such key"),
    ],
)
def test_the_nearest_key_is_told(key: str, told: str) -> None:
    assert unknown(key, KEYS) == told


def test_what_others_call_a_key_is_none_of_ours() -> None:
    assert not {*ELSEWHERE} & {*KEYS, "serve", "hosts", "paths", "aliases"}


def test_a_sentence_of_the_command_line_becomes_one_of_the_file() -> None:
    assert in_keys("did you mean `pellucid serve main:app`?", KEYS) == 'did you mean serve = "main:app"?'
    assert in_keys("write `pellucid serve 'main:make()'`", KEYS) == 'write serve = "main:make()"'
    assert in_keys("did you mean `pellucid serve --bind 80`?", KEYS) == 'did you mean bind = "80"?'
    assert in_keys("say --tls, --no-listing or --else", KEYS) == "say tls, listing = false or --else"


@pytest.mark.parametrize("text", ["", "a b", 'a"b', "a\\b", "ä", "\x00\x1b\x7f\n", "…"])
def test_a_text_is_spelled_as_toml_reads_it(text: str) -> None:
    assert tomllib.loads(f"{spell_key((text,))} = {spell_text(text)}") == {text: text}


def test_items_of_a_list_are_no_part_of_a_key() -> None:
    assert spell_key(("hosts", "a.org", "bind", 0)) == 'hosts."a.org".bind'


def test_mistakes_are_as_text_the_first_of_them() -> None:
    assert str(Mistakes(["one", "two"])) == "one"
