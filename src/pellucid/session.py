"""What is kept for a client from request to request, as apps and features see it; it knows no store and no cookie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Source(Protocol):
    """Where a session comes from, and who sees to it that it is kept."""

    def read(self) -> dict[str, Any]:
        """What is kept so far; asked once at the most. Raises whatever says that it cannot be had."""

    def renew(self) -> None:
        """Give it another name, of which nobody knows yet."""


class Session(dict[str, Any]):
    """A dict of what JSON can say. It is read when first something is asked of it, and what it holds when the head of
    the answer goes out is kept, if that is not what was read; what is changed later is not. An empty one is forgotten.
    """

    __slots__ = ("source",)

    source: Source

    @staticmethod
    def of(source: Source) -> Session:
        """A session that was not read yet."""
        session = _Unread()
        session.source = source
        # Whoever looks at a dict without asking, as the encoder of JSON does, must not take it for an empty one.
        dict.__setitem__(session, "", None)
        return session

    @property
    def read(self) -> bool:
        """Whether anybody has asked something of it."""
        return type(self) is Session

    def renew(self) -> None:
        """Go on under another id, which the answer tells the client; the one before is worth nothing any more. To be
        called wherever somebody is given rights, or an id that was planted would have them too.
        """
        self.mark_accessed()
        self.source.renew()

    def mark_accessed(self) -> None:
        """Read it now, if it was not; Starlette says so whenever `request.session` is used."""

    def __reduce_ex__(self, protocol: Any) -> tuple[type, tuple[dict[str, Any]]]:
        """A copy, and what is pickled, is a dict and no more."""
        return dict, (dict(self),)


class _Unread(Session):
    # Reading makes a Session of it, whose methods are a dict's own: so they cost nothing more from then on.

    __slots__ = ()

    def mark_accessed(self) -> None:
        kept = self.source.read()
        if type(self) is _Unread:  # and not read meanwhile, in another thread
            self.__class__ = Session  # type: ignore[assignment]  # its base, of the same layout
            dict.clear(self)
            dict.update(self, kept)


def _reading_first(name: str) -> Callable[..., Any]:
    method = getattr(dict, name)

    def ask(self: Session, *arguments: Any, **named: Any) -> Any:
        self.mark_accessed()
        return method(self, *arguments, **named)

    ask.__name__ = name
    return ask


for _name in (
    *("__contains__", "__delitem__", "__eq__", "__getitem__", "__ior__", "__iter__", "__len__", "__ne__", "__or__"),
    *("__repr__", "__reversed__", "__ror__", "__setitem__"),
    *("clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"),
):
    setattr(_Unread, _name, _reading_first(_name))
