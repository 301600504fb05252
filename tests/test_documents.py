"""Nothing that a document says is left untried: its examples are run, and the tests and defaults that it names are."""

import ast
import doctest
import importlib
import re
import sys
from pathlib import Path

import click
import pytest

import pellucid
from documents import Fence, Section, Step, commands_of, pattern, sections, steps
from pellucid.cli.options import spell
from pellucid.settings import all_settings
from sessions import PROJECT, run_section

sys.path.append(str(PROJECT / "tests" / "live"))

from programs import program

EXTERNAL = ("curl", "gzip", "openssl")
DOCUMENTS = sorted(PROJECT.glob("*.md"))
SOURCE = Path(pellucid.__file__).parent
WITH_DOCTESTS = sorted(path for path in SOURCE.rglob("*.py") if ">>> " in path.read_text("utf-8"))
THREATS = PROJECT / "THREATS.md"


def examples() -> list[object]:
    """Each section that has fences; those that run commands are live."""
    live = (pytest.mark.live, pytest.mark.timeout(120))
    return [
        pytest.param(section, marks=live if [*commands_of(section)] else (), id=f"{path.stem}: {section.title}")
        for path in DOCUMENTS
        for section in sections(path.read_text("utf-8"))
    ]


@pytest.mark.parametrize("section", examples())
def test_every_example_does_what_it_shows(section: Section, tmp_path: Path) -> None:
    commands = " ".join(commands_of(section)).split()
    for name in EXTERNAL:
        if name in commands:
            program(name)
    run_section(section, tmp_path)


@pytest.mark.parametrize("path", WITH_DOCTESTS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_example_in_a_docstring_is_true(path: Path) -> None:
    name = ".".join(("pellucid", *path.relative_to(SOURCE).with_suffix("").parts))
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0


def test_the_threats_name_tests_that_exist() -> None:
    known = {
        node.name
        for path in (PROJECT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    named = set(re.findall(r"`(test_\w+)`", THREATS.read_text("utf-8")))
    assert sorted(named - known) == []


def test_the_threats_name_options_that_exist_with_their_defaults() -> None:
    known = {each.option: each for each in all_settings()}
    named = re.findall(r"`(--[a-z0-9-]+)(?: ([^`]+))?`", THREATS.read_text("utf-8"))
    limits = {each.option for each in all_settings() if each.topic in ("Limits", "Timeouts") and each.default}
    assert sorted(limits - {option for option, value in named if value}) == []
    for option, value in named:
        if option.startswith("--no-") and option not in known:
            setting = known[option.replace("--no-", "--")]
            assert setting.default is False, f"{option} is not the default"
        else:
            assert option in known
            assert not value or spell(known[option]) == value, f"the default of {option} is {spell(known[option])}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_or_a_heading_leads_there(path: Path) -> None:
    for file, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", path.read_text("utf-8")):
        target = path.parent / file if file else path
        assert target.exists(), file
        assert not heading or heading in headings(target), f"{file}#{heading}"


def headings(path: Path) -> set[str]:
    """The headings of a document, as links name them."""
    found = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


# The machinery itself: it must be able to fail.

DOCUMENT = """\
# Title

```text
drawing
```

## One

```console
$ echo a \\
    b
a b
$ true
```

## Two
"""


def test_a_document_is_read_by_sections() -> None:
    first, second = sections(DOCUMENT)
    assert (first.title, first.fences) == ("Title", (Fence("text", "drawing\n", 3),))
    assert second.title == "One"
    assert steps(second.fences[0]) == [Step("echo a      b", "a b\n"), Step("true", "")]


def test_a_fence_that_is_not_closed_is_a_fault() -> None:
    with pytest.raises(ValueError, match="line 2"):
        sections("\n```python\npass\n")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("date: …\n", "date: today\n", True),
        ("a … c\n", "a\nc\n", False),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("a\n…\nd\n", "a\nb\n", False),
        ("1.5\n", "125\n", False),
    ],
)
def test_what_is_shown_is_compared_with_what_is_printed(shown: str, printed: str, same: bool) -> None:
    assert bool(re.fullmatch(pattern(shown), printed)) is same


@pytest.mark.parametrize(
    ("info", "text", "complaint"),
    [
        ("perl", "print 1\n", "nobody knows"),
        ("", "what is this\n", "nobody knows"),
        ("console", "$ echo a\nb\n", "is shown as"),
        ("console", "$ false\n", "status 1"),
        ("console", "$ pellucid serve nowhere\n", "there is no folder"),
        ("sh", "make gold\n", "no 'gold'"),
        ("sh", "python nothing.py &\n", "does not listen"),
        ("console", "$ cd nowhere\n", "no folder 'nowhere'"),
        ("python", "assert 1 == 2\n", "AssertionError"),
        ("python", "# lonely.py\npass\n", "nothing runs lonely.py"),
        ("pycon", ">>> 1 + 1\n3\n", "Expected"),
        ("pycon", "1 + 1\n", "without >>>"),
    ],
)
def test_an_example_that_is_not_true_fails(info: str, text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=complaint):
        run_section(Section("Title", (Fence(info, text, 1),)), tmp_path)


@pytest.mark.parametrize("options", ["--bound fd:3", "--idle never"])
def test_a_unit_with_a_wrong_option_fails(options: str, tmp_path: Path) -> None:
    unit = Fence("ini", f"[Service]\nExecStart=/bin/pellucid serve /srv {options}\n", 1)
    with pytest.raises(click.UsageError):
        run_section(Section("Title", (unit,)), tmp_path)
