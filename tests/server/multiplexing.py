"""A protocol of many exchanges at once, the smallest that can be: it stands for HTTP/2 where the floors are tried.

A line from the peer is a word and a stream: `get 3`, `put 3` (a body follows), `data 3 words`, `end 3`, `more 3 100`
(so much more room for an answer), `nonsense 0`. A line to the peer is a stream and what happens on it: a status, the
bytes, `end` or `reset`; and `over`, with the reason. Answers on higher streams come first.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from pellucid.message import Data, End, Event, Headers, Refused, Request, Response
from pellucid.piece import Piece
from pellucid.protocol.engine import Phase


class Multiplexed:
    """An engine with as many streams as the peer likes, each with a window of its own."""

    multiplexed = True

    def __init__(self, window: int = 1 << 30) -> None:
        self.windows: defaultdict[int, int] = defaultdict(lambda: window)
        self.served = 0
        self.finished = self.unread = self.broken = False
        self.lines = b""
        self.events: deque[tuple[int, Event]] = deque()
        self.output: list[Piece] = []
        self.open: set[int] = set()
        self.ended = False

    @property
    def phase(self) -> Phase:
        return Phase.ANSWER if self.open else Phase.IDLE

    @property
    def pending(self) -> bool:
        return bool(self.events)

    @property
    def hungry(self) -> bool:
        return not self.ended

    def receive(self, data: bytes) -> None:
        *lines, self.lines = (self.lines + data).split(b"\n")
        for line in lines:
            word, number, *rest = line.split(b" ", 2)
            stream = int(number)
            if word in (b"get", b"put"):
                self.served += 1
                self.open.add(stream)
                request = Request("GET", b"/", b"/", b"", b"x", Headers(), "2", complete=word == b"get", length=None)
                self.events.append((stream, request))
            elif word == b"more":
                self.windows[stream] += int(rest[0])
            elif word == b"nonsense":
                self.events.append((stream, Refused(0, "nonsense")))
            else:
                self.events.append((stream, Data(rest[0]) if word == b"data" else End()))

    def receive_eof(self) -> None:
        self.ended = self.finished = True

    def next_event(self) -> tuple[int, Event] | None:
        return self.events.popleft() if self.events else None

    def refuse(self, status: int, why: str, stream: int = 0) -> None:
        self.events.append((stream, Refused(status, why)))

    def credit(self, stream: int, count: int, answered: bool = False) -> None:
        pass

    def room(self, stream: int) -> int:
        return self.windows[stream]

    def in_order(self, streams: Iterable[int]) -> Iterable[int]:
        return sorted(streams, reverse=True)

    def send_response(
        self, stream: int, response: Response, body: bytes | None, length: int | None = None
    ) -> bool | None:
        if body is not None and len(body) > self.windows[stream]:
            return None
        self._say(stream, str(response.status))
        if body is not None:
            self.send_data(stream, body)
            self.send_end(stream, Headers())
        return True

    def send_data(self, stream: int, piece: Piece) -> None:
        self.windows[stream] -= len(piece)
        assert self.windows[stream] >= 0, "more than there is room for"
        self.output.append(piece)

    def send_end(self, stream: int, trailers: Headers) -> None:
        self._leave(stream, "end")

    def reset(self, stream: int) -> None:
        self._leave(stream, "reset")

    def end(self, why: str) -> None:
        self.finished = True
        self.output.append(f"over {why}\n".encode())

    def drain(self) -> None:
        self.finished = not self.open

    def take_output(self) -> list[Piece]:
        output, self.output = self.output, []
        return output

    def _leave(self, stream: int, word: str) -> None:
        self.open.discard(stream)
        self._say(stream, word)

    def _say(self, stream: int, word: str) -> None:
        self.output.append(f"{stream} {word}\n".encode())
