"""A call of an app in the loop itself, for apps that never wait: its iterable is pulled as the client reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from typing import Any

from pellucid.apps.wsgi.call import (
    Call,
    check_chunk,
    check_result,
    declared_length,
    join,
    started,
    too_long,
    usual,
)
from pellucid.apps.wsgi.files import FileBody, FileWrapper, body_of
from pellucid.message import END, End
from pellucid.piece import Piece

GATHERED = 32768
"""How many bytes of small parts go out together."""

GATHERING = 0.01
"""How long they are gathered, in seconds: an app may wait between them though it should not."""


class InlineCall(Call):
    """A call. `given` is what waits to be sent: what write() was given, which cannot be held up here, and the rest of
    a large part.
    """

    given: tuple[bytes, ...] = ()
    context: Context

    def run(self) -> None:
        """Call the app and give its answer, whole or as a source."""
        context = self.exchange.context
        self.context = context if context is not None else copy_context()
        self.context.run(self._run)
        self.leave_if_forked()

    def _run(self) -> None:
        shared, result = self.shared, None
        try:
            environ = shared.environs(self.exchange, self.body, self.length, self.early_hints)
            result = shared.app(environ, self.start_response)
            if usual(result) and self.head is not None and not self.begun:
                self.respond(result[0])
                self.let_go()
            else:
                self._begin(result)
        except BaseException as error:
            self.close(result)
            self.let_go()
            self.fail(error)

    def _begin(self, result: Any) -> None:
        if isinstance(result, list | tuple) and not self.begun:
            started(self.head)
            whole = join(result)
            self.let_go()
            self.respond(whole)
            return
        if isinstance(result, FileWrapper) and not self.begun and (file := self._file(result)):
            self.let_go()
            self.respond(file)
            return
        check_result(result)
        iterator = iter(result)
        first = self.next_of(iterator)  # PEP 3333: an app may call start_response as late as that
        head = started(self.head)
        if first is None and not self.given:
            self._end_whole(b"", iterator, result)
        elif first is not None and not self.given and declared_length(head) == len(first):
            self._end_whole(first, iterator, result)
        else:
            self.begun = True
            self.given += (first,) if first is not None else ()
            self.respond(Pulled(self, iterator, result))

    def _end_whole(self, whole: bytes, iterator: Iterator[Any], result: Any) -> None:
        self.begun = True
        self.respond(whole)
        try:
            if whole and self.next_of(iterator) is not None:
                raise too_long(len(whole))
        except BaseException as error:
            self.complain(error)
        self.close(result)
        self.let_go()

    def _file(self, wrapper: FileWrapper) -> FileBody | None:
        return body_of(wrapper, declared_length(started(self.head)), lambda: self.context.run(self.close, wrapper))

    def write(self, data: bytes) -> None:
        """Send some of the body, ahead of what the app returns."""
        check_chunk(data)
        self.begun = True
        if data:
            self.given += (data,)

    def in_loop(self, callback: Callable[[], None]) -> None:
        callback()

    def next_of(self, iterator: Iterator[Any]) -> bytes | None:
        """The next part of the body that is not empty, None at its end."""
        for chunk in iterator:
            check_chunk(chunk)
            if chunk:
                assert isinstance(chunk, bytes)
                return chunk
        return None


class Pulled:
    """The source of a call's answer, as its iterator makes it."""

    __slots__ = ("_call", "_iterator", "_result", "length")

    def __init__(self, call: InlineCall, iterator: Iterator[Any], result: Any) -> None:
        self._call = call
        self._iterator = iterator
        self._result = result
        self.length: int | None = None

    def pull(self, limit: int) -> Piece | End | None:
        """The next piece; an app that fails is told of, and its answer cut."""
        call = self._call
        if not call.given:
            try:
                call.given = call.context.run(self._gather)
            except BaseException as error:
                call.fail(error)
                return None
            if not call.given:
                return END
        whole = b"".join(call.given)
        call.given = (whole[limit:],) if len(whole) > limit else ()
        return whole[:limit]

    def _gather(self) -> tuple[bytes, ...]:
        # Small parts go out together. PEP 3333 forbids to hold one back; but an app in the loop never waits.
        parts, size, clock = [], 0, self._call.shared.reactor.clock
        until = clock() + GATHERING
        while size < GATHERED and (chunk := self._call.next_of(self._iterator)) is not None:
            parts.append(chunk)
            size += len(chunk)
            if clock() >= until:
                break
        return tuple(parts)

    def close(self) -> None:
        """The answer has ended, or nobody waits for it any more."""
        self._call.context.run(self._call.close, self._result)
        self._call.let_go()
