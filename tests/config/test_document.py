"""A file is read with its lines, and what is not TOML is told with what to write instead."""

from pathlib import Path

import pytest

from pellucid.config.document import explain, read_document
from pellucid.config.mistakes import MASK


def test_a_file_is_a_table_and_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text('serve = "public"\n\n[hosts."a.org"]\nserve = "b"\n')
    document = read_document("a.toml")
    assert document.table == {"serve": "public", "hosts": {"a.org": {"serve": "b"}}}
    assert document.where(("hosts", "a.org", "serve")) == "a.toml:4"
    assert document.where(("hosts", "a.org", "missing")) == "a.toml:3"
    assert document.where(("missing",)) == "a.toml"


def test_of_a_projects_file_it_is_our_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\nname = "x"\n[tool.pellucid]\nserve = "public"\n[tool.pellucid.paths."/a"]\nidle = 3\n'
    )
    document = read_document("pyproject.toml")
    assert document.table == {"serve": "public", "paths": {"/a": {"idle": 3}}}
    assert document.where(("paths", "/a", "idle")) == "pyproject.toml:6"
    project.write_text("[tool]\npellucid = 3\n")
    with pytest.raises(ValueError, match="this is to be a table"):
        read_document("pyproject.toml")
    project.write_text("[project]\n")
    assert read_document("pyproject.toml").table == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("serve = public", '1: expected a number, true, false or text in quotes: serve = "public"'),
        ("\nlisting = yes # really", "2: expected a number, true, false or text in quotes: listing = true"),
        ("listing = False", "1: expected a number, true, false or text in quotes: listing = false"),
        ("idle = 10s", '1: expected a number, true, false or text in quotes: idle = "10s"'),
        (
            "session = redis://:pass@host/0",
            f'1: expected a number, true, false or text in quotes: session = "redis://:{MASK}@host/0"',
        ),
        ("idle =", '1: idle has no value; write idle = "…"'),
        ('serve: "public"', '1: an equals sign belongs between a key and its value: serve = "public"'),
        ("serve public", '1: an equals sign belongs between a key and its value: serve = "public"'),
        ("workers: 4", "1: an equals sign belongs between a key and its value: workers = 4"),
        ('serve = "public', "1: the text has no quote at its end"),
        ('serve = "public\nidle = 3', "1: the text has no quote at its end"),
        ('serve = """public\nidle = 3', "2: the text has no quote at its end"),
        ("serve = 'public\nidle = 3", "1: the text has no quote at its end"),
        ('serve = "C:\\site"', "1: a backslash in double quotes begins an escape; write serve = 'C:\\site'"),
        ("a = 1\na = 2", "2: a is given a second time; keep one of the two"),
        ("a = { b = 1, b = 2 }", "1: a is given a second time; keep one of the two"),
        (
            '[paths."/a"]\n[paths."/a"] # again',
            '2: [paths."/a"] stands here a second time; put its keys under the first',
        ),
        ("[paths./api]", '1: a name with other signs than letters, digits and dashes wants quotes: [paths."/api"]'),
        (
            "[hosts.*.a.org]",
            '1: a name with other signs than letters, digits and dashes wants quotes: [hosts."*.a.org"]',
        ),
        ('[hosts."a.org"', '1: the head of a table ends with a bracket: [hosts."a.org"]'),
        ('bind = [":80"\nidle = 3', "1: the list that begins here has no ] at its end"),
        ('a = 1\nbind = [":80",\n":81"\n', "2: the list that begins here has no ] at its end"),
        ("bind = [:80]", "1: a list is written with commas between its items, and texts in quotes"),
        ("a = { b = 1", "1: the table that begins here has no } at its end"),
        ("<html>", "1: a line is KEY = VALUE or [TABLE]"),
        ("a = 1 b = 2", "1: expected a number, true, false or text in quotes: a ="),
        ('a = "x" y', "1: expected newline or end of document after a statement"),
        ("[a]]", "1: expected newline or end of document after a statement"),
        ("a = 2020-99-99", "1: expected a number, true, false or text in quotes: a ="),
        ("a = " + "[" * 5000, ""),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_not_toml_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(text)
    with pytest.raises(ValueError) as error:
        read_document(str(file))
    assert str(error.value).removeprefix(f"{file}:").startswith(told)
    assert "\n" not in str(error.value)


def test_what_a_later_parser_may_say_is_told_as_it_is() -> None:
    assert explain("a.toml", "x", "Something else") == "a.toml: this is not TOML: Something else"
