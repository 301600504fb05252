"""What is raised in an app whose client is gone, and how a fault of its own is told."""

from __future__ import annotations


class ClientDisconnected(OSError):
    """The client is no longer there, so nothing can be sent to it."""


def by_disconnection(error: BaseException) -> bool:
    """Whether the exception is, or was caused by, that of a `send` to a client that had gone; in a group, all are."""
    for _ in range(10):
        if isinstance(error, ClientDisconnected):
            return True
        if isinstance(error, BaseExceptionGroup):
            return error.split(_by_disconnection)[1] is None
        cause = error.__cause__ or error.__context__
        if cause is None:
            return False
        error = cause
    return False


def _by_disconnection(error: BaseException) -> bool:
    return not isinstance(error, BaseExceptionGroup) and by_disconnection(error)
