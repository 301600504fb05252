"""A worker's seat: what its parent gives it when it is forked; it knows nothing of what is served."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass

from pellucid.processes.board import Board

LONGEST = 48 << 10
"""How long what is said of a failure may be, in characters."""

PATIENCE = 2.0
"""How long it may take to say it, in seconds."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A worker's number, its end of the channel, its row on the board, and the descriptor that its stack is written to.

    On the channel the worker says `ready`, `serving`, `recycle TEXT`, and `failed TEXT`, or `wrong TEXT` where a
    setting is the reason, with texts as JSON. It is told `serve` once it may accept, `stop GRACE REST` to leave within
    so many seconds, and `halt` to leave at once. The end of the channel is the death of the parent.
    """

    number: int
    channel: socket.socket
    board: Board
    traces: int

    @property
    def row(self) -> int:
        """Its row on the board."""
        return self.number - 1

    def fail(self, why: str, *, usage: bool) -> None:
        """Tell why this worker cannot serve; for one that has no loop yet."""
        try:
            self.channel.settimeout(PATIENCE)
            self.channel.sendall(f"{'wrong' if usage else 'failed'} {json.dumps(why[:LONGEST])}\n".encode())
        except OSError:
            pass  # the parent is gone, and nobody asks
