"""Who asks, in the words that Starlette has for it; it knows not how that was found out."""

from __future__ import annotations

from pellucid.user import User


class Asking:
    """What Starlette's `request.user` gives: a user, or somebody of whom nothing is known."""

    __slots__ = ("_user",)

    def __init__(self, user: User | None) -> None:
        self._user = user

    @property
    def user(self) -> User | None:
        """All that is known of it, such as groups and claims."""
        return self._user

    @property
    def is_authenticated(self) -> bool:
        """Whether it has shown who it is."""
        return self._user is not None

    @property
    def identity(self) -> str:
        """Its name; empty where that is not known."""
        return self._user.name if self._user is not None else ""

    display_name = identity


class Credentials:
    """What Starlette's `request.auth` gives, and `@requires` looks at: "authenticated", the scopes of a token, and each
    group as group:NAME.
    """

    __slots__ = ("scopes",)

    def __init__(self, user: User | None) -> None:
        self.scopes: list[str] = []
        if user is not None:
            groups = (f"group:{name}" for name in sorted(user.groups))
            self.scopes = ["authenticated", *sorted(user.scopes), *groups]
