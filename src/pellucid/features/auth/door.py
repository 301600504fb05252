"""The door of a place: asks each scheme in turn who somebody is, and lets in whom the rules let in; it knows none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pellucid.features.auth.forged import USUAL, Stripped
from pellucid.features.auth.form import Form
from pellucid.features.auth.late import Late
from pellucid.features.auth.rules import Rules
from pellucid.features.auth.scheme import Found, Scheme, Wrong
from pellucid.features.feature import ChangedHeaders
from pellucid.message import Field, Headers, Response
from pellucid.piece import Body
from pellucid.protocol.grammar import list_members
from pellucid.server.exchange import Exchange
from pellucid.server.held import Held
from pellucid.server.refusal import refusal
from pellucid.user import User

SHARING = frozenset((b"public", b"private", b"s-maxage", b"no-cache", b"no-store"))
"""What in a Cache-Control tells that somebody has thought of the caches that others use."""


class Door:
    """What stands around a place that knows its users."""

    __slots__ = ("_form", "_groups", "_private", "_rules", "_schemes", "_stripped")

    def __init__(
        self, schemes: Sequence[Scheme], rules: Rules, form: Form | None, groups: Callable[[str], frozenset[str]]
    ) -> None:
        """`groups` tells those of a user by its name, in addition to what a scheme knows of them."""
        self._schemes = tuple(schemes)
        self._rules = rules
        self._form = form
        self._groups = groups
        self._stripped = Stripped(USUAL.union(*(getattr(scheme, "strips", ()) for scheme in schemes)))
        self._private = ChangedHeaders(_private)

    def ask(self, exchange: Exchange) -> Held | None:
        """Find out who asks, and answer whoever may not have it."""
        self._stripped.ask(exchange)
        exchange.identified = True
        if self._form is not None and self._form.has(exchange):
            return self._form.serve(exchange)
        inquiry = _Inquiry(self, exchange)
        inquiry.next(None)
        return inquiry.late.held_back()

    def answer(self, exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        """No cache that others use may keep what a user has been given, unless the app has its own mind about that."""
        if exchange.user is None:
            return response, body
        return Response(response.status, self._private.of(response.headers)), body

    @property
    def schemes(self) -> Iterator[Scheme]:
        """Those that are to be asked, in their order."""
        return iter(self._schemes)

    def judge(self, exchange: Exchange, found: Found) -> tuple[Response, Body] | None:
        """What to answer, now that this was found out; None to go on."""
        if isinstance(found, Wrong):
            exchange.why = found.why
            return self._refusal(exchange, found)
        if found is not None and (groups := self._groups(found.name)):
            found = replace(found, groups=found.groups | groups)
        exchange.user = found
        if self._rules.open_to_all(exchange.request.method):
            return None
        if found is None:
            sent = self._form.sent_there(exchange) if self._form is not None else None
            return sent or self._refusal(exchange, None)
        if self._rules.let_in(found):
            return None
        exchange.why = f"{found.name!r} may not have this"
        return self._forbidden(found)

    def _forbidden(self, user: User) -> tuple[Response, Body]:
        why = "you may not have this"
        for scheme in self._schemes:
            # A scheme whose users can ask for more scopes has this besides what all have.
            insufficient = getattr(scheme, "insufficient", None)
            if insufficient is not None and user.scheme.lower() == scheme.name and self._rules.scopes:
                return refusal(403, why, (b"www-authenticate", insufficient()))
        return refusal(403, why)

    def _refusal(self, exchange: Exchange, wrong: Wrong | None) -> tuple[Response, Body]:
        status = wrong.status if wrong is not None else 401
        more: list[Field] = [*wrong.headers] if wrong is not None else []
        if wrong is not None and wrong.body is not None:
            return Response(status, wrong.headers), wrong.body
        if status == 401:
            challenges = self._challenges(exchange, wrong)
            more += [(b"www-authenticate", value) for value in challenges]
            # RFC 9110 15.5.2 wants a challenge, and where only TLS can show who one is there is none.
            status = 401 if challenges else 403
        return refusal(status, "", (b"cache-control", b"no-store"), *more)

    def _challenges(self, exchange: Exchange, wrong: Wrong | None) -> list[bytes]:
        own = wrong.challenge if wrong is not None else b""
        kind = own.partition(b" ")[0].lower().decode()
        given = [own if scheme.name == kind else scheme.challenge(exchange) for scheme in self._schemes]
        return [value for value in given if value]


class _Inquiry:
    """Who sends one request, found out by one scheme after the other, now or later."""

    __slots__ = ("_door", "_exchange", "_schemes", "late")

    def __init__(self, door: Door, exchange: Exchange) -> None:
        self._door = door
        self._exchange = exchange
        self._schemes = door.schemes
        self.late = Late(exchange)

    def next(self, found: Found) -> None:
        """What a scheme has found: where that is nothing, the next one is asked."""
        scheme = next(self._schemes, None) if found is None else None
        if scheme is not None:
            scheme.identify(self._exchange, self.next)
        elif isinstance(found, Wrong) and found.account and found.status == 401:
            self.late.then_late(lambda: self._settle(found))
        else:
            self._settle(found)

    def _settle(self, found: Found) -> None:
        answer = self._door.judge(self._exchange, found)
        if answer is None:
            self.late.go_on()
        else:
            self.late.answer(*answer)


def _private(headers: Headers) -> Headers:
    told = headers.get(b"cache-control")
    if told is None:
        return headers.plus((b"cache-control", b"private"))
    if not SHARING.isdisjoint(member.partition(b"=")[0] for member in list_members(told)):
        return headers
    return headers.without(b"cache-control").plus((b"cache-control", told + b", private"))
