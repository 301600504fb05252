"""Which patience applies to a connection now: pure functions of its state, the clock is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from pellucid.protocol.engine import Phase
from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection waits for its peer, by what it waits for. Zero is no limit, save where it says so."""

    head_time: float = setting(
        10.0, "The time in which a request's head must arrive; counted from its first byte.", unit="seconds"
    )
    body_rate: int = setting(
        240, "The slowest rate at which a body may arrive, after a grace of body-grace.", unit="bytes per second"
    )
    body_grace: float = setting(
        10.0, "How long a body may fall behind body-rate; 0 switches body-rate off.", unit="seconds"
    )
    idle: float = setting(75.0, "How long a connection may rest between requests.", unit="seconds")
    write_stall: float = setting(
        60.0,
        "How long a peer may take no byte of an answer that waits; 0 switches write-rate off too.",
        unit="seconds",
    )
    write_rate: int = setting(
        240,
        "The slowest rate at which a peer may take an answer that waits, after a grace of write-stall.",
        unit="bytes per second",
    )
    request_timeout: float = setting(
        0.0,
        "How long a request may take in all, from its head to the end of its answer: 503 if the answer has not begun, "
        "else it is cut; event streams are requests too, tunnels are not.",
        unit="seconds",
    )
    linger: float = setting(
        5.0,
        "How long an error answer waits for its reader while more of the request still comes in, 0 for not at all.",
        unit="seconds",
    )


def pace(due: float | None, now: float, count: int, rate: int, grace: float) -> float:
    """The moment by which a peer must have moved more, after it has moved `count` bytes now. `due` is the moment set
    before, None at the beginning.

    Each byte puts the moment off by the time that it may take at this rate, but never to more than the grace from now:
    who was fast at first cannot rest on it.
    """
    if due is None or (count and not rate):
        return now + grace
    return min(due + count / rate, now + grace) if count else due


class Stall(NamedTuple):
    """A peer that has not taken all of what waits for it: by when it must take more, and the limit that says so."""

    due: float
    limit: str


class Deadline(NamedTuple):
    """When patience ends, in the loop's seconds, and the setting that says so."""

    when: float
    limit: str


NEVER = Deadline(inf, "")


def stalled(patience: Patience, before: Stall | None, now: float, sent: int) -> Stall:
    """The stall after an attempt to send that left something waiting."""
    if before is not None and not sent:
        return before
    nothing = now + patience.write_stall
    due = pace(before.due if before is not None else None, now, sent, patience.write_rate, patience.write_stall)
    return Stall(due, "write-rate" if due < nothing else "write-stall")


def deadline(
    patience: Patience, phase: Phase, since: float, body_due: float, stall: Stall | None, oldest: float = inf
) -> Deadline:
    """The deadline of a connection in this phase `since` then. `body_due` is the nearest `pace` of the bodies that come
    in, without end where none is read; `stall` is None where nothing waits for the peer; `oldest` is when the oldest
    exchange began, without end where there is none.
    """
    own = _of_peer(patience, phase, since, body_due, stall)
    if not patience.request_timeout or phase is Phase.TUNNEL:
        return own
    app = Deadline(oldest + patience.request_timeout, "request-timeout")
    return own if own.when <= app.when else app


def _of_peer(patience: Patience, phase: Phase, since: float, body_due: float, stall: Stall | None) -> Deadline:
    if stall is not None:
        return Deadline(stall.due, stall.limit) if patience.write_stall else NEVER
    if phase is Phase.IDLE:
        return _after(since, patience.idle, "idle")
    own = _after(since, patience.head_time, "head-time") if phase is Phase.HEAD else NEVER
    body = Deadline(body_due, "body-rate") if patience.body_rate and patience.body_grace else NEVER
    return own if own.when <= body.when else body


def _after(since: float, seconds: float, limit: str) -> Deadline:
    return Deadline(since + seconds, limit) if seconds else NEVER
