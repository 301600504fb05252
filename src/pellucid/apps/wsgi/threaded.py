"""A call of an app in a thread: a whole answer goes back with those of others, one that comes in parts as a stream."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, BinaryIO

from pellucid.apps.wsgi.call import (
    Call,
    ClientLeft,
    Shared,
    check_chunk,
    check_result,
    declared_length,
    join,
    started,
    too_long,
    usual,
)
from pellucid.apps.wsgi.files import FileBody, FileWrapper, body_of
from pellucid.apps.wsgi.stream import Stream
from pellucid.net.threads import Pool
from pellucid.server.exchange import Exchange


class ThreadedCall(Call):
    """A job of a pool. `_stream` is there from the first part of an answer on that was not the whole of it."""

    _stream: Stream | None = None
    _whole: bytes | FileBody | None = None
    _failed = False

    def __init__(self, shared: Shared, exchange: Exchange, body: BinaryIO, length: int | None, pool: Pool) -> None:
        self.shared = shared
        self.exchange = exchange
        self.body = body
        self.length = length
        self._pool = pool

    # In the thread

    def run(self) -> None:
        """Call the app and see its answer through."""
        context = self.exchange.context
        (context if context is not None else copy_context()).run(self._run)
        self.leave_if_forked()
        self.let_go()

    def _run(self) -> None:
        shared, result = self.shared, None
        try:
            environ = shared.environs(self.exchange, self.body, self.length, self.early_hints)
            result = shared.app(environ, self.start_response)
            if usual(result) and self.head is not None and not self.begun:
                self._give(result[0])
                return  # a list has no close
            if isinstance(result, list | tuple) and not self.begun:
                started(self.head)
                self._give(join(result))
                return
            if isinstance(result, FileWrapper) and not self.begun and self._give_file(result):
                return
            self._iterate(result)
        except BaseException as error:
            self._give_up(error)
        self.close(result)

    def _iterate(self, result: Any) -> None:
        check_result(result)
        for chunk in result:
            check_chunk(chunk)
            if chunk and not self._send(chunk):
                return
        started(self.head)
        if self._stream is not None:
            self._stream.end()
        elif self._whole is None:
            self._give(b"")

    def write(self, data: bytes) -> None:
        """Send some of the body; this waits while the client does not read. Raises ClientLeft once it has gone."""
        check_chunk(data)
        self.begun = True
        if data and not self._send(data):
            raise ClientLeft("the client has left")

    def in_loop(self, callback: Callable[[], None]) -> None:
        self._pool.hand_back(callback)

    def _send(self, chunk: bytes) -> bool:
        if self._whole is not None:
            self.complain(too_long(len(chunk)))
            return False
        stream = self._stream
        if stream is None:
            if declared_length(started(self.head)) == len(chunk):
                self._give(chunk)
                return True
            self.begun = True
            post, wake = self.shared.reactor.post, self.exchange.wake
            stream = self._stream = Stream(lambda: post(wake))
            self.in_loop(self._respond_stream)
        return stream.put(chunk)

    def _give(self, whole: bytes | FileBody) -> None:
        self.begun = True
        self._whole = whole
        self._pool.hand_back(self._respond_whole)

    def _give_file(self, wrapper: FileWrapper) -> bool:
        closing = Closing(self, wrapper, copy_context())
        file = body_of(wrapper, declared_length(started(self.head)), lambda: self._pool.submit(closing))
        if file is not None:
            self._give(file)
        return file is not None

    def _give_up(self, error: BaseException) -> None:
        if self._whole is not None:
            self.complain(error)
        elif not (isinstance(error, ClientLeft) and self._stream is not None and self._stream.closed):
            self._failed = True
            self.in_loop(lambda: self.fail(error))

    # In the loop

    def _respond_whole(self) -> None:
        assert self._whole is not None
        self.respond(self._whole)

    def _respond_stream(self) -> None:
        # An app that has ended by now has given all: then the length is known. This is how many frameworks answer.
        # And one that has failed by now can still get its 500.
        stream = self._stream
        assert stream is not None
        whole = stream.whole()
        if not self._failed:
            self.respond(stream if whole is None else whole)


class Closing:
    """A job of a pool: to close a file whose answer has ended, in the context of its request."""

    __slots__ = ("_call", "_context", "_wrapper")

    wanted = True

    def __init__(self, call: ThreadedCall, wrapper: FileWrapper, context: Context) -> None:
        self._call = call
        self._wrapper = wrapper
        self._context = context

    def run(self) -> None:
        """Close it."""
        self._context.run(self._call.close, self._wrapper)
