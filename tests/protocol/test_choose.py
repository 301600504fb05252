"""Which protocol a peer speaks: by its name in ALPN, and by first bytes that come whole or in drips."""

import pytest

from pellucid.protocol.choose import LONGEST_LINE, PREFACE_LINE, Opening, Protocols
from pellucid.protocol.http1.engine import Http1
from pellucid.protocol.http2.engine import Http2
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Heard(Http1):
    """An engine that keeps what it was given."""

    def __init__(self) -> None:
        super().__init__(Limits(), lambda: b"")
        self.heard: list[bytes] = []

    def receive(self, data: bytes) -> None:
        self.heard.append(data)


def protocols(**chosen: bool) -> Protocols:
    spoken = Protocols(Limits(), lambda: b"", lambda: 0.0)
    spoken.http2 = Http2Limits(**chosen)
    return spoken


@pytest.mark.parametrize(("name", "kind"), [("h2", Http2), ("http/1.1", Http1), ("", Http1), ("h3", Http1)])
def test_what_was_agreed_on_is_spoken(name: str, kind: type) -> None:
    assert type(protocols().agreed(name)) is kind


def test_in_the_clear_http1_is_assumed_and_http2_looked_for_unless_it_is_off() -> None:
    assert type(protocols().assumed()) is Http1
    opening = protocols().opening()
    assert opening is not None
    assert type(opening.other(PREFACE)) is Http2
    assert protocols(http2=False).opening() is None


@pytest.mark.parametrize("first", [b"", PREFACE[:1], PREFACE[:3], PREFACE[:15], PREFACE[:16], PREFACE + b"more"])
def test_the_preface_is_known_however_it_is_split(first: bytes) -> None:
    engine = Heard()
    opening = Opening(lambda: engine)
    found = opening.other(first) if first else None
    if not first.startswith(PREFACE_LINE):
        assert found is None
        assert opening.open
        found = opening.other(PREFACE[len(first) :])
        first = PREFACE
    assert found is engine
    assert engine.heard == [first]
    assert not opening.open


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("line", [b"INVALID CONNECTION PREFACE", b"GET / FTP/1.1", b"SSH - OpenSSH"])
def test_a_first_line_that_is_no_request_line_is_a_wrong_preface(line: bytes, end: bytes) -> None:
    engine = Heard()
    opening = Opening(lambda: engine)
    assert opening.other(line) is None
    assert opening.other(end) is engine
    assert engine.heard == [line + end]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"GET / http/1.1\r\n",
        b"GET /\r\n",
        b"GET / two HTTP/1.1\r\n",
        b"P\n",
        b"PRI * HTTP/1.1\r\n",
        b"\x16\x03\x01 \xff \xff\n",
        b"GET /" + b"a" * LONGEST_LINE,
    ],
)
def test_what_appears_to_be_a_request_is_left_to_http1(data: bytes) -> None:
    opening = Opening(Heard)
    assert opening.other(data) is None
    assert not opening.open
    opening = Opening(Heard)
    for at in range(len(data)):
        assert opening.other(data[at : at + 1]) is None
        if not opening.open:
            break
    assert not opening.open
