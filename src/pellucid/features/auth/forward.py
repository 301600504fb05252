"""Forward-auth: another service is asked about each request, and its word is taken; without its word nobody passes."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin

from pellucid.features.auth.asking import Service, Told
from pellucid.features.auth.forged import told_by_services
from pellucid.features.auth.forwardsettings import ForwardSettings
from pellucid.features.auth.scheme import Found, Tell, Wrong, is_name
from pellucid.features.auth.settings import AuthSettings
from pellucid.features.feature import Ground
from pellucid.message import Field, Headers, Request
from pellucid.net.aside import Aside
from pellucid.net.outage import Outage
from pellucid.protocol.grammar import TOKEN
from pellucid.server.exchange import Exchange
from pellucid.setting import Chosen
from pellucid.user import User

THREADS = 16
MOST_WAITING = 256
RETRY = 2
"""After how many seconds one may come again, where it does not answer."""

SHOWN = (b"authorization", b"cookie", b"accept", b"accept-language", b"user-agent", b"x-requested-with", b"origin")
"""The fields of a client by which a service knows its users, and how to talk to them."""

# RFC 9110 7.6.1; the length and the date are told anew.
OF_CONNECTION = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
) | {b"content-length", b"date", b"server"}


class Forward:
    """Asks a service, with what it needs to know, and passes its refusals on."""

    __slots__ = ("_aside", "_given", "_groups", "_outage", "_service", "_time", "_user", "strips")

    name = "forward"

    def __init__(self, settings: ForwardSettings, aside: Aside, note: Callable[[str, str], None]) -> None:
        """ValueError says what is wrong with a setting."""
        if not settings.forward_auth:
            raise ValueError("--forward-auth: forward needs the URL of the service that is asked")
        try:
            self._service = Service(settings.forward_auth, settings.forward_auth_time)
        except ValueError as error:
            raise ValueError(f"--forward-auth: {error}") from None
        if settings.forward_auth_time <= 0:
            raise ValueError("--forward-auth-time: it has to be more than 0")
        self._time = settings.forward_auth_time
        self._user = _name(settings.forward_auth_user, "forward-auth-user")
        self._groups = _name(settings.forward_auth_groups, "forward-auth-groups")
        others = [_name(each, "forward-auth-headers") for each in settings.forward_auth_headers]
        self._given = tuple(name for name in dict.fromkeys((self._user, self._groups, *others)) if name)
        self.strips = frozenset(self._given)
        """The names of fields that none but the service may set."""
        self._aside = aside
        self._outage = Outage(note)

    def identify(self, exchange: Exchange, tell: Tell) -> None:
        """Ask about this request."""
        once = _Once(tell)
        fields = told_of(exchange)
        timer = exchange.at(exchange.now + self._time, lambda: once.tell(self._failed("it takes too long")))

        def done(told: Told) -> None:
            timer.cancel()
            if not once.told:
                once.tell(self._found(exchange, told))

        def failed(error: Exception) -> None:
            timer.cancel()
            if not once.told:
                once.tell(self._failed(str(error)))

        def wanted() -> bool:
            return not (once.told or exchange.gone)

        if not self._aside.call(lambda: self._service.ask(fields), done, failed, wanted):
            timer.cancel()
            once.tell(self._failed("too many requests wait for it"))

    def challenge(self, exchange: Exchange) -> None:
        """None: what the service says is passed on as it is."""

    def _found(self, exchange: Exchange, told: Told) -> Found:
        if 200 <= told.status < 300:
            return self._let_in(exchange, told)
        if told.status in (401, 403) or (300 <= told.status < 400 and told.status != 304):
            self._answers()
            why = f"the service that was asked answers {told.status}"
            return Wrong(why, told.status, headers=self._passed_on(told), body=told.body)
        return self._failed(f"it answers {told.status}")

    def _let_in(self, exchange: Exchange, told: Told) -> Found:
        values = {name: value for name in self._given if (value := told.field(name))}
        name = _text(values.get(self._user, b""))
        if name and not is_name(name):
            return self._failed("it answers with a name that cannot be one")
        self._answers()
        if values:
            exchange.request.headers = exchange.request.headers.plus(*values.items())
        groups = (group.strip() for group in _text(values.get(self._groups, b"")).split(","))
        return User(name, "forward", frozenset(group for group in groups if group))

    def _passed_on(self, told: Told) -> Headers:
        named = told.field(b"connection") or b""
        dropped = OF_CONNECTION | {name.strip().lower() for name in named.split(b",")}
        fields = [self._absolute(*each) for each in told.fields if each[0] not in dropped]
        if told.field(b"cache-control") is None:
            fields.append((b"cache-control", b"no-store"))
        return Headers(fields)

    def _absolute(self, name: bytes, value: bytes) -> Field:
        # What is relative in its answer is so to itself.
        if name == b"location":
            value = urljoin(self._service.url, value.decode("latin-1")).encode("latin-1")
        return name, value

    def _failed(self, why: str) -> Wrong:
        self._outage.begins(f"forward-auth: {self._service.url} does not do what it was asked: {why}")
        after = Headers([(b"retry-after", b"%d" % RETRY)])
        return Wrong(f"the service that is asked who this is: {why}", 503, headers=after)

    def _answers(self) -> None:
        self._outage.ends(f"forward-auth: {self._service.url} answers again")


class _Once:
    # What is told first is what holds.
    __slots__ = ("_tell", "told")

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.told = False

    def tell(self, found: Found) -> None:
        if not self.told:
            self.told = True
            self._tell(found)


def told_of(exchange: Exchange) -> dict[str, str]:
    """What the service is told of a request: by the names that Traefik's ForwardAuth has for it, and by those that are
    usual with auth_request of nginx. Nothing of it is a client's own word but what is asked for by its nature.
    """
    request = exchange.request
    uri = _latin(request.path + (b"?" + request.query if request.query else b""))
    scheme, host, method = _latin(request.scheme), _latin(request.authority), _method(request)
    told = {
        "X-Forwarded-Method": method,
        "X-Forwarded-Proto": scheme,
        "X-Forwarded-Host": host,
        "X-Forwarded-Uri": uri,
        "X-Forwarded-For": exchange.peer,
        "X-Original-Method": method,
        "X-Original-URL": f"{scheme}://{host}{uri}",
        "X-Original-URI": uri,
    }
    index = request.headers.index
    told |= {_latin(name).title(): _latin(index[name]) for name in SHOWN if name in index}
    return told


def forward_scheme(chosen: Chosen, ground: Ground) -> Forward:
    """The scheme by its settings. ValueError says what is wrong with one."""
    settings = chosen[ForwardSettings]
    if chosen[AuthSettings].auth[-1:] != ("forward",):
        raise ValueError("--auth: forward comes last: what the service says is the end of it, and no other is asked")
    aside = ground.aside("forward", THREADS, MOST_WAITING)
    forward = ground.shared(("auth forward", settings), lambda: Forward(settings, aside, ground.note))
    told_by_services(ground).update(forward.strips)
    return forward


def _name(text: str, option: str) -> bytes:
    name = text.strip().lower().encode()
    if name and name.translate(None, TOKEN):
        raise ValueError(f"--{option}: {text!r} is no name of a field")
    if name in OF_CONNECTION or name in (b"host", b"cookie", b"authorization"):
        raise ValueError(f"--{option}: {text!r} is not for a service to say")
    return name


def _method(request: Request) -> str:
    # As the app is told it: in upper case, and a WebSocket over HTTP/2 is what it is over HTTP/1 (RFC 8441 section 5).
    return "GET" if request.method == "CONNECT" and request.path else request.method.upper()


def _latin(value: bytes) -> str:
    return value.decode("latin-1")


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
