"""Which patience applies to a connection now: pure functions of its state, the clock is handed in."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection waits for its peer, by what it waits for. Zero stands for no limit."""

    head_time: float = setting(
        10.0, "The time in which a request's head must arrive; counted from its first byte.", unit="seconds"
    )
    body_rate: int = setting(
        240, "The slowest rate at which a body may arrive, after a grace of body-grace.", unit="bytes per second"
    )
    body_grace: float = setting(10.0, "How long a body may be slower than body-rate.", unit="seconds")
    idle: float = setting(75.0, "How long a connection may rest between requests.", unit="seconds")
    write_stall: float = setting(60.0, "How long a peer may take no byte of an answer that waits.", unit="seconds")
    linger: float = setting(
        5.0, "How long an error answer waits for its reader while more of the request still comes in.", unit="seconds"
    )
