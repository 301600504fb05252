"""Documents as sections, fences and the steps of sessions; what a fence is for is told in `sessions.py`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: its info string, its text, and the number of its first line."""

    info: str
    text: str
    line: int

    @property
    def kind(self) -> str:
        return self.info.partition(" ")[0]

    @property
    def file(self) -> str:
        """The name of the file that an example is to be, empty if it is none."""
        match = re.match(r"# ([a-z_]+\.(py|toml))\n", self.text)
        return match[1] if match and self.kind == {"py": "python"}.get(match[2], match[2]) else ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the fences under it."""

    title: str
    fences: tuple[Fence, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A command and what is shown of its output."""

    command: str
    shown: str

    @property
    def stays(self) -> bool:
        """Whether it goes on while others run, and is not a complaint that is shown."""
        if re.search("^pellucid:", self.shown, re.MULTILINE):
            return False
        return bool(re.match(r"(\w+=\S* )*pellucid serve\b", self.command)) or self.command.endswith("&")

    @property
    def prepares(self) -> bool:
        """Whether it prepares a machine or a clone, and is not run."""
        return bool(re.match(r"(make|git|pip|python3? -m pip)\b", self.command))


def sections(text: str) -> list[Section]:
    """The sections of a document that have fences. ValueError for a fence that is not closed."""
    found: list[Section] = []
    fences: list[Fence] = []
    lines: list[str] = []
    title, opened = "", None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r" {0,3}(`{3,})(.*)", line)
        if opened is None and re.match("#+ ", line):
            found.append(Section(title, tuple(fences)))
            title, fences = line.lstrip("#").strip(), []
        elif mark and opened is None:
            opened, lines = (mark[1], mark[2].strip(), number), []
        elif mark and opened is not None and mark[1] == opened[0] and not mark[2]:
            fences.append(Fence(opened[1], "".join(f"{each}\n" for each in lines), opened[2]))
            opened = None
        elif opened is not None:
            lines.append(line)
    if opened is not None:
        raise ValueError(f"the fence of line {opened[2]} is not closed")
    return [each for each in [*found, Section(title, tuple(fences))] if each.fences]


def steps(fence: Fence) -> list[Step]:
    """The commands of a session. ValueError for output that no command has printed."""
    found: list[Step] = []
    for line in fence.text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append(Step(line[2:].strip(), ""))
        elif fence.kind == "sh" and line.strip():
            found.append(Step(line.strip(), ""))
        elif found:
            found[-1] = Step(found[-1].command, f"{found[-1].shown}{line}\n")
        elif line.strip():
            raise ValueError(f"line {fence.line}: {line!r} stands before any command")
    return found


def pattern(shown: str) -> str:
    """A regular expression for what is shown."""
    parts = []
    for line in shown.rstrip("\n").split("\n"):
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            words = [re.escape(plain(part)) for part in line.rstrip().split("…")]
            parts.append(r"[^\n]*".join(words) + r"[ ]*\n")
    return "".join(parts)


def commands_of(section: Section) -> Iterator[str]:
    """The commands that a section really runs."""
    for fence in section.fences:
        if fence.kind in ("console", "sh"):
            yield from (step.command for step in steps(fence) if not step.prepares)


def plain(line: str) -> str:
    """A line with its runs of spaces made one: columns are as wide as a port's number."""
    return re.sub(" +", " ", line.rstrip())
