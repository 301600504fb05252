"""Globs mean what a person expects of them, and two looks at the files tell what has changed."""

import pytest

from pellucid.processes.changes import Area, Mark, changed_paths, matches, merged, spell_changes


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("*.py", "a.py", True),
        ("*.py", "deep/er/a.py", True),
        ("*.py", "a.pyc", False),
        ("*.py", "A.PY", False),
        ("*.py", ".hidden.py", False),
        ("*", ".env", False),
        (".env", ".env", True),
        (".env*", "conf/.env.local", True),
        ("conf/*", "conf/.env", False),
        ("conf/.*", "conf/.env", True),
        ("templates/*.html", "templates/a.html", True),
        ("templates/*.html", "templates/deep/a.html", True),
        ("templates/*.html", "other/templates/a.html", False),
        ("**/templates/*.html", "other/templates/a.html", True),
        ("**/templates/*.html", "templates/a.html", True),
        ("**/a.py", "a.py", True),
        ("build/", "build", True),
        ("build", "deep/build", True),
        ("/build/x", "build/x", True),
        ("a?.py", "ab.py", True),
        ("[ab].py", "b.py", True),
        ("", "a", False),
    ],
)
def test_what_a_glob_means(glob: str, path: str, expected: bool) -> None:
    assert matches(glob, path) is expected


CODE = Area("/project", ("*.py",), ("build", "generated/*.py"))
PAGES = Area("/project/public", ("*.py", "*"))


@pytest.mark.parametrize(
    ("area", "path", "expected"),
    [
        (CODE, "app.py", True),
        (CODE, "package/views.py", True),
        (CODE, "package/views.html", False),
        (CODE, "build/lib/app.py", False),
        (CODE, "generated/model.py", False),
        (CODE, "my/generated/model.py", True),
        (CODE, "generated.py", True),
        (CODE, ".venv/lib/app.py", False),
        (CODE, "env/lib/python3.13/site-packages/flask/app.py", False),
        (CODE, "package/__pycache__/app.py", False),
        (CODE, ".git/hooks/app.py", False),
        (PAGES, "index.html", True),
        (PAGES, "css/site.css", True),
        (PAGES, "index.html~", False),
        (PAGES, "#index.html#", False),
        (PAGES, ".index.html.swp", False),
        (PAGES, "4913", False),
        (PAGES, "node_modules/a.js", False),
    ],
)
def test_which_files_matter(area: Area, path: str, expected: bool) -> None:
    assert area.takes_wholly(path) is expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({"a": (1,)}, {"a": (1,)}, []),
        ({"a": (1,)}, {"a": (2,)}, ["a"]),
        ({"a": (1,)}, {}, ["a"]),
        ({}, {"a": (1,)}, ["a"]),
        ({"c": (1,), "a": (1,), "d": (1,)}, {"b": (1,), "a": (2,), "d": (1,)}, ["a", "b", "c"]),
    ],
)
def test_what_has_changed_between_two_looks(
    before: dict[str, Mark], after: dict[str, Mark], expected: list[str]
) -> None:
    assert changed_paths(before, after) == expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/here/src/a.py"], "src/a.py"),
        (["/elsewhere/a.py"], "/elsewhere/a.py"),
        (["/hereby/a.py"], "/hereby/a.py"),
        (["/here/a.py", "/here/b.py", "/here/c.py"], "a.py and 2 more"),
        (["/here/a\n\x1b[31m\udcffé.py"], "a??[31m?é.py"),
    ],
)
def test_changes_are_told_in_one_printable_line(paths: list[str], expected: str) -> None:
    assert spell_changes(paths, "/here") == expected


def test_areas_of_one_folder_are_put_together() -> None:
    one, two, other = Area("/a", ("*.py",), ("x",)), Area("/a", ("*.py", "*"), ("x", "y")), Area("/b", ("*",))
    assert merged([one, other, two]) == (Area("/a", ("*.py", "*"), ("x", "y")), other)
