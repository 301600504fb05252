"""Patience with one peer: until when it lasts, and what happens when it has run out. It reads no clock of its own."""

from __future__ import annotations

from pellucid.server.exchanges import Exchanges
from pellucid.server.owner import Owner
from pellucid.server.shared import Shared
from pellucid.server.timeouts import Deadline, deadline

STALLS = frozenset(("write-stall", "write-rate"))
"""The limits that strike where a peer does not take what it has asked for."""


def due(owner: Owner, exchanges: Exchanges, shared: Shared) -> Deadline:
    """Until when patience lasts, as things stand."""
    patience, paces = shared.patience, exchanges.paces
    if owner.lingering is not None:
        return Deadline(owner.lingering + patience.linger, "linger")
    stall = owner.stall if owner.stall is not None else paces.stalled(owner.engine)
    return deadline(patience, owner.engine.phase, owner.since, paces.slowest[0], stall, exchanges.oldest)


def run_out(limit: str, owner: Owner, exchanges: Exchanges, shared: Shared) -> None:
    """The deadline that this limit has set is over: refuse the peer, give up answers, or leave."""
    if limit == "body-rate":
        _refuse(owner, limit, exchanges.paces.slowest[1])
    elif limit == "request-timeout":
        timeout = shared.patience.request_timeout
        exchanges.expire(shared.reactor.now - timeout, f"request-timeout: not answered within {timeout:g} s")
        owner.turn()
    elif limit == "head-time":
        served = owner.engine.served
        _refuse(owner, limit)
        if owner.engine.served == served:  # it was the rest of a request that has its answer
            _note(owner, shared, "debug", limit)
    elif limit in STALLS and owner.stall is None and _lively(owner, exchanges, shared):
        exchanges.abort_stalled()
        owner.turn()
    else:
        _note(owner, shared, "info" if limit in STALLS else "debug", limit)
        owner.leave(limit, "" if limit == "idle" else limit, abort=owner.stall is not None)


def _lively(owner: Owner, exchanges: Exchanges, shared: Shared) -> bool:
    # Whether other answers went on while one had no room. A film that was halted costs its own answer then; a peer that
    # takes nothing at all is told to leave.
    return max(owner.since, exchanges.gave) > shared.reactor.now - shared.patience.write_stall


def _refuse(owner: Owner, limit: str, stream: int = 0) -> None:
    owner.engine.refuse(408, f"the request came too slowly: {limit} (RFC 9110 15.5.9)", stream)
    owner.turn()


def _note(owner: Owner, shared: Shared, level: str, limit: str) -> None:
    shared.watch.note(level, f"{owner.link.peer or owner.link.local} closed: {limit}")
