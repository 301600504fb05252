"""What lives with a limit: a link that is closed at the end, and an observer who leaves then."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.watch import Observer, Watch


class Closing:
    """Something that has only to be closed."""

    __slots__ = ("_close",)

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close

    def begin(self, begun: Callable[[str], None]) -> None:
        """There is nothing to make ready."""
        begun("")

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Close it."""
        self._close()
        ended()


class Ends:
    """Somebody who is to hear of the end of every exchange."""

    __slots__ = ("_observer", "_watch")

    def __init__(self, watch: Watch, observer: Observer) -> None:
        self._watch = watch
        self._observer = observer

    def begin(self, begun: Callable[[str], None]) -> None:
        """From now on."""
        self._watch.ended.append(self._observer)
        begun("")

    def end(self, ended: Callable[[], None], within: float) -> None:
        """Not any more."""
        if self._observer in self._watch.ended:
            self._watch.ended.remove(self._observer)
        ended()
