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
    body_grace: float = setting(10.0, "How long a body may be slower than body-rate, 0 for never.", unit="seconds")
    idle: float = setting(75.0, "How long a connection may rest between requests.", unit="seconds")
    write_stall: float = setting(60.0, "How long a peer may take no byte of an answer that waits.", unit="seconds")
    write_rate: int = setting(
        240,
        "The slowest rate at which a peer may take an answer that waits, after a grace of write-stall.",
        unit="bytes per second",
    )
    linger: float = setting(
        5.0,
        "How long an error answer waits for its reader while more of the request still comes in, 0 for not at all.",
        unit="seconds",
    )


class Stall(NamedTuple):
    """What waits for a peer that does not take all of it: since when, when it last took some, and how much it took."""

    began: float
    moved: float
    taken: int

    @classmethod
    def after(cls, before: Stall | None, now: float, sent: int) -> Stall:
        """The stall after one more attempt to send."""
        if before is None:
            return cls(now, now, 0)
        return cls(before.began, now, before.taken + sent) if sent else before


class Deadline(NamedTuple):
    """When patience ends, in the loop's seconds, and the setting that says so."""

    when: float
    limit: str


NEVER = Deadline(inf, "")


def deadline(patience: Patience, phase: Phase, since: float, arrived: int, stall: Stall | None) -> Deadline:
    """The deadline of a connection in this phase `since` then, in which `arrived` bytes of body have come; `stall` is
    None where nothing waits for its peer.
    """
    if stall is not None:
        return _to_take(patience, stall)
    if phase is Phase.IDLE:
        return _after(since, patience.idle, "idle")
    if phase is Phase.HEAD:
        return _after(since, patience.head_time, "head-time")
    if phase is Phase.BODY and patience.body_rate:
        return Deadline(since + patience.body_grace + arrived / patience.body_rate, "body-rate")
    return NEVER


def _to_take(patience: Patience, stall: Stall) -> Deadline:
    nothing = _after(stall.moved, patience.write_stall, "write-stall")
    if not (patience.write_rate and patience.write_stall):
        return nothing
    little = Deadline(stall.began + patience.write_stall + stall.taken / patience.write_rate, "write-rate")
    return little if little.when < nothing.when else nothing


def _after(since: float, seconds: float, limit: str) -> Deadline:
    return Deadline(since + seconds, limit) if seconds else NEVER
