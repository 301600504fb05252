"""A call of an app in a thread: a whole answer goes back with those of others, a longer one as a stream."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import Any, BinaryIO

from pellucid.apps.wsgi.call import (
    Call,
    ClientLeft,
    Shared,
    check_chunk,
    check_result,
    check_started,
    declared_length,
    join,
)
from pellucid.apps.wsgi.errors import told
from pellucid.apps.wsgi.files import FileBody, FileWrapper, body_of
from pellucid.apps.wsgi.stream import Stream
from pellucid.net.threads import Pool
from pellucid.server.exchange import Exchange


class ThreadedCall(Call):
    """A job of a pool."""

    __slots__ = ("_failed", "_pool", "_stream", "_whole")

    def __init__(self, shared: Shared, exchange: Exchange, body: BinaryIO, length: int | None, pool: Pool) -> None:
        super().__init__(shared, exchange, body, length)
        self._pool = pool
        self._stream: Stream | None = None
        self._whole: bytes | FileBody = b""
        self._failed = False

    # In the thread

    def run(self) -> None:
        """Call the app and see its answer through."""
        self.context.run(self._run)
        self.shared.errors.flush()
        self.body.close()

    def _run(self) -> None:
        result = None
        try:
            result = self.ask()
            kind = type(result)
            if (kind is list or kind is tuple) and not self.begun:
                check_started(self.head)
                self._give(join(result))
                return  # lists have no close
            if isinstance(result, FileWrapper) and not self.begun and self._give_file(result):
                result = None
                return
            self._iterate(result)
        except BaseException as error:
            self._give_up(error)
        finally:
            self._close(result)

    def _give(self, whole: bytes | FileBody) -> None:
        self.begun = True
        self._whole = whole
        self._pool.hand_back(self._respond_whole)

    def _give_file(self, wrapper: FileWrapper) -> bool:
        check_started(self.head)
        assert self.head is not None
        closing = Closing(self, wrapper, copy_context())
        file = body_of(wrapper, declared_length(self.head), lambda: self._pool.submit(closing))
        if file is not None:
            self._give(file)
        return file is not None

    def _iterate(self, result: Any) -> None:
        check_result(result)
        for chunk in result:
            check_chunk(chunk)
            if chunk and not self._send(chunk):
                return
        check_started(self.head)
        if self._stream is None:
            self._give(b"")
        else:
            self._stream.end()

    def write(self, data: bytes) -> None:
        """Send some of the body; this waits while the client does not read. Raises ClientLeft once it has gone."""
        check_chunk(data)
        self.begun = True
        if data and not self._send(data):
            raise ClientLeft("the client has left")

    def _send(self, chunk: bytes) -> bool:
        stream = self._stream
        if stream is None:
            check_started(self.head)
            self.begun = True
            post, wake = self.shared.reactor.post, self.exchange.wake
            stream = self._stream = Stream(lambda: post(wake))
            post(self._respond_stream)
        return stream.put(chunk)

    def _give_up(self, error: BaseException) -> None:
        if not (isinstance(error, ClientLeft) and self._stream is not None and self._stream.closed):
            self._failed = True
            self.shared.reactor.post(lambda: self.fail(error))

    def _close(self, result: Any) -> None:
        close = getattr(result, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                self.complain(error)

    def complain(self, error: BaseException) -> None:
        """Log what went wrong when the answer was on its way already, and is not touched by it."""
        self.shared.reactor.post(lambda: self.shared.watch.note("error", told(self.exchange, error)))

    # In the loop

    def _respond_whole(self) -> None:
        self.respond(self._whole)

    def _respond_stream(self) -> None:
        # An app that has ended by now has given all: then the length is known. This is how most frameworks answer.
        # And one that has failed by now can still get its 500.
        assert self._stream is not None
        if not self._failed:
            whole = self._stream.whole()
            self.respond(self._stream if whole is None else whole)


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
        try:
            self._context.run(self._wrapper.close)
        except BaseException as error:
            self._call.complain(error)
