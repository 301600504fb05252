"""The handshake, with the requests as the engines of HTTP read them and the answers as they write them."""

import pytest

from pellucid.errors import WrongAnswer
from pellucid.message import Field, Headers, Request
from pellucid.protocol.http2.head import parse_head
from pellucid.protocol.limits import Limits
from pellucid.protocol.websocket.extensions import Extension
from pellucid.protocol.websocket.handshake import Offer, Refusal, accept, asks, judge, proof
from protocol.battery import http1, request, said

UPGRADE = b"Upgrade: websocket"
CONNECTION = b"Connection: Upgrade"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
VERSION = b"Sec-WebSocket-Version: 13"
USUAL = (UPGRADE, CONNECTION, KEY, VERSION)
GET = b"GET /chat HTTP/1.1"

OVER_HTTP2: tuple[Field, ...] = (
    (b":method", b"CONNECT"),
    (b":protocol", b"websocket"),
    (b":scheme", b"https"),
    (b":path", b"/chat"),
    (b":authority", b"example.com"),
    (b"sec-websocket-version", b"13"),
)


def over_http1(*fields: bytes, line: bytes = GET, body: bytes = b"") -> Request:
    """A request as HTTP/1.1 gives it out."""
    engine = http1()
    engine.receive(request(line, *fields, body=body))
    item = engine.next_event()
    assert item is not None
    assert isinstance(item[1], Request)
    return item[1]


def over_http2(*fields: Field) -> Request:
    """A request as HTTP/2 gives it out."""
    return parse_head((*OVER_HTTP2, *fields), Limits()).request(b"https", False)


def offered(found: Offer | Refusal) -> Offer:
    assert isinstance(found, Offer), found
    return found


def refused(found: Offer | Refusal) -> Refusal:
    assert isinstance(found, Refusal), found
    return found


def test_the_handshake_of_the_rfc() -> None:
    # RFC 6455 section 1.2 and 1.3
    asked = over_http1(*USUAL, b"Origin: http://example.com", b"Sec-WebSocket-Protocol: chat, superchat")
    assert asks(asked)
    offer = offered(judge(asked))
    assert offer == Offer(b"dGhlIHNhbXBsZSBub25jZQ==", ("chat", "superchat"))
    response = accept(offer, "chat")
    assert response.status == 101
    assert response.headers.get(b"sec-websocket-accept") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert response.headers.get(b"sec-websocket-protocol") == b"chat"


def test_the_answer_goes_out_over_http1() -> None:
    engine = http1()
    engine.receive(request(GET, *USUAL) + b"\x81\x80abcd")
    item = engine.next_event()
    assert item is not None
    assert isinstance(item[1], Request)
    response = accept(offered(judge(item[1])), headers=Headers([(b"set-cookie", b"a=b")]))
    assert engine.send_response(1, response, None)
    assert said(engine) == (
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
        b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nset-cookie: a=b\r\nconnection: upgrade\r\n\r\n"
    )


def test_over_http2_there_is_no_key_and_the_answer_is_200() -> None:
    # RFC 8441 section 5.1
    asked = over_http2((b"sec-websocket-protocol", b"chat"), (b"sec-websocket-extensions", b"permessage-deflate"))
    assert asks(asked)
    offer = offered(judge(asked))
    assert offer == Offer(b"", ("chat",), (Extension("permessage-deflate"),))
    response = accept(offer, "chat", Extension("permessage-deflate", (("server_no_context_takeover", None),)))
    assert response.status == 200
    assert list(response.headers) == [
        (b"sec-websocket-protocol", b"chat"),
        (b"sec-websocket-extensions", b"permessage-deflate; server_no_context_takeover"),
    ]


@pytest.mark.parametrize(
    "fields",
    [
        (b"upgrade: WebSocket", b"connection: keep-alive, UPGRADE", KEY, VERSION),
        (b"Upgrade: h2c, websocket", CONNECTION, KEY, VERSION),
        (b"Upgrade: h2c", UPGRADE, CONNECTION, KEY, VERSION),
        (*USUAL, b"Sec-WebSocket-Protocol: a", b"Sec-WebSocket-Protocol: b"),
        (*USUAL, b"Content-Length: 0"),
    ],
)
def test_other_ways_to_say_the_same_are_taken(fields: tuple[bytes, ...]) -> None:
    asked = over_http1(*fields)
    assert asks(asked)
    offered(judge(asked))


@pytest.mark.parametrize(
    "fields",
    [(), (UPGRADE,), (CONNECTION,), (b"Upgrade: h2c", CONNECTION), (b"Upgrade: websocket/13", CONNECTION)],
)
def test_a_request_without_upgrade_asks_for_no_websocket(fields: tuple[bytes, ...]) -> None:
    assert not asks(over_http1(*fields))


