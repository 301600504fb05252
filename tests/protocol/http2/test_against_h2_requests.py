"""Requests that are a little wrong, which the package h2 reads too: all that it refuses is refused, and more."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import ProtocolError
from hpack import Encoder
from hyperframe.frame import HeadersFrame, SettingsFrame

from pellucid.message import Event, Refused, Request
from pellucid.protocol.http2.engine import Http2
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from protocol.http2.h2_client import PREFACE, Fields
from protocol.http2.test_against_h2 import joined

CASES = 10_000

GET: Fields = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a.example"), (b":path", b"/")]
CONNECT: Fields = [(b":method", b"CONNECT"), (b":authority", b"a.example:443")]
SOCKET: Fields = [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *GET[1:]]

# What may stand in a request, or not.
PSEUDO = [b":method", b":scheme", b":authority", b":path", b":protocol", b":status", b":", b":other"]
PSEUDO_VALUES = [b"", b"GET", b"CONNECT", b"https", b"ftp", b"/", b"*", b"/a b", b"//x", b"a.example", b"b@a", b"a/b"]
NAMES = [b"host", b"te", b"cookie", b"accept", b"content-length", b"x", b"", b"X-Upper", b"a b", b"a:", b"a\x00"]
NAMES += [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"expect", b"\xe9"]
VALUES = [b"", b"a", b"trailers", b"gzip", b"a.example", b"b.example", b"5", b"+5", b"chunked", b" a", b"a\t", b"a\x00"]
VALUES += [b"a\r\nb: c", b"a\nb", b"\x7f", b"\xe9", b"100-continue", b"close"]


def with_value(name: bytes, value: bytes) -> Fields:
    """A request with another value of a pseudo-field."""
    return [(each, value if each == name else before) for each, before in GET]


# Why we refuse what h2 accepts, and a request that it accepts.
STRICTER: list[tuple[str, Fields]] = [
    ("no :method that is a token (RFC 9113 8.3.1)", with_value(b":method", b"/")),
    ("no :scheme that is http or https (RFC 9113 8.3.1)", with_value(b":scheme", b"ftp")),
    ("no :path that begins with a slash (RFC 9113 8.3.1)", with_value(b":path", b"a")),
    ("a character in the request target that must be percent-encoded (RFC 3986 2)", with_value(b":path", b"/a b")),
    (":authority is empty (RFC 9110 4.2.1)", with_value(b":authority", b"")),
    (":authority is no host (RFC 9110 7.2)", with_value(b":authority", b"a/b")),
    (":authority has userinfo (RFC 9110 4.2.4)", with_value(b":authority", b"b@a")),
    ("a pseudo-field behind the other fields (RFC 9113 8.3)", [(b"cookie", b""), *CONNECT]),
    ("CONNECT wants host:port as its target (RFC 9112 3.2.3)", [*CONNECT[:1], (b":authority", b"a")]),
    ("CONNECT has no content (RFC 9110 9.3.6)", [*CONNECT, (b"content-length", b"5")]),
    ("a :protocol that is no token (RFC 8441 4)", [SOCKET[0], (b":protocol", b""), *SOCKET[2:]]),
    ("an expectation other than 100-continue (RFC 9110 10.1.1)", [*GET, (b"expect", b"a")]),
    ("a control character in the value (RFC 9110 5.5)", [*GET, (b"x", b"\x7f")]),
    ("the end of a request before its Content-Length (RFC 9113 8.1.1)", [*GET, (b"content-length", b"5")]),
]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an end makes of a request: its fields, or why it refuses them."""

    fields: Fields | None
    why: str = ""


def random_request(random: Random) -> Fields:
    """A request that is right, and then changed in one or two places."""
    fields = list(random.choice([GET, GET, GET, CONNECT, SOCKET]))
    for _ in range(random.choice([0, 1, 1, 1, 2])):
        place = random.randrange(len(fields))
        kind = random.randrange(6)
        if kind == 0:
            del fields[place]
        elif kind == 1:
            fields.insert(random.randint(0, len(fields)), (random.choice(PSEUDO), random.choice(PSEUDO_VALUES)))
        elif kind == 2:
            fields[place] = (fields[place][0], random.choice(PSEUDO_VALUES))
        elif kind == 3:
            other = random.randrange(len(fields))
            fields[place], fields[other] = fields[other], fields[place]
        else:
            where = len(fields) if kind == 4 else random.randint(0, len(fields))
            fields.insert(where, (random.choice(NAMES), random.choice(VALUES)))
        if not fields:
            break
    return fields


def request_bytes(fields: Fields, complete: bool) -> bytes:
    """What a client says to make this request at once."""
    frame = HeadersFrame(1, Encoder().encode(fields))
    frame.flags.add("END_HEADERS")
    if complete:
        frame.flags.add("END_STREAM")
    return PREFACE + SettingsFrame(0).serialize() + frame.serialize()


def by_h2(words: bytes) -> Reading:
    """What the package makes of it."""
    machine = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    machine.initiate_connection()
    try:
        for event in machine.receive_data(words):
            if isinstance(event, RequestReceived):
                return Reading([(bytes(name), bytes(value)) for name, value in event.headers])
    except ProtocolError as error:
        return Reading(None, str(error))
    raise AssertionError("no request, and no fault")


def by_us(words: bytes) -> tuple[Event, Reading]:
    """What the engine makes of it."""
    engine = Http2(Limits(), Http2Limits(), lambda: b"", lambda: 0.0, b"https")
    engine.receive(words)
    item = engine.next_event()
    assert item is not None
    stream, event = item
    if isinstance(event, Refused):
        return event, Reading(None, event.why)
    assert stream == 1
    assert isinstance(event, Request)
    return event, Reading(list(event.headers))


def plain(fields: Fields) -> Fields:
    """The fields of a request less its pseudo-fields; :authority as Host, which says it alone."""
    told = [item for item in fields if item[0][:1] != b":" and item[0] != b"host"]
    authority = dict(fields).get(b":authority") or dict(fields).get(b"host")
    return [(b"host", authority or b""), *joined(told)]


def test_what_h2_refuses_is_refused_and_what_both_accept_means_the_same() -> None:
    stricter: set[str] = set()
    both = neither = 0
    for seed in range(CASES):
        random = Random(seed)
        fields = random_request(random)
        if not fields:
            continue
        words = request_bytes(fields, random.random() < 0.8)
        theirs, (event, ours) = by_h2(words), by_us(words)
        if ours.fields is None:
            neither += theirs.fields is None
            if theirs.fields is not None:
                stricter.add(ours.why)
            continue
        assert theirs.fields is not None, f"{fields} is refused by h2: {theirs.why}"
        assert isinstance(event, Request)
        assert plain(list(event.headers)) == plain(theirs.fields)
        both += 1
    assert {why for why in stricter if not any(known in why for known, _ in STRICTER)} == set()
    assert min(both, neither) > CASES // 5


@pytest.mark.parametrize(("why", "fields"), STRICTER)
def test_where_we_are_stricter(why: str, fields: Fields) -> None:
    words = request_bytes(fields, complete=True)
    assert by_h2(words).fields is not None
    assert why in by_us(words)[1].why
