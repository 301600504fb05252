"""A call of an app in the loop itself, for apps that never wait: its iterable is pulled as the client reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import Context
from typing import Any, BinaryIO

from pellucid.apps.wsgi.call import (
    Call,
    Shared,
    check_chunk,
    check_result,
    check_started,
    declared_length,
    join,
)
from pellucid.apps.wsgi.errors import told
from pellucid.apps.wsgi.files import FileWrapper, body_of
from pellucid.message import END, End
from pellucid.piece import Piece
from pellucid.server.exchange import Exchange


class InlineCall(Call):
    """A call, and the source of its answer where that is an iterable. What write() was given waits in memory."""

    __slots__ = ("_context", "_given", "_iterator", "_result")

    def __init__(self, shared: Shared, exchange: Exchange, body: BinaryIO, length: int | None) -> None:
        super().__init__(shared, exchange, body, length)
        self._context: Context = self.context
        self._given: list[bytes] = []
        self._iterator: Iterator[Any] = iter(())
        self._result: Any = None

    def run(self) -> None:
        """Call the app and give its answer, whole or as a source."""
        self._context.run(self._run)

    def _run(self) -> None:
        try:
            result = self.ask()
            kind = type(result)
            if (kind is list or kind is tuple) and not self.begun:
                check_started(self.head)
                self._done()
                self.respond(join(result))
            else:
                self._result = result
                self._begin(result)
        except BaseException as error:
            self._done()
            self.fail(error)

    def _begin(self, result: Any) -> None:
        if isinstance(result, FileWrapper) and not self.begun and self.head is not None:
            file = body_of(result, declared_length(self.head), self._close)
            if file is not None:
                self.begun = True
                self.respond(file)
                return
        check_result(result)
        self._iterator = iter(result)
        first = self._next()  # PEP 3333: an app may call start_response as late as that
        check_started(self.head)
        self.begun = True
        if first is None and not self._given:
            self._close()
            self.respond(b"")
            return
        if first is not None:
            self._given.append(first)
        self.respond(Pulled(self))

    def write(self, data: bytes) -> None:
        """Send some of the body, ahead of what the app returns."""
        check_chunk(data)
        check_started(self.head)
        self.begun = True
        if data:
            self._given.append(data)

    def _next(self) -> bytes | None:
        for chunk in self._iterator:
            check_chunk(chunk)
            if chunk:
                assert isinstance(chunk, bytes)
                return chunk
        return None

    # For the source

    def pull(self, limit: int) -> Piece | End | None:
        """The next piece of the answer; an app that fails is told of, and its answer cut."""
        try:
            chunk = self._given.pop(0) if self._given else self._context.run(self._next)
        except BaseException as error:
            self.fail(error)
            return None
        if chunk is None:
            return END
        if len(chunk) > limit:
            self._given.insert(0, chunk[limit:])
        return chunk[:limit]

    def close(self) -> None:
        """The answer has ended, or nobody waits for it any more."""
        self._context.run(self._close)

    def _close(self) -> None:
        close, self._result = getattr(self._result, "close", None), None
        if close is not None:
            try:
                close()
            except BaseException as error:
                self.shared.watch.note("error", told(self.exchange, error))
        self._done()

    def _done(self) -> None:
        self.shared.errors.flush()
        self.body.close()


class Pulled:
    """The source of a call's answer."""

    __slots__ = ("_call", "length")

    def __init__(self, call: InlineCall) -> None:
        self._call = call
        self.length: int | None = None

    def pull(self, limit: int) -> Piece | End | None:
        """The next piece."""
        return self._call.pull(limit)

    def close(self) -> None:
        """The end."""
        self._call.close()
