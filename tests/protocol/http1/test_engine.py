"""The HTTP/1 engine in conversation: who may speak when, what is said of the connection, and how each thing ends."""

from pathlib import Path

import pytest

from pellucid.errors import WrongAnswer
from pellucid.message import END, Data, End, Headers, Refused, Request, Response
from pellucid.protocol.engine import Phase
from pellucid.protocol.http1.engine import DRAIN, JOINED, READ_AHEAD
from pellucid.protocol.limits import REFUSED_LINE, UNBOUNDED, Limits
from protocol.battery import CONTINUE, chunked, every_way, http1, refuse, request, said
from protocol.playbook import load, play

PLAYS = load(Path(__file__).parent / "playbooks")


@pytest.mark.parametrize("name", PLAYS)
def test_a_conversation(name: str) -> None:
    play(PLAYS[name])


def test_a_bound_of_requests_is_kept_and_told() -> None:
    course = every_way(request() * 3, Limits(requests=2))
    assert len(course.requests) == 2
    assert course.output.count(b"connection: close\r\n") == 1
    assert course.phase is Phase.OVER
    assert course.unread


def test_a_head_may_be_longer_than_a_line_and_come_in_parts() -> None:
    course = every_way(request(b"GET / HTTP/1.1", b"X: " + b"x" * 100), Limits(request_line=50))
    assert len(course.requests) == 1


def test_the_date_is_told_unless_the_app_tells_one() -> None:
    for own, told in [([], b"date: now\r\n"), ([(b"date", b"then")], b"date: then\r\n")]:
        engine = http1(date=b"date: now\r\n")
        engine.receive(request())
        assert engine.next_event() is not None
        engine.send_response(1, Response(200, Headers(own)), b"")
        head = said(engine)
        assert head.count(b"date: ") == 1
        assert told in head


def test_a_whole_answer_is_one_piece_unless_it_is_large() -> None:
    for size, pieces in [(0, 1), (1, 1), (JOINED, 1), (JOINED + 1, 2)]:
        engine = http1()
        engine.receive(request())
        assert engine.next_event() is not None
        assert engine.send_response(1, Response(200), b"x" * size)
        assert len(engine.take_output()) == pieces


def test_only_so_much_is_read_ahead_of_an_answer() -> None:
    engine = http1()
    engine.receive(request())
    assert engine.next_event() is not None
    engine.receive(b"x" * (READ_AHEAD - 1))
    assert engine.hungry
    engine.receive(b"x")
    assert not engine.hungry


def test_a_long_trailer_that_the_app_waits_for_is_not_held_back() -> None:
    course = every_way(
        request(
            b"POST / HTTP/1.1",
            b"Transfer-Encoding: chunked",
            body=b"0\r\nx: " + b"x" * (READ_AHEAD + 1000) + b"\r\n\r\n",
        )
    )
    assert course.trailers is not None
    assert len(course.trailers) == 1
    assert course.phase is Phase.IDLE


def test_a_body_that_nobody_reads_is_not_taken_in_beyond_its_bound() -> None:
    engine = http1()
    engine.receive(request(b"PUT / HTTP/1.1", b"Content-Length: 1000000"))
    assert engine.next_event() is not None
    while engine.hungry:
        engine.receive(b"x" * 1000)
        assert engine.next_event() is None
    assert engine.phase is Phase.ANSWER
    engine.send_response(1, Response(413), b"")
    assert engine.finished
    assert engine.unread


def test_the_rest_of_a_body_is_dropped_up_to_a_bound() -> None:
    for left, kept in [(DRAIN, True), (DRAIN + 1, False)]:
        engine = http1()
        engine.receive(request(b"PUT / HTTP/1.1", b"Content-Length: %d" % (left + 1), body=b"x"))
        assert engine.next_event() is not None
        engine.credit(1, 1)
        assert engine.next_event() == (1, Data(b"x"))
        engine.send_response(1, Response(204), b"")
        for _ in range(left // 1024 + 1):
            engine.receive(b"x" * min(1024, left))
            left -= min(1024, left)
            assert engine.next_event() is None
        assert engine.finished is not kept
        assert engine.phase is (Phase.IDLE if kept else Phase.OVER)


def test_an_answer_that_is_given_up_breaks_the_connection() -> None:
    engine = http1()
    engine.receive(request(b"GET / HTTP/1.1"))
    assert engine.next_event() is not None
    assert not engine.broken
    engine.reset(1)
    assert engine.broken
    assert engine.finished
    assert engine.phase is Phase.OVER


def test_a_quiet_engine_has_nothing_pending() -> None:
    engine = http1()
    assert not engine.pending
    engine.receive(b"GET")
    assert engine.pending
    engine = http1()
    engine.receive_eof()
    assert engine.pending
    engine = http1()
    engine.refuse(408, "slow")
    assert engine.pending
    assert engine.next_event() == (1, Refused(408, "slow"))
    assert not engine.pending
    assert engine.room(1) == UNBOUNDED


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1"),
        (b"\r\nGET * HTTP/1.1\r\nHost: a\r\n\r\n", b"GET * HTTP/1.1"),
        (b"GET /\n\n", b"GET /"),
        (b"GET /" + b"a" * 10_000, (b"GET /" + b"a" * 10_000)[:REFUSED_LINE]),
    ],
)
def test_a_refusal_shows_the_line_that_was_refused(data: bytes, line: bytes) -> None:
    engine = http1()
    engine.receive(data)
    event = (engine.next_event() or (0, END))[1]
    assert isinstance(event, Refused)
    assert event.line == line


