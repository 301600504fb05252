"""What every protocol machine is: the same few verbs, and questions that it answers instead of holding timers."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Protocol

from pellucid.message import Event, Headers, Response
from pellucid.piece import Piece


class Phase(Enum):
    """What an engine waits for from its peer, which tells how much patience is due."""

    IDLE = "the next request"
    HEAD = "the rest of a head, or of a body that nobody reads any more"
    BODY = "the rest of a body"
    ANSWER = "nothing: the app has the word"
    TUNNEL = "whatever the two ends agreed on"
    OVER = "nothing any more"


class Engine(Protocol):
    """A protocol as a pure machine. One connection's worth; a stream is the number of one exchange on it."""

    @property
    def multiplexed(self) -> bool:
        """Whether several exchanges are carried at once: then an urgent answer may have to come between others."""

    @property
    def served(self) -> int:
        """How many requests it has given out."""

    @property
    def finished(self) -> bool:
        """Whether nothing more will be said: the link is closed once the output has left."""

    @property
    def unread(self) -> bool:
        """Whether the peer may still be sending what nobody will read: then the link lingers before it is closed."""

    @property
    def broken(self) -> bool:
        """Whether only a break of the link can tell the peer that an answer is not complete."""

    @property
    def output(self) -> list[Piece]:
        """What is to be sent, in order, until `take_output` takes it."""

    @property
    def phase(self) -> Phase:
        """What the peer is to do next."""

    @property
    def pending(self) -> bool:
        """Whether `next_event` may have something to tell: it need not be asked else."""

    @property
    def hungry(self) -> bool:
        """Whether more bytes from the peer are of use now."""

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer."""

    def receive_eof(self) -> None:
        """Take the end of what the peer sends."""

    def next_event(self) -> tuple[int, Event] | None:
        """The next event and its stream, or None when more bytes, more credit or an answer must come first."""

    def refuse(self, status: int, why: str, stream: int = 0) -> None:
        """Refuse the peer from outside, because a deadline has passed or there is no room for it: one stream, or with 0
        whatever it asks for now. `next_event` tells it like any other refusal.
        """

    def credit(self, stream: int, count: int, answered: bool = False) -> None:
        """The app has room for this many more bytes of the request's body. `answered` says that its answer is on its
        way already: then no 100 Continue is due, and a tunnel that it opens is not forgone by reading.
        """

    def room(self, stream: int) -> int:
        """How many bytes of the answer's body the stream may take now; 0 while the peer has no room for any."""

    def in_order(self, streams: Iterable[int]) -> Iterable[int]:
        """These streams in the order in which their answers are to go on."""

    def send_response(
        self, stream: int, response: Response, body: bytes | None, length: int | None = None
    ) -> bool | None:
        """Give a head, and with `body` the whole answer. Without, a body of `length` bytes (None: unknown) follows.

        Answers whether a body goes out: not for HEAD, 204 and 304, then the answer is complete already. None says that
        the peer has no room for all of `body`: nothing was taken then, and it can be given piece by piece.
        Raises WrongAnswer, and takes nothing, if the answer breaks a rule. A 101, and 2xx to CONNECT, opens a tunnel,
        unless the app has asked for the request's body before.
        """

    def send_data(self, stream: int, piece: Piece) -> None:
        """Give the next piece of the body. Raises WrongAnswer where it is longer than was said."""

    def send_end(self, stream: int, trailers: Headers) -> None:
        """Give the end of the answer. Raises WrongAnswer where the body is shorter than was said."""

    def reset(self, stream: int) -> None:
        """Give up an answer, so that the peer sees that what it got is not the whole."""

    def end(self, why: str) -> None:
        """Say that the connection is over, where the protocol has a word for it. `why` is the limit that struck, empty
        where it only rested for long enough, or the server stops. `finished` from now on.
        """

    def drain(self) -> None:
        """Make an end: the peer is told as soon as the protocol lets it. In HTTP/1 that is with the next answer, which
        is the last, so a connection that rests takes one request more, or is closed by whoever has the link.
        """

    def take_output(self) -> list[Piece]:
        """The pieces to be sent, in order; they are the caller's from now on."""
