"""A stream: one request and its answer as HTTP/2 carries them, and the request's body while it comes in."""

from __future__ import annotations

from pellucid.message import Data, End, Refused
from pellucid.protocol.http2.priority import Priority
from pellucid.protocol.http2.windows import FIRST_WINDOW, STREAM_WINDOW, Inflow

DROPPED = FIRST_WINDOW
"""How much of a body that nobody reads is read and dropped, in bytes, before the peer is told to stop."""


class Stream:
    """A request that has begun and an answer that has not ended.

    Two sides move on their own (RFC 9113 section 5.1): what comes in (`incoming`, None once the request has ended) and
    what goes out (`owed` until the answer's head is given, then its body follows, until it is `answered`). `left` is
    how much of the answer's body is to come, None where that is not known; `window` is what the peer has room for.
    `code` is the error that is told behind the answer, 0 where there is none.
    """

    __slots__ = ("answered", "code", "incoming", "left", "method", "owed", "priority", "tunnel", "turn", "window")

    def __init__(self, method: str, window: int, priority: Priority) -> None:
        self.method = method
        self.window = window
        self.priority = priority
        self.incoming: Incoming | None = None
        self.owed = True
        self.answered = False
        self.left: int | None = None
        self.code = 0
        self.tunnel = False
        self.turn = 0

    @property
    def receiving(self) -> bool:
        """Whether the peer has more to send: the stream is open, or half-closed on this side."""
        return self.incoming is not None and not self.incoming.ended


class Incoming:
    """The body of a request, or what comes through a tunnel. `credit` is how much of it the app will take.

    `left` is how much of it is to come, None where only its end will tell. `held` keeps all of it back until the app
    has said whether it opens a tunnel: by its answer, or by asking for the body before. `deaf` says that what comes is
    dropped, `failed` that it broke a rule.
    """

    __slots__ = (
        "_last",
        "_parts",
        "continue_owed",
        "credit",
        "deaf",
        "dropped",
        "ended",
        "failed",
        "held",
        "inflow",
        "left",
        "received",
        "tunnel",
        "waiting",
    )

    def __init__(self, left: int | None, continue_owed: bool = False, held: bool = False) -> None:
        self.inflow = Inflow(FIRST_WINDOW)
        self.left = left
        self.continue_owed = continue_owed
        self.held = self.tunnel = held
        self.failed = False
        self.credit = 0
        self.received = 0
        self.waiting = 0
        self.dropped = 0
        self.deaf = False
        self.ended = False
        self._parts: list[bytes] = []
        self._last: End | Refused | None = None

    def add(self, data: bytes) -> None:
        """More has come, and waits for the app."""
        self._parts.append(data)
        self.waiting += len(data)

    def end(self, end: End) -> None:
        """It has come to its end."""
        self.ended = True
        self._last = end

    def fail(self, fault: Refused) -> None:
        """It breaks a rule, which is told behind what came before; what comes behind is dropped."""
        self.deaf = self.failed = True
        self.held = False
        self._last = fault

    @property
    def readable(self) -> bool:
        """Whether there is something to be told of."""
        if self.held:
            return False
        return self.credit > 0 if self.waiting else self._last is not None

    def next(self) -> Data | End | Refused | None:
        """What is to be told of it, within the credit; each of it once."""
        if not self.readable:
            return None
        if self.waiting:
            return Data(self._take(self.credit))
        last, self._last = self._last, None
        return last

    def drop(self) -> int:
        """From now on nobody reads it; answers how many bytes that has waited are dropped."""
        self.deaf = True
        self.held = False
        self._last = None
        self._parts.clear()
        waited, self.waiting = self.waiting, 0
        return waited

    @property
    def droppable(self) -> bool:
        """Whether its rest may as well come: it is small, as far as one can know, and the peer may send it now, for
        which its window is not opened any more.
        """
        rest = 1 if self.left is None else self.left
        return not self.continue_owed and self.dropped <= DROPPED and rest <= min(DROPPED, self.inflow.left)

    def forgo(self) -> int:
        """The app reads before it has answered: there will be no tunnel, and this is the end of an empty body. Answers
        how many bytes are dropped.
        """
        waited = self.drop()
        self._last = End()
        return waited

    def _take(self, most: int) -> bytes:
        if self.waiting <= most:
            data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts.clear()
        else:
            whole = b"".join(self._parts)
            data = whole[:most]
            self._parts[:] = [whole[most:]]
        self.waiting -= len(data)
        self.inflow.widen(STREAM_WINDOW)
        self.credit -= len(data)
        return data
