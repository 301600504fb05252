"""The parser beside h11 and httptools: what both refuse is refused; where Pellucid differs, there is a row for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import h11
import httptools
import pytest

from pellucid.message import Data, End
from protocol.battery import chunked, course, request
from protocol.requests import Requests

CASES = 30000

REFUSED = "refused"
UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Reading:
    """What a parser makes of the first request in some bytes; a transfer coding in small letters, as h11 has it."""

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes


Verdict = Reading | str


# Where Pellucid refuses what both of the others accept: a part of its reason, and an example.
STRICTER = [
    ("a character in the request target that must be percent-encoded (RFC 3986 2)", request(b'GET /" HTTP/1.1')),
    ("a fragment in the request target (RFC 9112 3.2)", request(b"GET /a#b HTTP/1.1")),
    ("the request target has none of the four forms (RFC 9112 3.2)", request(b"GET ** HTTP/1.1")),
    ("the scheme of the request target is not http or https (RFC 9110 4.2)", request(b"GET ftp://a/ HTTP/1.1")),
    ("CONNECT has no content (RFC 9110 9.3.6)", request(b"CONNECT a:1 HTTP/1.1", b"Content-Length: 1", body=b"a")),
    ("the target * is for OPTIONS only (RFC 9112 3.2.4)", request(b"GET * HTTP/1.1")),
    ("CONNECT wants host:port as its target (RFC 9112 3.2.3)", request(b"CONNECT a: HTTP/1.1")),
    ("the authority of the request target has userinfo (RFC 9110 4.2.4)", request(b"GET http://a@b/ HTTP/1.1")),
    ("the authority of the request target is empty (RFC 9110 4.2.1)", request(b"GET http:///a HTTP/1.1")),
    ("the authority of the request target is no host (RFC 9110 7.2)", request(b"GET http://a:1:q HTTP/1.1")),
    (
        "the authority of the request target has no IPv6 address between its brackets (RFC 3986 3.2.2)",
        request(b"GET http://[:::]/ HTTP/1.1"),
    ),
    (
        "the authority of the request target has an escaped delimiter or control character (RFC 3986 3.2.2)",
        request(b"GET http://a%2Fb/ HTTP/1.1"),
    ),
    (
        "the target of CONNECT has no IPv6 address between its brackets (RFC 3986 3.2.2)",
        request(b"CONNECT [:::]:80 HTTP/1.1"),
    ),
    (
        "the target of CONNECT has an escaped delimiter or control character (RFC 3986 3.2.2)",
        request(b"CONNECT a%40b:80 HTTP/1.1"),
    ),
    ("the Host field has no IPv6 address between its brackets (RFC 3986 3.2.2)", request(host=b"[:::::]")),
    ("the Host field has an escaped delimiter or control character (RFC 3986 3.2.2)", request(host=b"a%00")),
    ("the Host field has userinfo (RFC 9110 4.2.4)", request(host=b"a@b")),
    ("the Host field is a list (RFC 9112 3.2)", request(host=b"a, b")),
    ("the Host field is empty (RFC 9110 4.2.1)", request(host=b":80")),
    ("the Host field is no host (RFC 9110 7.2)", request(host=b"a/b?c")),
    (
        "an empty Host field beside an authority in the target (RFC 9112 3.2)",
        request(b"GET http://a HTTP/1.1", host=b""),
    ),
    ("the major version is not 1 (RFC 9110 15.6.6)", request(b"GET / HTTP/2.0")),
    ("HTTP/1.0 POST without Content-Length (RFC 1945 7.2.2)", request(b"POST / HTTP/1.0")),
    ("HTTP/1.0 PUT without Content-Length (RFC 1945 7.2.2)", request(b"PUT / HTTP/1.0")),
    (
        "Transfer-Encoding in HTTP/1.0 (RFC 9112 6.1)",
        request(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked", body=chunked(b"a")),
    ),
    ("an expectation other than 100-continue (RFC 9110 10.1.1)", request(b"GET / HTTP/1.1", b"Expect: x")),
    (
        "host is not allowed in the trailers (RFC 9110 6.5.1)",
        request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=chunked(end=b"0\r\nHost: b\r\n\r\n")),
    ),
]

# Where one of the others refuses what Pellucid accepts, so that two such together may be refused by both: the rule,
# an example, the parser, and the same request without it.
MILDER: list[tuple[str, bytes, str, Callable[[bytes], bytes]]] = [
    (
        "an empty line before a request is overlooked (RFC 9112 2.2)",
        b"\r\n" + request(),
        "h11",
        lambda data: data.removeprefix(b"\r\n"),
    ),
    (
        "a method is any token (RFC 9110 9.1)",
        request(b"get / HTTP/1.1"),
        "httptools",
        lambda data: data.replace(b"get ", b"GET ", 1),
    ),
]


def ours(data: bytes) -> tuple[Verdict, str]:
    """Pellucid's verdict, and its reason if it refuses."""
    became = course([data])
    events = [event for stream, event in became.events if stream == 1]
    if became.requests and (became.requests[0].complete or any(isinstance(event, End) for event in events)):
        first = became.requests[0]
        body = b"".join(event.data for event in events if isinstance(event, Data))
        fields = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in first.headers]
        return Reading(first.method.encode(), first.target, tuple(fields), body), ""
    return (REFUSED, became.refused.why) if became.refused is not None else (UNFINISHED, "")


