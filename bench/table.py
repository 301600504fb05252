"""The figures as Markdown: a table for each workload, and how they stand to the bars; it measures nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

Figures = Mapping[str, float]

# What the rows of Pellucid are called: as it comes, with so many workers under a parent, and without an application.
OURS = "pellucid"
CONSTANT = "pellucid, a constant"
ONE = "pellucid --workers 1"
TWO = "pellucid --workers 2"
LIBRARY = "pellucid, compressed by the application"


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of a workload: its key, its heading, and how many digits follow the point."""

    key: str
    heading: str
    digits: int = 0


@dataclass(slots=True)
class Cell:
    """What a server has shown in a workload: the figures of each round, or why it has none that count."""

    version: str
    rounds: list[Figures] = field(default_factory=list)
    error: str = ""

    def figure(self, key: str) -> float | None:
        """The median of a figure over the rounds; None where the cell is not valid or does not have it."""
        known = [each[key] for each in self.rounds if key in each]
        return median(known) if known and not self.error else None


@dataclass(frozen=True, slots=True)
class Bar:
    """What Pellucid is to reach: a figure of a workload, as it is or over that of a peer, at most the limit."""

    workload: str
    text: str
    key: str
    peer: str
    limit: float
    aim: float | None = None
    name: str = OURS


BARS = (
    Bar("file-1k", "1 KiB file: CPU per request, over nginx's", "cpu", "nginx", 1.5, 1.0),
    Bar("file-1k", "1 KiB file: CPU per request, over granian's", "cpu", "granian", 0.4),
    Bar("file-100m", "100 MiB file: CPU per byte, over nginx's", "cpu", "nginx", 1.2, 1.0),
    Bar("idle", "10,000 idle connections: MB more memory", "growth", "", 60, 30),
    Bar("idle", "CPU per request beside idle connections, over that without", "ratio", "", 1.2),
    Bar("asgi-hello", "ASGI hello: CPU per request, over granian's", "cpu", "granian", 1.0, 0.75),
    Bar("asgi-hello", "ASGI hello: CPU per request, over uvicorn's", "cpu", "uvicorn", 0.75, 0.5),
    Bar("wsgi-hello", "WSGI hello on threads: CPU per request, over granian's", "cpu", "granian", 1.0),
    Bar("wsgi-hello", "WSGI hello on threads: CPU per request, over gunicorn's", "cpu", "gunicorn", 0.2),
    Bar("wsgi-inline", "WSGI hello on the loop: CPU per request, over bjoern's", "cpu", "bjoern", 1.5, 1.1),
    Bar("memory", "A worker with a bare ASGI application: MB resident", "resident", "", 30),
    Bar("workers", "Two workers: CPU per request, over one's", "cpu", ONE, 1.1, name=TWO),
    Bar("workers", "Two workers: time from answer to answer, over one's", "pace", ONE, 0.56, name=TWO),
    Bar("h2", "ASGI hello over HTTP/2: CPU per request, over granian's", "cpu", "granian", 1.0, 0.8),
    Bar("h2", "ASGI hello over HTTP/2: CPU per request, over hypercorn's", "cpu", "hypercorn", 0.1),
    Bar("h2-paths", "The same with 5,000 paths: CPU per request, over granian's", "cpu", "granian", 1.0),
    Bar("tls-asgi", "ASGI hello over TLS: CPU per request, over uvicorn's", "cpu", "uvicorn", 0.6),
    Bar("tls-file", "100 MiB file over TLS: CPU per byte, over nginx's", "cpu", "nginx", 1.5),
    Bar("ws-echo", "100 bytes of text echoed by WebSocket: CPU, over uvicorn's", "cpu", "uvicorn", 0.8),
    Bar("ws-echo", "100 bytes of text echoed by WebSocket: CPU, over granian's", "cpu", "granian", 1.0),
    Bar("ws-echo-64k", "64 KiB echoed by WebSocket, masks taken off in C: CPU, over uvicorn's", "cpu", "uvicorn", 1.0),
    Bar("ws-deflate", "1 KiB echoed by WebSocket, compressed: CPU, over uvicorn's", "cpu", "uvicorn", 1.0),
    Bar("compress", "A page of 74 KB by zstd: CPU, over that with the library alone", "cpu", LIBRARY, 1.3),
    Bar("handshakes", "A full handshake and an answer: CPU, over nginx's", "cpu", "nginx", 1.5),
)
RATIOS = ("nginx", "granian", "uvicorn", "gunicorn", "hypercorn", "bjoern", ONE, LIBRARY)

Cells = Mapping[str, Cell]


def workload_table(cells: Cells, columns: Sequence[Column]) -> str:
    """A row for each server; the first of the columns is also given as ratios."""
    key = columns[0].key
    ratios = [peer for peer in RATIOS if peer in cells]
    rows = [["server", "version", *(each.heading for each in columns), *(f"over {peer}" for peer in ratios)]]
    for name, cell in cells.items():
        if cell.error:
            rows.append([name, cell.version, f"invalid: {cell.error[:100]}", *[""] * (len(rows[0]) - 3)])
        else:
            figures = [_number(cell.figure(each.key), each.digits) for each in columns]
            rows.append([name, cell.version, *figures, *(_number(ratio(cells, name, peer, key), 2) for peer in ratios)])
    return markdown(rows)


def bars_table(results: Mapping[str, Cells]) -> str:
    """How far Pellucid is, bar by bar; what was not measured is said to be so."""
    rows = [["bar", "at most", "aim", "measured", ""]]
    for bar in BARS:
        value = standing(bar, results.get(bar.workload, {}))
        aim = "" if bar.aim is None else f"{bar.aim:g}"
        rows.append([bar.text, f"{bar.limit:g}", aim, _number(value, 2), verdict(bar, value)])
    return markdown(rows)


def standing(bar: Bar, cells: Cells) -> float | None:
    """Pellucid's figure for the bar, None where it or its measure is missing."""
    if bar.peer:
        return ratio(cells, bar.name, bar.peer, bar.key)
    return cells[bar.name].figure(bar.key) if bar.name in cells else None


def verdict(bar: Bar, value: float | None) -> str:
    """What a figure means for a bar, in a word or two."""
    if value is None:
        return "not measured"
    if bar.aim is not None and value <= bar.aim:
        return "aim met"
    return "met" if value <= bar.limit else "missed"


def ratio(cells: Cells, name: str, peer: str, key: str) -> float | None:
    """The figure of a server over that of its peer, None where either is missing or the peer's is nothing."""
    ours, theirs = (cells[each].figure(key) if each in cells else None for each in (name, peer))
    return ours / theirs if ours is not None and theirs else None


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The rows as a Markdown table whose source is aligned too; the first row is the heading."""
    clean = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    widths = [max(3, *map(len, column)) for column in zip(*clean, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in clean]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
