"""What is raised in an app whose client is gone, and how a fault of its own is told."""

from __future__ import annotations


class ClientDisconnected(OSError):
    """The client is no longer there, so nothing can be sent to it."""


def by_disconnection(error: BaseException) -> bool:
    """Whether the exception is, or was caused by, that of a `send` to a client that had gone; in a group, all are."""
    return _by_disconnection(error, frozenset())


def _by_disconnection(error: BaseException, above: frozenset[int]) -> bool:
    # Who collapses a group raises one of its exceptions from the group itself: such a chain has no end.
    while id(error) not in above:
        above |= {id(error)}
        if isinstance(error, ClientDisconnected):
            return True
        if isinstance(error, BaseExceptionGroup):
            return all(_by_disconnection(each, above) for each in error.exceptions)
        cause = error.__cause__ or error.__context__
        if cause is None:
            return False
        error = cause
    return False
