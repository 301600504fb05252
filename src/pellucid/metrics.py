"""What is counted while it serves: an observer that adds to cells which its parent can read; it knows no process.

The cells of a worker lie in memory that it shares with its parent: 64-bit numbers, each written by that worker alone,
so nothing is locked and nothing is lost with a worker that is killed. The parent spells the sum of all rows in
Prometheus' text format. A row ends with a small table of the reasons for refusals, whose texts lie in the cells too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.exchange import Exchange
from pellucid.server.server import Capacity
from pellucid.server.timeouts import Patience
from pellucid.setting import manual_of
from pellucid.watch import Watch

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY", "CONNECT", "TRACE", "other")
"""The methods that are told apart: whoever invents names must not make a series of each."""

STATUSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
"""What became of a request, by the first digit of its status; none is for a client that left before its answer."""

VERSIONS = ("1.0", "1.1", "2", "other")
"""The versions of HTTP that are told apart."""

DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""The bounds of the durations of requests, in seconds: those that Prometheus' own clients use."""

LAGS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""The bounds of how late the loop comes to a timer, in seconds."""

REASONS = 32
"""How many reasons of refusals a row tells apart; the last stands for all others."""

REASON_SIZE = 32
"""How long the text of a reason may be, in bytes."""

OTHER = "other"

# Where each figure stands in a row.
IN_FLIGHT = 0
CONNECTIONS = 1
TUNNELS = 2
ACCEPTED = 3
RECEIVED = 4
SENT = 5
REQUESTS = 6
DURATION = REQUESTS + len(METHODS) * len(STATUSES)  # the buckets, that without bound included, then the sum
LAG = DURATION + len(DURATIONS) + 2
BY_VERSION = LAG + len(LAGS) + 2
REFUSED = BY_VERSION + len(VERSIONS)
TEXTS = REFUSED + REASONS
CELLS = TEXTS + REASONS * REASON_SIZE // 8
"""How many 64-bit cells a row of metrics has."""

NANO = 1_000_000_000


class Metrics:
    """Counts what a watch tells in a row of CELLS cells: a memoryview of the format Q, all zero at first."""

    __slots__ = ("_cells", "_slots")

    def __init__(self, cells: memoryview, watch: Watch) -> None:
        if cells.format != "Q" or len(cells) != CELLS:
            raise ValueError(f"metrics need {CELLS} cells of the format Q")
        self._cells = cells
        self._slots: dict[str, int] = {}
        watch.opened.append(self._opened)
        watch.closed.append(self._closed)
        watch.filled.append(self._filled)
        watch.flushed.append(self._flushed)
        watch.begun.append(self._begun)
        watch.tunnelled.append(self._tunnelled)
        watch.ended.append(self._ended)
        watch.refused.append(self._refused)

    def lag(self, seconds: float) -> None:
        """A timer of the loop was so late."""
        seconds = max(seconds, 0.0)
        self._cells[LAG + bisect_left(LAGS, seconds)] += 1
        self._cells[LAG + len(LAGS) + 1] += int(seconds * NANO)

    def _opened(self, connection: object) -> None:
        self._cells[ACCEPTED] += 1
        self._cells[CONNECTIONS] += 1

    def _closed(self, connection: object, why: str) -> None:
        self._cells[CONNECTIONS] -= 1

    def _filled(self, connection: object, count: int) -> None:
        self._cells[RECEIVED] += count

    def _flushed(self, connection: object, count: int) -> None:
        self._cells[SENT] += count

    def _begun(self, exchange: Exchange) -> None:
        self._cells[IN_FLIGHT] += 1

    def _tunnelled(self, exchange: Exchange) -> None:
        self._cells[TUNNELS] += 1

    def _ended(self, exchange: Exchange) -> None:
        cells, response = self._cells, exchange.response
        seconds = exchange.finished - exchange.begun
        # A status is of three digits, save where an app found a way around that: then it is counted at the edge.
        kind = min(max(response.status // 100, 1), 5) if response is not None else 0
        cells[_ROWS.get(exchange.request.method, _OTHER_ROW) + kind] += 1
        request = exchange.request  # one that could not be read has no method, and says nothing of its version
        cells[_VERSIONS.get(request.version, _OTHER_VERSION) if request.method else _OTHER_VERSION] += 1
        cells[DURATION + bisect_left(DURATIONS, seconds)] += 1
        cells[DURATION_SUM] += int(seconds * NANO) if seconds > 0 else 0
        cells[IN_FLIGHT] -= 1
        if exchange.started and exchange.tunnel:
            cells[TUNNELS] -= 1

    def _refused(self, connection: object, status: int, why: str) -> None:
        reason = reason_of(why)
        slot = self._slots.get(reason)
        if slot is None:
            slot = self._slots[reason] = _slot_for(self._cells, reason)
        self._cells[REFUSED + slot] += 1


DURATION_SUM = DURATION + len(DURATIONS) + 1
_ROWS = {method: REQUESTS + number * len(STATUSES) for number, method in enumerate(METHODS)}
_OTHER_ROW = _ROWS[OTHER]
_VERSIONS = {version: BY_VERSION + number for number, version in enumerate(VERSIONS)}
_OTHER_VERSION = _VERSIONS[OTHER]
_LIMITS = "|".join(
    name.replace("_", "-")
    for part in (Limits, Http2Limits, WebSocketLimits, Capacity, Patience)
    for name in manual_of(part)
    if "_" in name
)
_REASON = re.compile(rf"\b(?P<limit>{_LIMITS})\b|(?P<rule>RFC [0-9]+ [0-9.]*[0-9])")


def reason_of(why: str) -> str:
    """What a refusal is counted under: the limit that it names, else the rule with its section, else `other`."""
    limit = rule = ""
    for match in _REASON.finditer(why[:512]):
        limit, rule = limit or match["limit"] or "", rule or match["rule"] or ""
    reason = limit or rule
    return reason if reason and len(reason) <= REASON_SIZE else OTHER


def add(total: memoryview, row: memoryview) -> None:
    """Add what a worker that has ended has counted to a row of all such; nothing of it is open any more."""
    for cell in range(ACCEPTED, REFUSED):
        total[cell] += row[cell]
    for reason, count in _refusals(row):
        total[REFUSED + _slot_for(total, reason)] += count


def spell(rows: Mapping[str, memoryview], ended: memoryview | None = None, starts: Mapping[str, int] = {}) -> str:
    """The text of Prometheus' exposition format 0.0.4: rows of workers by their names, the sum of those that have
    ended, and how many workers were started by cause.
    """
    all_rows = [*rows.values(), *([ended] if ended is not None else [])]
    sums = [sum(row[cell] for row in all_rows) for cell in range(REFUSED)]
    refused: dict[str, int] = {}
    for row in all_rows:
        for reason, count in _refusals(row):
            refused[reason] = refused.get(reason, 0) + count
    lines: list[str] = []
    lines += _family("requests_total", "counter", "Requests that have ended, refused ones included.")
    lines += _requests(sums)
    lines += _family("requests_by_version_total", "counter", "Requests that have ended, by the version of HTTP.")
    for version, count in zip(VERSIONS, sums[BY_VERSION:REFUSED], strict=True):
        if count or version == "1.1":
            lines.append(_line("requests_by_version_total", count, version=version))
    lines += _family("request_duration_seconds", "histogram", "From a request's head to the end of its answer.")
    lines += _histogram("request_duration_seconds", DURATIONS, sums[DURATION : DURATION_SUM + 1])
    lines += _family("requests_in_flight", "gauge", "Requests under way.")
    lines += [_line("requests_in_flight", row[IN_FLIGHT], worker=name) for name, row in rows.items()]
    lines += _family("connections", "gauge", "Connections that are open.")
    lines += [_line("connections", row[CONNECTIONS], worker=name) for name, row in rows.items()]
    lines += _family("websockets", "gauge", "WebSockets that are open, and tunnels of other kinds.")
    lines += [_line("websockets", row[TUNNELS], worker=name) for name, row in rows.items()]
    for name, cell, help_text in (
        ("connections_total", ACCEPTED, "Connections that were accepted."),
        ("received_bytes_total", RECEIVED, "Bytes that came from clients."),
        ("sent_bytes_total", SENT, "Bytes that were given to clients."),
    ):
        lines += [*_family(name, "counter", help_text), _line(name, sums[cell])]
    lines += _family("refused_total", "counter", "What was refused, by the limit that struck or the rule that broke.")
    lines += [_line("refused_total", count, reason=reason) for reason, count in sorted(refused.items())]
    lines += _family("loop_lag_seconds", "histogram", "How late the event loop of a worker came to a timer.")
    lines += _histogram("loop_lag_seconds", LAGS, sums[LAG : LAG + len(LAGS) + 2])
    lines += _family("worker_starts_total", "counter", "Workers that were started, by cause.")
    lines += [_line("worker_starts_total", count, cause=cause) for cause, count in sorted(starts.items())]
    return "\n".join([*lines, ""])


def _slot_for(cells: memoryview, reason: str) -> int:
    # The slot of a reason, a free one for a new reason; when none is left, the last, which is for all others.
    if reason != OTHER:
        for slot in range(REASONS - 1):
            text = _text(cells, slot)
            if text == reason:
                return slot
            if not text:
                _set_text(cells, slot, reason)
                return slot
    return REASONS - 1


def _refusals(row: memoryview) -> Iterable[tuple[str, int]]:
    for slot in range(REASONS):
        count = row[REFUSED + slot]
        if count:
            yield (OTHER if slot == REASONS - 1 else _text(row, slot)), count


def _text(cells: memoryview, slot: int) -> str:
    return _place(cells, slot).tobytes().rstrip(b"\0").decode("ascii", "replace")


def _set_text(cells: memoryview, slot: int, text: str) -> None:
    _place(cells, slot)[:] = text.encode("ascii").ljust(REASON_SIZE, b"\0")


def _place(cells: memoryview, slot: int) -> memoryview:
    begin = TEXTS * 8 + slot * REASON_SIZE
    return cells.cast("B")[begin : begin + REASON_SIZE]


def _requests(sums: Sequence[int]) -> list[str]:
    lines = []
    for method in METHODS:
        for number, status in enumerate(STATUSES):
            count = sums[_ROWS[method] + number]
            if count or (method, status) == ("GET", "2xx"):  # one line at least, so that the series is there
                lines.append(_line("requests_total", count, method=method, status=status))
    return lines


def _histogram(name: str, bounds: Sequence[float], cells: Sequence[int]) -> list[str]:
    lines, total = [], 0
    for bound, count in zip([*map(_number, bounds), "+Inf"], cells, strict=False):
        total += count
        lines.append(_line(f"{name}_bucket", total, le=bound))
    nanoseconds = cells[-1]
    whole, rest = divmod(nanoseconds, NANO)
    return [*lines, f"pellucid_{name}_sum {whole}.{rest:09}", _line(f"{name}_count", total)]


def _family(name: str, kind: str, help_text: str) -> list[str]:
    return [f"# HELP pellucid_{name} {help_text}", f"# TYPE pellucid_{name} {kind}"]


def _line(name: str, value: int, **labels: str) -> str:
    spelled = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"pellucid_{name}{{{spelled}}} {value}" if spelled else f"pellucid_{name} {value}"


def _number(bound: float) -> str:
    return repr(bound)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
