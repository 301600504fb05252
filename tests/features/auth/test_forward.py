"""Another service decides: what it is told, what of its answer counts, and that nobody passes without its word."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from knowing import Place
from sessioning import InLoop

from pellucid.features.auth.asking import Service, Told
from pellucid.features.auth.forward import forward_scheme
from pellucid.message import Field, Headers
from pellucid.server.exchange import Exchange
from pellucid.settings import Settings

URL = "http://auth.example:9091/verify"
PORTAL = "https://login.example/?rd=x"


@dataclass
class Asked:
    """A place whose service answers as a test says; `fields` is what it was told, and `seen` what the app was."""

    place: Place
    said: Callable[[], Told]
    fields: list[dict[str, str]] = field(default_factory=list)
    seen: list[Headers] = field(default_factory=list)

    def answers(self, fields: dict[str, str]) -> Told:
        self.fields.append(fields)
        return self.said()


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Asked]:
    def make(said: Told | Exception, *others: str, **chosen: Any) -> Asked:
        def say() -> Told:
            if isinstance(said, Exception):
                raise said
            return said

        place = Place(tmp_path, *others, "forward", **{"forward_auth": URL, **chosen})
        asked = Asked(place, say)
        monkeypatch.setattr(Service, "ask", lambda service, fields: asked.answers(fields))
        served = place.app

        def app(exchange: Exchange) -> None:
            asked.seen.append(exchange.request.headers)
            served(exchange)

        place.site.app = app
        return asked

    return make


def told(status: int, body: bytes = b"", *fields: Field) -> Told:
    return Told(status, fields, body)


ADA = told(200, b"", (b"remote-user", b"ada"), (b"remote-groups", b"admins, staff"), (b"remote-email", b"a@x.example"))


def test_whom_the_service_lets_pass_the_app_gets(make: Callable[..., Asked]) -> None:
    asked = make(ADA, require=("group:admins",))
    answer = asked.place.ask()
    assert (answer.status, answer.text) == (200, "ada")
    user = answer.exchange.user
    assert user is not None
    assert user.scheme == "forward"
    assert user.groups == {"admins", "staff"}


def test_the_service_is_told_what_is_asked_and_by_whom(make: Callable[..., Asked]) -> None:
    asked = make(ADA)
    asked.place.ask(
        (b"authorization", b"Bearer x"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-custom", b"1"),
        (b"content-type", b"text/plain"),
        method="POST",
        target=b"/a%20b?c=d",
        body=b"body",
    )
    assert asked.fields == [
        {
            "X-Forwarded-Method": "POST",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": "example.com",
            "X-Forwarded-Uri": "/a%20b?c=d",
            "X-Forwarded-For": "192.0.2.1",
            "X-Original-Method": "POST",
            "X-Original-URL": "http://example.com/a%20b?c=d",
            "X-Original-URI": "/a%20b?c=d",
            "Authorization": "Bearer x",
            "Cookie": "a=1; b=2",
        }
    ]


def test_what_a_client_claims_of_the_request_is_not_passed_on(make: Callable[..., Asked]) -> None:
    asked = make(ADA)
    claims = [(b"x-forwarded-uri", b"/public"), (b"x-original-method", b"GET"), (b"x-forwarded-for", b"127.0.0.1")]
    asked.place.ask(*claims, target=b"/secret", method="DELETE")
    (fields,) = asked.fields
    assert (fields["X-Forwarded-Uri"], fields["X-Original-Method"]) == ("/secret", "DELETE")
    assert fields["X-Forwarded-For"] == "192.0.2.1"


@pytest.mark.parametrize(("method", "told"), [("delete", "DELETE"), ("Get", "GET"), ("CONNECT", "GET"), ("PUT", "PUT")])
def test_the_service_is_told_the_method_that_the_app_is_told(
    make: Callable[..., Asked], method: str, told: str
) -> None:
    asked = make(ADA)
    asked.place.ask(method=method)
    (fields,) = asked.fields
    assert fields["X-Forwarded-Method"] == fields["X-Original-Method"] == told


def test_the_app_gets_the_fields_that_were_chosen_from_the_service_alone(make: Callable[..., Asked]) -> None:
    asked = make(ADA, forward_auth_headers=("Remote-Email", "X-Role"))
    asked.place.ask(
        (b"remote-user", b"root"),
        (b"remote-groups", b"wheel"),
        (b"remote-email", b"root@evil.example"),
        (b"x-role", b"admin"),
        (b"x_role", b"admin"),
        (b"remote_email", b"root@evil.example"),
        (b"remote_groups", b"wheel"),
        (b"x-other", b"1"),
    )
    assert asked.seen[0].fields == (
        (b"x-other", b"1"),
        (b"remote-user", b"ada"),
        (b"remote-groups", b"admins, staff"),
        (b"remote-email", b"a@x.example"),
    )


def test_who_passes_without_a_name_is_no_user_in_particular(make: Callable[..., Asked]) -> None:
    asked = make(told(204), require=("user",))
    answer = asked.place.ask((b"remote-user", b"root"))
    assert (answer.status, answer.text) == (200, "")
    assert asked.seen[0].fields == ()
    asked = make(told(204), require=("user:root",))
    assert asked.place.ask((b"remote-user", b"root")).status == 403


REFUSALS = [
    told(401, b"who?", (b"www-authenticate", b"Basic realm=x"), (b"content-type", b"text/plain")),
    told(403, b"no", (b"content-type", b"text/html")),
    told(302, b"", (b"location", PORTAL.encode()), (b"set-cookie", b"state=1"), (b"set-cookie", b"b=2")),
    told(303, b"", (b"location", PORTAL.encode())),
    told(307, b"", (b"location", PORTAL.encode())),
]


@pytest.mark.parametrize("said", REFUSALS, ids=lambda said: str(said.status))
def test_a_refusal_is_passed_on_as_it_is(said: Told, make: Callable[..., Asked]) -> None:
    asked = make(said)
    answer = asked.place.ask()
    assert (answer.status, answer.body) == (said.status, said.body)
    assert answer.headers.fields == (*said.fields, (b"cache-control", b"no-store"))
    assert asked.seen == []


def test_of_a_refusal_the_fields_of_its_connection_are_left_out(make: Callable[..., Asked]) -> None:
    hops = [
        (b"connection", b"close, X-Hop"),
        (b"x-hop", b"1"),
        (b"transfer-encoding", b"chunked"),
        (b"content-length", b"2"),
        (b"upgrade", b"h2c"),
    ]
    answer = make(told(401, b"no", *hops, (b"cache-control", b"private"), (b"x-kept", b"1"))).place.ask()
    assert answer.headers.fields == ((b"cache-control", b"private"), (b"x-kept", b"1"))


@pytest.mark.parametrize(
    ("location", "sent"),
    [(b"/login?x", b"http://auth.example:9091/login?x"), (b"login", b"http://auth.example:9091/login")],
)
def test_where_it_sends_clients_is_seen_from_itself(location: bytes, sent: bytes, make: Callable[..., Asked]) -> None:
    assert make(told(302, b"", (b"location", location))).place.ask().headers.get(b"location") == sent


@pytest.mark.parametrize(
    "said",
    [
        told(100),
        told(304),
        told(400),
        told(404),
        told(429),
        told(500),
        told(502),
        told(200, b"", (b"remote-user", b"a\x7fb")),
        told(200, b"", (b"remote-user", b"x" * 256)),
        OSError("ConnectionRefusedError: refused"),
        TimeoutError("too late"),
        ValueError("x"),
    ],
    ids=str,
)
def test_without_its_word_nobody_passes(said: Told | Exception, make: Callable[..., Asked]) -> None:
    asked = make(said, require=("anyone",))
    answer = asked.place.ask()
    assert (answer.status, answer.headers.get(b"retry-after")) == (503, b"2")
    assert asked.seen == []
    assert asked.place.ask().status == 503
    assert [level for level, _ in asked.place.notes] == ["error"]
    asked.said = lambda: ADA
    assert asked.place.ask().status == 200
    assert [level for level, _ in asked.place.notes] == ["error", "info"]


def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is to be done in threads, and is not done."""
    called: list[tuple[Any, ...]] = []

    def call(aside: InLoop, *told: Any) -> bool:
        called.append(told)
        return True

    monkeypatch.setattr(InLoop, "call", call)
    return called


