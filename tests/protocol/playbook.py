"""Conversations as text: what the peer sends, what the engine tells of it, what the app does and what the peer gets.

    >> GET / HTTP/1.1       a line from the peer, CRLF is added; with `>|` it is not; escapes as in Python
    >> Host: h
    >>
    == GET / h              an event: a request with its host and body, `data …`, `end`, `refused 400 the reason`
    -> 200 body=hello       the app's act: a status, with name:value fields, `body=` for a whole answer or `length=`;
    -! data too-long            `data …`, `end`, `credit 5`, `drain`, `refuse 408 why`; no spaces in a word, but \\x20;
    << HTTP/1.1 200 OK          with `-!` the engine must raise WrongAnswer and send nothing
    << content-length: 5
    <<                      what goes out for it, in the same notation as what comes in
    <| hello
    .. IDLE hungry          the phase, and the questions whose answer is yes: hungry, finished, unread
    >< eof                  the end of what the peer sends

    @ name                  the steps of that name in openings.txt

Whatever an act or some bytes bring about stands behind them, events first; what is not written must not happen.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from pellucid.errors import WrongAnswer
from pellucid.message import Data, End, Event, Headers, Refused, Request, Response
from pellucid.protocol.http1.engine import Http1
from pellucid.protocol.limits import Limits
from protocol.battery import cut, http1, said

Step = tuple[str, list[str]]


def load(folder: Path) -> dict[str, str]:
    """The conversations in a folder of playbooks by their titles, which stand unindented before their steps."""
    openings = sections(folder / "openings.txt")
    plays: dict[str, str] = {}
    for path in sorted(folder.glob("*.txt")):
        if path.name != "openings.txt":
            for title, steps in sections(path).items():
                assert title not in plays, f"two conversations are called {title}"
                plays[title] = "\n".join(openings.get(step, step) for step in steps.splitlines())
    return plays


def sections(path: Path) -> dict[str, str]:
    """The parts of a file of playbooks by their titles."""
    parts: dict[str, list[str]] = {}
    steps: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith(" "):
            steps.append(line.strip())
        elif line and not line.startswith("#"):
            steps = parts[line] = []
    return {title: "\n".join(steps) for title, steps in parts.items()}


def play(text: str, limits: Limits | None = None) -> None:
    """Play the conversation twice: the peer's lines arrive as they stand together, and byte by byte."""
    for dripped in (False, True):
        Player(http1(limits), dripped).play(read(text))


def read(text: str) -> list[Step]:
    """The steps of a playbook: a mark and the lines that it stands before."""
    lines = [line.strip() for line in text.strip().splitlines()]
    marked = [(line[:2], line[3:]) for line in lines if line and not line.startswith("#")]
    together = {">|": ">>", "<|": "<<"}
    steps: list[Step] = []
    for mark, group in groupby(marked, key=lambda each: str(together.get(each[0], each[0]))):
        taken = [
            rest + ("" if given[1] == "|" else "\\r\\n") if mark in (">>", "<<") else rest for given, rest in group
        ]
        steps += [(mark, taken)] if mark in (">>", "<<", "==") else [(mark, [each]) for each in taken]
    return steps


class Player:
    """Takes the steps one after the other, and keeps what happened until a step says so too."""

    def __init__(self, engine: Http1, dripped: bool) -> None:
        self.engine = engine
        self.dripped = dripped
        self.events: list[str] = []
        self.output = b""
        self.stream = 0

    def play(self, steps: list[Step]) -> None:
        for mark, lines in steps:
            if mark == "==":
                assert self.events == lines
                self.events = []
            elif mark == "<<":
                assert self.output == b"".join(map(literal, lines))
                self.output = b""
            else:
                assert (self.events, self.output) == ([], b""), f"this is not in the playbook before: {mark} {lines}"
                self.step(mark, lines)
        assert (self.events, self.output) == ([], b"")

    def step(self, mark: str, lines: list[str]) -> None:
        if mark == "..":
            self.check(lines[0])
        elif mark == ">>":
            data = b"".join(map(literal, lines))
            for piece in cut(data, range(len(data))) if self.dripped else [data]:
                self.engine.receive(piece)
                self.look()
        elif mark == "><":
            self.engine.receive_eof()
        elif mark == "-!":
            before = self.engine.phase
            with pytest.raises(WrongAnswer):
                self.act(lines[0].split())
            assert self.engine.phase is before
        else:
            assert mark == "->", f"no such mark: {mark}"
            self.act(lines[0].split())
        self.look()

    def act(self, words: list[str]) -> None:
        verb, rest, engine = words[0], words[1:], self.engine
        if verb == "data":
            engine.send_data(self.stream, literal(rest[0]))
        elif verb == "end":
            engine.send_end(self.stream, fields(rest))
        elif verb == "credit":
            engine.credit(self.stream, int(rest[0]))
        elif verb == "drain":
            engine.drain()
        elif verb == "refuse":
            engine.refuse(int(rest[0]), " ".join(rest[1:]))
        else:
            self.respond(int(verb), rest)

    def respond(self, status: int, words: list[str]) -> None:
        length = next((int(word.removeprefix("length=")) for word in words if word.startswith("length=")), None)
        body = next((literal(word[5:]) for word in words if word.startswith("body=")), None)
        headers = fields([word for word in words if not word.startswith(("length=", "body="))])
        self.engine.send_response(self.stream, Response(status, headers), body, length)

    def look(self) -> None:
        while (item := self.engine.next_event()) is not None:
            self.stream, event = item
            text = describe(event)
            if text.startswith("data ") and self.events and self.events[-1].startswith("data "):
                text = self.events.pop() + text.removeprefix("data ")
            self.events.append(text)
        self.output += said(self.engine)

    def check(self, words: str) -> None:
        phase, *yes = words.split()
        engine = self.engine
        assert engine.phase.name == phase
        assert [name for name in ("hungry", "finished", "unread") if getattr(engine, name)] == yes


def literal(text: str) -> bytes:
    """Text with Python's escapes as bytes."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def fields(words: list[str]) -> Headers:
    """`name:value` words as fields."""
    return Headers([(name.encode(), literal(value)) for name, _, value in (word.partition(":") for word in words)])


def describe(event: Event) -> str:
    """An event in a few words."""
    if isinstance(event, Request):
        body = "" if event.complete else " chunked" if event.length is None else f" length={event.length}"
        offered = f" upgrade={event.upgrade.decode()}" if event.upgrade else ""
        return f"{event.method} {event.target.decode()} {event.authority.decode() or '-'}{body}{offered}"
    if isinstance(event, Data):
        return "data " + event.data.decode("latin-1").encode("unicode_escape").decode()
    if isinstance(event, Refused):
        return f"refused {event.status} {event.why}"
    assert isinstance(event, End)
    return " ".join(["end", *(f"{name.decode()}:{value.decode()}" for name, value in event.trailers)])
