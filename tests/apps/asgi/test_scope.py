"""Tests of the scope: what an app is told of its request."""

from collections.abc import Callable
from typing import Any

import pytest
from conversing import statuses

from hosting import Host, answer, body, start
from nowhere import Nowhere
from pellucid.apps.asgi.scope import KEPT, _paths, decode_path, scope_of, server_of, whole_path
from pellucid.apps.asgi.types import Receive, Scope, Send
from pellucid.message import NO_FIELDS, Headers, Request
from pellucid.net.secured import Secured
from pellucid.server.exchange import Exchange
from secured_facts import ANONYMOUS, AUTHORITY, LEAF, OWN, known

Make = Callable[..., Host]


def asked(path: bytes = b"/", query: bytes = b"", peer: str = "192.0.2.1", **details: Any) -> Exchange:
    headers = Headers([(b"host", b"x"), (b"accept", b"a"), (b"accept", b"b")])
    return Exchange(Request("GET", path, path, query, b"x", headers, **details), Nowhere(peer), 1, 0.0)


def scope(exchange: Exchange, root: bytes = b"", state: dict[str, Any] | None = None) -> Scope:
    return scope_of(exchange, root, state if state is not None else {})


def test_a_scope_is_complete() -> None:
    assert scope(asked(b"/a%20b", b"q=%20"), state={"pool": 1}) == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/a b",
        "raw_path": b"/a%20b",
        "query_string": b"q=%20",
        "root_path": "",
        "headers": [(b"host", b"x"), (b"accept", b"a"), (b"accept", b"b")],
        "client": ("192.0.2.1", 50000),
        "server": ("192.0.2.2", 80),
        "state": {"pool": 1},
        "extensions": {
            "http.response.pathsend": {},
            "http.response.zerocopysend": {},
            "http.response.early_hint": {},
            "http.response.trailers": {},
            "http.response.debug": {},
        },
    }


def over_tls(secured: Secured | None, scheme: bytes = b"https") -> Exchange:
    return Exchange(Request("GET", b"/", b"/", b"", b"x", NO_FIELDS, "2", scheme), Nowhere(secured=secured), 1, 0.0)


def test_a_scope_tells_what_tls_has_settled() -> None:
    told = scope(over_tls(known()))
    assert (told["scheme"], told["http_version"]) == ("https", "2")
    assert told["extensions"]["tls"] == {
        "server_cert": OWN,
        "client_cert_chain": (LEAF, AUTHORITY),
        "client_cert_name": "CN=Ada,O=Engines",
        "client_cert_error": None,
        "tls_version": 0x0303,
        "cipher_suite": 0xC02B,
    }


def test_a_client_without_a_certificate_has_no_name() -> None:
    told = scope(over_tls(ANONYMOUS))["extensions"]["tls"]
    assert (told["client_cert_chain"], told["client_cert_name"]) == ((), None)
    assert (told["tls_version"], told["cipher_suite"]) == (0x0304, 0x1302)


@pytest.mark.parametrize(
    ("secured", "scheme"),
    [
        pytest.param(None, b"http", id="in the clear"),
        pytest.param(None, b"https", id="a proxy in front speaks TLS with the client"),
        pytest.param(ANONYMOUS, b"http", id="a proxy in front speaks TLS with us alone"),
    ],
)
def test_without_tls_between_client_and_server_there_is_no_extension(secured: Secured | None, scheme: bytes) -> None:
    assert "tls" not in scope(over_tls(secured, scheme))["extensions"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"/", "/"),
        (b"*", "*"),
        (b"/%C3%BC", "/ü"),
        (b"/%2F%2e%2e", "//.."),
        (b"/%252F", "/%2F"),
        (b"/%ff", "/\N{REPLACEMENT CHARACTER}"),
        (b"/%00", "/\0"),
        (b"/%zz%4", "/%zz%4"),
    ],
)
def test_a_path_is_decoded_once_and_always_to_text(path: bytes, text: str) -> None:
    assert decode_path(path) == text
    told = scope(asked(path))
    assert (told["path"], told["raw_path"]) == (text, path)


@pytest.mark.parametrize(
    ("local", "server"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("[::1]:80", ("::1", 80)),
        ("unix:/run/a:1.sock", ("/run/a:1.sock", None)),
        ("", None),
    ],
)
def test_the_address_of_the_server_is_told_in_two_parts(local: str, server: object) -> None:
    assert server_of(local) == server


def test_a_client_without_an_address_is_none() -> None:
    assert scope(asked(peer=""))["client"] is None


def test_what_a_proxy_has_told_is_what_is_said() -> None:
    exchange = asked()
    exchange.peer, exchange.peer_port = "2001:db8::1", 1234
    exchange.request.scheme = b"https"
    told = scope(exchange)
    assert (told["client"], told["scheme"]) == (("2001:db8::1", 1234), "https")


@pytest.mark.parametrize(
    ("root", "path", "whole"),
    [
        (b"/app", b"/app/x", "/app/x"),
        (b"/app", b"/app", "/app"),
        (b"/app", b"/x", "/app/x"),
        (b"/app", b"/apple", "/app/apple"),
        (b"/%C3%BC", b"/%C3%BC/x", "/ü/x"),
    ],
)
def test_the_path_holds_the_root_path_whether_or_not_it_was_taken_away(root: bytes, path: bytes, whole: str) -> None:
    told = scope(asked(path), root)
    assert (told["root_path"], told["path"], told["raw_path"]) == (decode_path(root), whole, path)
    assert whole_path(root, path).startswith(root)


def test_a_mount_stands_beneath_the_root() -> None:
    exchange = asked(b"/site/x")
    exchange.mount = b"/site"
    told = scope(exchange, b"/app")
    assert (told["root_path"], told["path"]) == ("/app/site", "/app/site/x")


def test_a_method_is_told_in_capitals() -> None:
    exchange = asked()
    exchange.request.method = "patch"
    assert scope(exchange)["method"] == "PATCH"


def test_nothing_of_a_scope_is_shared_with_the_next_one() -> None:
    state: dict[str, Any] = {"pool": 1}
    exchange = asked()
    first = scope(exchange, state=state)
    first["headers"].clear()
    first["state"]["pool"] = 2
    first["asgi"]["version"] = "0"
    first["extensions"]["http.response.debug"]["x"] = 1
    first["extensions"].pop("http.response.pathsend")
    second = scope(exchange, state=state)
    assert len(second["headers"]) == 3
    assert second["state"] == {"pool": 1}
    assert second["asgi"]["version"] == "3.0"
    assert second["extensions"]["http.response.debug"] == {}
    assert "http.response.pathsend" in second["extensions"]


def test_the_paths_that_are_remembered_are_bounded_and_short() -> None:
    for number in range(KEPT + 10):
        scope(asked(b"/%d" % number))
    assert len(_paths) <= KEPT
    scope(asked(b"/" + b"x" * 300))
    assert max(map(len, _paths)) <= 256


def test_the_versions_of_http_are_told(host: Make) -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["http_version"])
        await send(start())
        await send(body())

    stage = host(app)
    stage.ask(b"GET / HTTP/1.0\r\n\r\n")
    stage.ask()
    assert seen == ["1.0", "1.1"]
    assert statuses(host(answer()).ask(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")) == [200]