def test_a_service_that_is_slow_is_not_waited_for_and_its_word_counts_no_more(
    make: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = make(ADA, forward_auth_time=3.0)
    called = calls(monkeypatch)
    exchange = asked.place.begin()
    asked.place.wait(2.9)
    assert not exchange.answered
    _, done, failed, wanted = called[0]
    assert wanted()
    asked.place.wait(0.2)
    assert exchange.status == 503
    assert not wanted()
    done(ADA)
    failed(OSError("at last"))
    assert (exchange.status, asked.seen) == (503, [])
    assert [level for level, _ in asked.place.notes] == ["error"]


def test_who_has_left_is_not_asked_about(make: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = make(ADA)
    called = calls(monkeypatch)
    exchange = asked.place.begin()
    exchange.lose("gone")
    assert not called[0][3]()
    called[0][1](ADA)
    assert asked.seen == []


def test_where_too_many_wait_it_is_said_at_once(make: Callable[..., Asked]) -> None:
    asked = make(ADA)
    aside = asked.place.ground.aside("forward", 16, 256)
    assert isinstance(aside, InLoop)
    aside.full = True
    assert asked.place.ask().status == 503
    assert asked.seen == []


def test_each_request_is_asked_about_anew(make: Callable[..., Asked]) -> None:
    asked = make(ADA)
    asked.place.ask()
    asked.said = lambda: told(403)
    assert asked.place.ask().status == 403


def test_a_body_that_came_meanwhile_is_the_apps(make: Callable[..., Asked]) -> None:
    asked = make(ADA)
    exchange = asked.place.begin(method="POST", body=b"text")
    asked.place.settle()
    assert exchange.read() == b"text"


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ({"forward_auth": ""}, "--forward-auth:"),
        ({"forward_auth": "auth.example"}, "--forward-auth:"),
        ({"forward_auth": "http://me:secret@auth.example/"}, "--forward-auth:"),
        ({"auth": ("forward", "basic")}, "--auth: forward comes last"),
        ({"forward_auth_time": 0.0}, "--forward-auth-time:"),
        ({"forward_auth_headers": ("a b",)}, "--forward-auth-headers:"),
        ({"forward_auth_headers": ("Host",)}, "--forward-auth-headers:"),
        ({"forward_auth_user": "Content-Length"}, "--forward-auth-user:"),
        ({"forward_auth_groups": "Rôles"}, "--forward-auth-groups:"),
    ],
)
def test_a_wrong_setting_is_named(chosen: dict[str, Any], named: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=named) as caught:
        Place(tmp_path, "forward", **{"forward_auth": URL, **chosen})
    assert "secret" not in str(caught.value)


def test_places_with_the_same_settings_ask_by_the_same_connections(tmp_path: Path) -> None:
    place = Place(tmp_path, "forward", forward_auth=URL)
    same = {"auth": ("forward",), "forward_auth": URL}
    here, there = Settings(same), Settings({**same, "auth_realm": "other"})
    assert forward_scheme(here, place.ground) is forward_scheme(there, place.ground)
