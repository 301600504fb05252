"""What somebody who writes a first pellucid.toml gets wrong, and what `pellucid check` answers, word for word."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from documents import sections
from pellucid.cli.command import main

TRANSCRIPT = Path(__file__).with_name("newcomers.txt").read_text("utf-8")


def blocks() -> Iterator[object]:
    """Each file that was written, and the lines of the answer."""
    heading, number = "", 0
    for block in TRANSCRIPT.split("\n\n")[1:]:
        lines = block.strip("\n").split("\n")
        if lines[0].startswith("== "):
            heading, number = lines[0].removeprefix("== "), 0
            continue
        number += 1
        wrote = "".join(f"{line}\n" for line in lines if not line.startswith("> "))
        answer = "".join(f"{line[2:]}\n" for line in lines if line.startswith("> "))
        yield pytest.param(wrote, answer, id=f"{heading}, {number}")


@pytest.mark.parametrize(("wrote", "answer"), [*blocks()])
def test_what_is_written_gets_a_line_that_says_how_to_mend_it(
    wrote: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public").mkdir()
    (tmp_path / "main.py").write_text("app = print\n")
    (tmp_path / "pellucid.toml").write_text(wrote, "utf-8")
    result = CliRunner().invoke(main, ["check"], prog_name="pellucid")
    right = "is in order" in answer
    assert result.output.replace("pellucid: ", "") == answer
    assert (result.exit_code, bool(result.stderr), bool(result.stdout)) == (0 if right else 2, not right, right)


def test_a_whole_site_takes_less_than_40_lines() -> None:
    manual = (Path(__file__).parent.parent.parent / "MANUAL.md").read_text("utf-8")
    (section,) = [each for each in sections(manual) if each.title == "A whole site"]
    (file,) = [each.text for each in section.fences if each.kind == "toml"]
    assert all(word in file for word in ("tls =", "auth =", "rate-limit =", 'serve = "public"', 'serve = "main:app"'))
    assert file.count("[hosts.") >= 2
    assert file.count("\n") < 40


def test_there_are_mistakes_of_many_kinds() -> None:
    assert TRANSCRIPT.count("\n> ") > 50