def test_http_1_0_and_other_connects_ask_for_no_websocket() -> None:
    assert not asks(over_http1(*USUAL, line=b"GET / HTTP/1.0"))
    assert not asks(parse_head(((b":method", b"CONNECT"), (b":authority", b"a:1")), Limits()).request(b"https", False))


REFUSED: dict[str, tuple[tuple[bytes, ...], int, str]] = {
    "no key": ((UPGRADE, CONNECTION, VERSION), 400, "no Sec-WebSocket-Key"),
    "two keys": ((*USUAL, KEY), 400, "not 16 bytes"),
    "no version": ((UPGRADE, CONNECTION, KEY), 400, "no Sec-WebSocket-Version"),
    "an old version": ((UPGRADE, CONNECTION, KEY, b"Sec-WebSocket-Version: 8"), 426, "not 13"),
    "two versions": ((*USUAL, VERSION), 426, "not 13"),
    "a list of versions": ((UPGRADE, CONNECTION, KEY, b"Sec-WebSocket-Version: 13, 8"), 426, "not 13"),
    "a version with a sign": ((UPGRADE, CONNECTION, KEY, b"Sec-WebSocket-Version: +13"), 426, "not 13"),
    "a subprotocol beyond ASCII": ((*USUAL, b"Sec-WebSocket-Protocol: \xc3\xbc"), 400, "no token"),
    "a subprotocol twice": ((*USUAL, b"Sec-WebSocket-Protocol: a, a"), 400, "twice"),
    "no subprotocol": ((*USUAL, b"Sec-WebSocket-Protocol:"), 400, "names none"),
    "a malformed extension": ((*USUAL, b"Sec-WebSocket-Extensions: a;"), 400, "malformed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_breaks_a_rule_is_refused(name: str) -> None:
    fields, status, why = REFUSED[name]
    found = refused(judge(over_http1(*fields)))
    assert found.response.status == status
    assert why in found.why
    assert "(RFC 6455 " in found.why
    assert found.response.headers.get(b"sec-websocket-version") == b"13"
    assert found.response.headers.get(b"upgrade") == (b"websocket" if status == 426 else None)


@pytest.mark.parametrize(
    "key",
    [
        *[b"", b"x", b"dGhlIHNhbXBsZSBub25jZQ", b"dGhlIHNhbXBsZSBub25jZQ=", b"dGhlIHNhbXBsZSBub25jZQ==="],
        *[b"dGhlIHNhbXBsZSBub25j", b"dGhlIHNhbXBsZSBub25jZTEyMzQ=", b"dGhlIHNhbXBsZSB\xb7bm5jZQ=="],
        *[b"dGhl IHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZSBub25jZQ--", b"========================"],
    ],
)
def test_a_key_that_is_not_16_bytes_in_base64_is_refused(key: bytes) -> None:
    found = refused(judge(over_http1(UPGRADE, CONNECTION, VERSION, b"Sec-WebSocket-Key: " + key)))
    assert found.response.status == 400
    assert "Sec-WebSocket-Key" in found.why


@pytest.mark.parametrize("method", [b"POST", b"HEAD", b"OPTIONS", b"QUERY"])
def test_other_methods_are_not_allowed(method: bytes) -> None:
    found = refused(judge(over_http1(*USUAL, line=method + b" /chat HTTP/1.1")))
    assert found.response.status == 405
    assert found.response.headers.get(b"allow") == b"GET"


@pytest.mark.parametrize("fields", [(b"Content-Length: 1",), (b"Transfer-Encoding: chunked",)])
def test_a_request_with_content_is_refused(fields: tuple[bytes, ...]) -> None:
    found = refused(judge(over_http1(*USUAL, *fields)))
    assert found.response.status == 400
    assert "content" in found.why


@pytest.mark.parametrize("version", [b"", b"12", b"13, 13"])
def test_over_http2_a_wrong_version_is_refused_without_upgrade(version: bytes) -> None:
    fields = (*OVER_HTTP2[:5], (b"sec-websocket-version", version))
    found = refused(judge(parse_head(fields, Limits()).request(b"https", False)))
    assert found.response.status == 400
    assert list(found.response.headers) == [(b"sec-websocket-version", b"13")]


def test_an_app_chooses_among_what_was_offered_and_leaves_the_handshake_alone() -> None:
    offer = offered(judge(over_http1(*USUAL, b"Sec-WebSocket-Protocol: chat")))
    with pytest.raises(WrongAnswer, match="not offered"):
        accept(offer, "superchat")
    for name in (b"sec-websocket-accept", b"sec-websocket-protocol", b"sec-websocket-extensions", b"upgrade"):
        with pytest.raises(WrongAnswer, match="handshake's own"):
            accept(offer, headers=Headers([(name, b"x")]))


def test_a_key_has_its_proof() -> None:
    assert proof(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
