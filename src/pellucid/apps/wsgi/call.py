"""One call of a WSGI app, as both ways to run it need it: start_response, early hints, and what an app may return."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeGuard

from pellucid.apps.wsgi.environ import Environs
from pellucid.apps.wsgi.errors import ErrorStream
from pellucid.apps.wsgi.head import read_fields, read_head
from pellucid.errors import WrongAnswer
from pellucid.message import Headers, Response
from pellucid.net.reactor import Reactor
from pellucid.piece import Body
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.tracebacks import in_one_line, traceback_of
from pellucid.watch import Watch

WsgiApp = Callable[..., Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Shared:
    """What all calls of one app have in common."""

    app: WsgiApp
    environs: Environs
    errors: ErrorStream
    reactor: Reactor
    watch: Watch
    process: int = field(default_factory=os.getpid)


class ClientLeft(BrokenPipeError):
    """Raised by write() when nobody will read: it ends the app, and is nobody's fault."""


class Call:
    """A request and the app's answer to it, as far as it has come.

    `head` is what start_response was given last, `begun` says that it cannot be replaced any more.
    """

    # Without slots, as an exchange is: what a call begins with stands here and is not set for each of them.
    head: Response | None = None
    begun = False

    def __init__(self, shared: Shared, exchange: Exchange, body: BinaryIO, length: int | None) -> None:
        self.shared = shared
        self.exchange = exchange
        self.body = body
        self.length = length

    @property
    def wanted(self) -> bool:
        """Whether the exchange still waits for an answer."""
        return self.exchange.response is None and not self.exchange.gone

    def let_go(self) -> None:
        """The app has had its say: nothing reads the body any more."""
        self.body.close()
        if self.shared.errors.begun:
            self.shared.errors.flush()

    def leave_if_forked(self) -> None:
        """A child that the app has forked ends with its call: the server, and the client, are its parent's."""
        if os.getpid() != self.shared.process:
            for stream in (sys.stdout, sys.stderr):
                with suppress(AttributeError, OSError, ValueError):
                    stream.flush()
            os._exit(0)

    # What the app calls

    def start_response(self, status: Any, headers: Any, exc_info: Any = None, /) -> Callable[[bytes], None]:
        """Keep the head until there is something to send (PEP 3333, "The start_response() Callable")."""
        if exc_info:
            try:
                if self.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # or the frame and the traceback would hold each other
        elif self.head is not None:
            raise WrongAnswer("start_response was called a second time without exc_info (PEP 3333)")
        self.head = read_head(status, headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send some of the body, ahead of what the app returns."""
        raise NotImplementedError

    def early_hints(self, headers: Any) -> None:
        """Send 103 with these headers, a list of (name, value) (RFC 8297); nothing once the answer has begun."""
        response = Response(103, Headers(read_fields(list(headers))))
        if not self.begun:
            self.in_loop(lambda: self._inform(response))

    # What differs

    def in_loop(self, callback: Callable[[], None]) -> None:
        """Have this called in the loop's thread, in order."""
        raise NotImplementedError

    # In the loop

    def respond(self, body: Body) -> None:
        """Give the answer, unless the exchange has one or nobody waits for it."""
        exchange = self.exchange
        assert self.head is not None
        try:
            if exchange.response is None:
                exchange.respond(self.head, body)
            elif not isinstance(body, bytes):
                body.close()
        except BaseException as error:  # a feature's fault: nobody above would answer for it
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """The app did something wrong: it is logged, and the client gets 500, or sees that the answer is cut."""
        exchange = self.exchange
        self._note(error)
        why = in_one_line(error)
        if exchange.response is not None:
            exchange.abort(why)
        elif not exchange.gone:
            try:
                exchange.respond(*refusal(500))
                exchange.why = why
            except BaseException as again:
                self._note(again)
                exchange.abort(why)

    def complain(self, error: BaseException) -> None:
        """Log what went wrong when the answer was whole already, and is not touched by it."""
        self.in_loop(lambda: self._note(error))

    def close(self, result: Any) -> None:
        """Close what the app returned, if it can be closed (PEP 3333)."""
        close = getattr(result, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                self.complain(error)

    def _note(self, error: BaseException) -> None:
        self.shared.watch.note("error", f"{self.exchange.name}: the app failed\n{traceback_of(error)}")

    def _inform(self, response: Response) -> None:
        if self.wanted:
            self.exchange.inform(response)


def usual(result: object) -> TypeGuard[list[bytes]]:
    """Whether an app has returned what most do: one part, in a list."""
    return type(result) is list and len(result) == 1 and type(result[0]) is bytes


def join(result: list[bytes] | tuple[bytes, ...]) -> bytes:
    """A whole body of its parts. Raises WrongAnswer if they are not bytes."""
    for part in result:
        check_chunk(part)
    return b"".join(result)


def check_chunk(chunk: object) -> None:
    """Raise WrongAnswer for what is no part of a body."""
    if type(chunk) is not bytes:
        raise WrongAnswer(f"a part of the body is of type {type(chunk).__name__}, not bytes (PEP 3333)")


def check_result(result: object) -> None:
    """Raise WrongAnswer for what is no body."""
    if isinstance(result, str | bytes | bytearray):
        raise WrongAnswer(f"the app returned {type(result).__name__}, not a list or another iterable of it (PEP 3333)")
    if not hasattr(result, "__iter__") and not hasattr(result, "__getitem__"):
        raise WrongAnswer(f"the app returned {type(result).__name__}, which cannot be iterated over (PEP 3333)")


def started(head: Response | None) -> Response:
    """The head of an answer whose body begins. Raises WrongAnswer where there is none."""
    if head is None:
        raise WrongAnswer("the app did not call start_response (PEP 3333)")
    return head


def too_long(length: int) -> WrongAnswer:
    """The mistake of an app whose body does not end where it said."""
    return WrongAnswer(f"the body goes on after the {length} bytes of its Content-Length (RFC 9110 8.6)")


def declared_length(head: Response) -> int | None:
    """The Content-Length that an app gave, None for none; whether it is one at all is judged by the protocol."""
    value = head.headers.get(b"content-length", b"") or b""
    return int(value) if value.isdigit() and len(value) < 19 else None
