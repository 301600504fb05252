"""The lines on which the keys of a TOML text stand: tomllib says what is written, and not where.

It reads what tomllib has found to be right, so it has only to know where each thing ends (TOML 1.0).
"""

from __future__ import annotations

import re
from bisect import bisect_right

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?P<more>"{0,2})' r"|'''.*?'''(?P<single>'{0,2})" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WORD = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def lines_of(text: str) -> dict[Path, int]:
    """The line of each table, key and item of a list, by the keys that lead there; the first where there are several.

    >>> lines_of('a = 1\\n[b."c.d"]\\ne = [\\n  2,\\n]\\n')[("b", "c.d", "e", 0)]
    4
    """
    reader = _Reader(text)
    reader.document()
    return reader.lines


class _Reader:
    """A place in a text, and what was found before it."""

    __slots__ = ("_at", "_begins", "_counts", "_text", "lines")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._begins = [match.end() for match in re.finditer("\n", text)]
        self._counts: dict[Path, int] = {}
        self.lines: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while self._skip(_BETWEEN) < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        several = self._text.startswith("[[", self._at)
        begin = self._at
        self._at += 1 + several
        path: Path = ()
        for key in self._keys():
            path += (key,)
            if path in self._counts and not (several and self._text[self._at] == "]"):
                path += (self._counts[path],)
        if several:
            self._counts[path] = self._counts.get(path, -1) + 1
            path += (self._counts[path],)
        self._at += 1 + several
        self._found(path, begin)
        return path

    def _pair(self, table: Path) -> None:
        begin = self._at
        keys = self._keys()
        self._at += 1  # the equals sign
        path = (*table, *keys)
        self._found(path, begin)
        self._value(path)

    def _keys(self) -> list[str]:
        # Up to the sign behind them: an equals sign or a bracket.
        keys = []
        while True:
            self._skip(_SPACE)
            if self._text[self._at] in "\"'":
                begin = self._at
                self._skip(_TEXT)
                keys.append(_unquoted(self._text[begin : self._at]))
            else:
                begin = self._at
                self._skip(_BARE)
                keys.append(self._text[begin : self._at])
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        sign = self._text[self._at]
        if sign in "\"'":
            self._skip(_TEXT)
        elif sign == "[":
            self._items(path)
        elif sign == "{":
            self._inline(path)
        else:
            self._skip(_WORD)

    def _items(self, path: Path) -> None:
        self._at += 1
        number = 0
        while self._text[self._skip(_BETWEEN)] != "]":
            self._found((*path, number), self._at)
            self._value((*path, number))
            number += 1
            if self._text[self._skip(_BETWEEN)] == ",":
                self._at += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._text[self._skip(_BETWEEN)] != "}":
            self._pair(path)
            if self._text[self._skip(_BETWEEN)] == ",":
                self._at += 1
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return self._at

    def _found(self, path: Path, position: int) -> None:
        line = bisect_right(self._begins, position) + 1
        for length in range(1, len(path) + 1):  # the tables that it makes by the way, too
            self.lines.setdefault(path[:length], line)


def _unquoted(text: str) -> str:
    return text[1:-1] if text[0] == "'" else _ESCAPE.sub(_character, text[1:-1])


def _character(match: re.Match[str]) -> str:
    number = match[1] or match[2]
    return chr(int(number, 16)) if number else _ESCAPED.get(match[3], match[3])