@pytest.mark.parametrize("window", [1, 3, 1 << 20])
def test_a_tunnel_carries_every_byte_in_both_versions_of_asking(window: int) -> None:
    asked = request(b"GET / HTTP/1.1", b"Connection: upgrade", b"Upgrade: echo", body=b"GET / HTTP/1.1\r\n\r\n\n\n\0")
    for data in (asked, request(b"CONNECT a:1 HTTP/1.1", body=bytes(range(256)))):
        course = every_way(data, tunnels=True, window=window)
        assert course.body == data.partition(b"\r\n\r\n")[2]
        assert course.phase is Phase.TUNNEL


def test_100_goes_out_once_and_only_if_the_body_is_not_there_yet() -> None:
    head = request(b"PUT / HTTP/1.1", b"Content-Length: 1", b"Expect: 100-continue")
    for arrived, count in [(b"", 1), (b"a", 0)]:
        engine = http1()
        engine.receive(head + arrived)
        assert engine.next_event() is not None
        engine.credit(1, 5)
        engine.credit(1, 5)
        assert said(engine) == CONTINUE * count


def test_every_kind_of_request_on_one_connection() -> None:
    data = (
        request()
        + request(b"HEAD / HTTP/1.1")
        + request(
            b"POST / HTTP/1.1", b"Transfer-Encoding: chunked", body=chunked(b"ab", b"c", end=b"0\r\nx: y\r\n\r\n")
        )
        + b"\r\n"
        + request(b"PUT / HTTP/1.1", b"Content-Length: 3", body=b"def")
        + request(b"OPTIONS * HTTP/1.0", b"Connection: keep-alive")
        + request(b"GET / HTTP/1.1", b"Connection: close")
    )
    course = every_way(data)
    assert [each.method for each in course.requests] == ["GET", "HEAD", "POST", "PUT", "OPTIONS", "GET"]
    assert course.body == b"abcdef"
    assert course.output.count(b"HTTP/1.1 200 OK\r\n") == 6
    assert course.output.count(b"\r\n\r\nok") == 5
    assert course.phase is Phase.OVER


def test_a_refusal_ends_the_connection_and_carries_the_next_number() -> None:
    course = refuse(request() + b"GET / HTTP/1.1\r\n\r\n", 400, "no Host field (RFC 9112 3.2)")
    assert [(stream, type(event)) for stream, event in course.events] == [(1, Request), (2, Refused)]


def test_an_accepted_body_ends_with_its_end() -> None:
    course = every_way(request(b"PUT / HTTP/1.1", b"Content-Length: 1", body=b"a"))
    assert [type(event) for _, event in course.events] == [Request, Data, End]


def test_a_wrong_answer_leaves_the_request_to_be_answered() -> None:
    engine = http1()
    engine.receive(request())
    assert engine.next_event() is not None
    for wrong in (
        Response(200, Headers([(b"x", b"\n")])),
        Response(700),
        Response(101),
        Response(150, Headers([(b"", b"")])),
    ):
        with pytest.raises(WrongAnswer):
            engine.send_response(1, wrong, b"body")
        assert engine.take_output() == []
    assert engine.send_response(1, Response(500), b"sorry")


@pytest.mark.parametrize("then", [b"", b"hello", b"longer than hello"])
@pytest.mark.parametrize("status", [200, 204, 304, 404])
@pytest.mark.parametrize(
    "asks",
    [
        request(),
        request(b"HEAD / HTTP/1.1"),
        request(b"OPTIONS * HTTP/1.1"),
        request(b"POST / HTTP/1.1", b"Content-Length: 2") + b"ab",
        request(b"GET / HTTP/1.1", b"Connection: close"),
        b"GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
    ],
    ids=lambda asked: asked.split(b"\r\n")[0].decode(),
)
@pytest.mark.parametrize("drains", [False, True])
def test_fields_that_go_out_again_say_what_new_ones_would(asks: bytes, status: int, then: bytes, drains: bool) -> None:
    def answered(headers: Headers) -> bytes:
        engine = http1(date=b"date: now\r\n")
        engine.receive(asks)
        assert engine.next_event() is not None
        if drains:
            engine.drain()
        engine.send_response(engine.served, Response(status, headers), then)
        return b"".join(bytes(piece) for piece in engine.take_output() if isinstance(piece, bytes))

    fields = [(b"content-type", b"text/plain")]
    shared = Headers(fields)
    for body in (b"hello", b"hi", then):  # so that heads of these fields have gone out before
        engine = http1(date=b"date: now\r\n")
        engine.receive(request())
        assert engine.next_event() is not None
        engine.send_response(1, Response(200, shared), body)
    assert answered(shared) == answered(shared) == answered(Headers(fields))
