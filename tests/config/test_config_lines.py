"""Every key and item of a TOML text is found on its line, however it is spelled."""

import string
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.config.lines import Path, lines_of
from pellucid.config.mistakes import spell_key, spell_text

EVERYTHING = '''\
# a comment with = and [brackets]
bind = [":80", # one
  ":81",
]
"quoted key" = "a # in a text"
'literal' = 'C:\\site'
dotted.key."with.dot" = 1
long = """
several = 1
lines \\""" still""""
raw = \'\'\'
no = [escape]
\'\'\'
inline = { a = 1, "b c" = { d = [1, 2] } }
date = 1979-05-27T07:32:00Z
empty = []
nested = [[1, 2], [{ x = "}" }]]

[hosts."example.com"]   # a table
serve = "public"
[hosts."example.com".paths.'/api']
	serve = "main:app"
[ hosts . "\\u0062.org" ]
serve = "b"
[[list]]
a = 1
[[list]]
a = 2
[list.sub]
b = 3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("bind",), 2),
        (("bind", 0), 2),
        (("bind", 1), 3),
        (("quoted key",), 5),
        (("literal",), 6),
        (("dotted",), 7),
        (("dotted", "key", "with.dot"), 7),
        (("long",), 8),
        (("raw",), 11),
        (("inline",), 14),
        (("inline", "b c", "d", 1), 14),
        (("date",), 15),
        (("nested", 1, 0, "x"), 17),
        (("hosts",), 19),
        (("hosts", "example.com", "serve"), 20),
        (("hosts", "example.com", "paths", "/api", "serve"), 22),
        (("hosts", "b.org", "serve"), 24),
        (("list", 0, "a"), 26),
        (("list", 1, "a"), 28),
        (("list", 1, "sub", "b"), 30),
    ],
)
def test_a_key_is_on_its_line(path: Path, line: int) -> None:
    assert lines_of(EVERYTHING)[path] == line
    assert lines_of(EVERYTHING.replace("\n", "\r\n"))[path] == line


def paths_of(value: Any, above: Path = ()) -> Iterator[Path]:
    """The way to everything in a value of TOML."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from paths_of(inner, (*above, key))


def test_nothing_that_the_parser_finds_is_missed_and_nothing_else_is_found() -> None:
    assert {*paths_of(tomllib.loads(EVERYTHING))} == {*lines_of(EVERYTHING)}


def test_an_empty_text_has_no_lines() -> None:
    assert lines_of("") == lines_of("# nothing\n\n") == {}


KEYS = st.text(string.printable + "äé.\x7f", max_size=6)
SCALARS = st.one_of(st.integers(-5, 5), st.booleans(), st.text(string.printable, max_size=8))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=2))


def spell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return spell_text(value)
    if isinstance(value, list):
        return "[\n" + ", # ]\n".join(map(spell, value)) + "\n]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{spell_key((key,))} = {spell(inner)}' for key, inner in value.items())}}}"
    return str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=2)))
def test_any_text_of_toml_is_read_as_its_parser_reads_it(values: dict[str, Any], tables: dict[str, Any]) -> None:
    tables = {key: table for key, table in tables.items() if key not in values}
    lines = [f"{spell_key((key,))} = {spell(value)}" for key, value in values.items()]
    for key, table in tables.items():
        lines += [
            f"[{spell_key((key,))}]",
            *(f"{spell_key((name,))} = {spell(inner)}" for name, inner in table.items()),
        ]
    text = "\n".join(lines)
    assert {*lines_of(text)} == {*paths_of(tomllib.loads(text))} == {*paths_of({**values, **tables})}
