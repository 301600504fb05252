"""The observers: a table of hooks, nothing paid when it is empty; an observer that fails is dropped."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Callable
from typing import Any

HOOKS = {
    "opened": "a connection began: (connection)",
    "filled": "a turn took bytes from the link: (connection, count)",
    "delivered": "a turn gave an engine's event to its exchange: (connection, stream, event)",
    "collected": "a turn took a piece of an answer from an exchange: (connection, stream, piece)",
    "flushed": "a turn gave bytes to the link: (connection, count)",
    "rearmed": "a turn ended with new interest and a new deadline: (connection)",
    "begun": "an exchange began, its app was not asked yet: (exchange)",
    "refused": "a peer broke a rule or a limit: (connection, status, why); an exchange of its own follows",
    "tunnelled": "an answer has opened a tunnel, as that of a WebSocket does: (exchange)",
    "ended": "an exchange ended, answered or not: (exchange)",
    "closed": "a connection ended: (connection, why), why is empty for an ordinary end",
    "noted": "something that a person who runs the server should read: (level, text), level a name of logging's",
}

Observer = Callable[..., Any]


class Watch:
    """The observers of one server, a list of callables for each hook. Add with `watch.ended.append(observer)`.

    Whoever calls a hook asks first whether its list is empty: `if watch.ended: watch.tell(watch.ended, exchange)`.
    """

    __slots__ = tuple(HOOKS)

    opened: list[Observer]
    filled: list[Observer]
    delivered: list[Observer]
    collected: list[Observer]
    flushed: list[Observer]
    rearmed: list[Observer]
    begun: list[Observer]
    refused: list[Observer]
    tunnelled: list[Observer]
    ended: list[Observer]
    closed: list[Observer]
    noted: list[Observer]

    def __init__(self) -> None:
        for hook in HOOKS:
            setattr(self, hook, [])

    def tell(self, observers: list[Observer], *facts: Any) -> None:
        """Call each observer with the facts; one that raises is dropped from the list and said so."""
        for observer in tuple(observers):
            try:
                observer(*facts)
            except KeyboardInterrupt:
                raise
            except BaseException:
                if observer in observers:  # it may have left by itself
                    observers.remove(observer)
                self.note("error", f"the observer {observer!r} failed and was dropped\n{traceback.format_exc()}")

    def note(self, level: str, text: str) -> None:
        """Say something to the person who runs the server; to standard error where nobody listens."""
        if self.noted:
            self.tell(self.noted, level, text)
        elif level in ("error", "warning") and sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):  # nobody can be told
                sys.stderr.write(f"{level}: {text}\n")