def with_h11(data: bytes) -> Verdict:
    """h11's verdict."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return Reading(head.method, head.target, tuple(head.headers), body)
            else:
                return UNFINISHED
    except h11.RemoteProtocolError:
        return REFUSED


class Listener:
    """Takes the callbacks of httptools up to the end of the first request."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.target = self.body = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.in_head = True
        self.reading: Reading | None = None

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_head:
            value = value.strip(b" \t")
            self.fields.append((name.lower(), value.lower() if name.lower() == b"transfer-encoding" else value))

    def on_headers_complete(self) -> None:
        self.in_head = False

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        if self.reading is None:
            self.reading = Reading(self.parser.get_method(), self.target, tuple(self.fields), self.body)


def with_httptools(data: bytes) -> Verdict:
    """httptools' verdict."""
    listener = Listener()
    try:
        listener.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        return listener.reading or REFUSED
    return listener.reading or UNFINISHED


OTHERS = {"h11": with_h11, "httptools": with_httptools}


def _as_authority(reading: Reading, mine: Reading) -> Reading:
    target = reading.target
    if reading.method == b"CONNECT":
        authority = target
    elif target[:1] not in (b"/", b"*"):
        authority = target.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
    else:
        return reading
    fields = tuple(field for field in reading.fields if field[0] != b"host")
    return replace(reading, fields=((b"host", authority), *fields))


def _with_body(reading: Reading, mine: Reading) -> Reading:
    named = dict(reading.fields)
    upgrades = b"upgrade" in named.get(b"connection", b"") and b"upgrade" in named
    return replace(reading, body=mine.body) if upgrades and not reading.body else reading


# Where Pellucid reads something else: the rule, an example, who reads it otherwise, and what would make them alike.
OTHERWISE: list[tuple[str, bytes, list[str], Callable[[Reading, Reading], Reading]]] = [
    (
        "the target's authority takes the place of the Host field (RFC 9112 3.2.2)",
        request(b"GET http://a/ HTTP/1.1", host=b"b"),
        ["h11", "httptools"],
        _as_authority,
    ),
    (
        "the body of a request that offers an upgrade is a body (RFC 9110 7.8)",
        request(b"PUT / HTTP/1.1", b"Connection: upgrade", b"Upgrade: a", b"Content-Length: 1", body=b"a"),
        ["httptools"],
        _with_body,
    ),
]


def alike(name: str, other: Reading, mine: Reading) -> bool:
    """Whether the two read the same, but for the differences in the table."""
    for _, _, parsers, adapt in OTHERWISE:
        other = adapt(other, mine) if name in parsers else other
    return other == mine


def judge(data: bytes) -> str | None:
    """The complaint about Pellucid's verdict, beside the two others', or the reason for which it alone refuses."""
    verdict, why = ours(data)
    theirs = {name: parse(data) for name, parse in OTHERS.items()}
    if isinstance(verdict, Reading):
        for name, other in theirs.items():
            assert not isinstance(other, Reading) or alike(name, other, verdict), f"{name} reads {data!r} as {other}"
        if not any(isinstance(other, Reading) for other in theirs.values()):
            milder = {name: parse(_less(data, name)) for name, parse in OTHERS.items()}
            assert any(isinstance(other, Reading) for other in milder.values()), (
                f"both refuse {data!r}, Pellucid reads it"
            )
        return None
    return why or "waits for more" if all(isinstance(other, Reading) for other in theirs.values()) else None


def _less(data: bytes, name: str) -> bytes:
    for _, _, parser, mend in MILDER:
        data = mend(data) if parser == name else data
    return data


@pytest.mark.parametrize("seed", range(4))
def test_no_request_is_read_otherwise_than_by_h11_and_httptools_but_as_the_tables_say(seed: int) -> None:
    known = [why for why, _ in STRICTER]
    read = 0
    for number in range(seed, CASES, 4):
        chance = Random(number)
        requests = Requests(chance, chance.choice([0.03, 0.1, 0.2, 0.4]))
        data = requests.one()
        while chance.random() < 0.2:
            data = requests.mutated(data)
        why = judge(data)
        assert why is None or why in known, f"{data!r} is refused by Pellucid alone: {why}"
        read += isinstance(ours(data)[0], Reading)
    assert CASES / 8 * 0.8 < read < CASES / 4 * 0.8, "the requests are too wild, or too tame, to tell much"


@pytest.mark.parametrize(("why", "data"), STRICTER, ids=[why for why, _ in STRICTER])
def test_each_stricter_row_is_still_a_difference(why: str, data: bytes) -> None:
    assert judge(data) == why


@pytest.mark.parametrize(("why", "data", "parser", "mend"), MILDER, ids=[row[0] for row in MILDER])
def test_each_milder_row_is_still_a_difference(
    why: str, data: bytes, parser: str, mend: Callable[[bytes], bytes]
) -> None:
    assert isinstance(ours(data)[0], Reading)
    assert OTHERS[parser](data) == REFUSED
    assert isinstance(OTHERS[parser](mend(data)), Reading)


@pytest.mark.parametrize(("why", "data", "parsers", "adapt"), OTHERWISE, ids=[row[0] for row in OTHERWISE])
def test_each_row_of_what_is_read_otherwise_is_still_a_difference(
    why: str, data: bytes, parsers: list[str], adapt: Callable[[Reading, Reading], Reading]
) -> None:
    mine, _ = ours(data)
    assert isinstance(mine, Reading)
    for name, parse in OTHERS.items():
        other = parse(data)
        assert isinstance(other, Reading)
        assert (other != mine) is (name in parsers)
        assert name not in parsers or adapt(other, mine) == mine
