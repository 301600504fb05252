"""Conversations that take too long: each limit strikes at its moment, not before, and no drip puts it off."""

from dataclasses import replace

import pytest
from conversing import HELLO, Client, Later, Script, Stage, answering, request, statuses

from pellucid.message import Response
from pellucid.server.exchange import Exchange
from pellucid.server.timeouts import Patience
from pellucid.watch import Watch

PATIENCE = Patience(
    head_time=10.0, body_rate=100, body_grace=8.0, idle=75.0, write_stall=60.0, write_rate=0, linger=5.0
)  # what the numbers below refer to
NONE = Patience(head_time=0, body_rate=0, idle=0, write_stall=0)
SHORTLY = 0.001


def reading(exchange) -> None:  # type: ignore[no-untyped-def]  # an App
    exchange.on_body = exchange.read
    exchange.read()


@pytest.fixture
def stage() -> Stage:
    return Stage(patience=PATIENCE)


def lasts(client: Client, seconds: float) -> None:
    """Nothing happens to the client until these seconds have passed, less a moment."""
    before = bytes(client.got)
    client.stage.wait(seconds - SHORTLY)
    assert not client.ended
    assert client.talk() == b""
    assert bytes(client.got) == before
    client.stage.wait(2 * SHORTLY)  # the clock's sums are not exact


def test_a_connection_may_rest_so_long(stage: Stage) -> None:
    client = stage.client()
    lasts(client, 75)
    assert client.ended
    assert client.got == b""
    assert stage.open_connections == 0


def test_the_rest_begins_anew_with_each_answer(stage: Stage) -> None:
    client = stage.client()
    for _ in range(5):
        stage.wait(74)
        assert statuses(client.talk(HELLO)) == [200]
    lasts(client, 75)
    assert client.ended
    assert not client.broken


def test_an_empty_line_is_no_request_and_does_not_put_the_end_off(stage: Stage) -> None:
    client = stage.client()
    stage.wait(70)
    client.talk(b"\r\n")
    lasts(client, 5)
    assert client.ended


def test_a_drip_of_empty_lines_is_refused(stage: Stage) -> None:
    client = stage.client()
    for _ in range(4):
        stage.wait(9)
        client.talk(b"\r\n")
    assert statuses(client.got) == [400]


@pytest.mark.parametrize("drip", [b"", b"x"])
def test_a_head_must_arrive_in_its_time(stage: Stage, drip: bytes) -> None:
    client = stage.client()
    stage.wait(50)
    client.talk(b"GET / HTTP/1.1\r\nHost: ")
    for _ in range(9):
        stage.wait(1)
        assert client.talk(drip) == b""
    lasts(client, 1)
    assert statuses(client.talk()) == [408]
    assert b"head-time" in client.got
    assert client.ended
    lasts_lingering(client)


def lasts_lingering(client: Client) -> None:
    stage = client.stage
    for _ in range(4):
        stage.wait(1)
        client.talk(b"x" * 10)
        assert stage.open_connections == 1
    stage.wait(1)
    assert stage.open_connections == 0
    assert stage.timers == 0


def test_the_time_of_a_head_is_its_own(stage: Stage) -> None:
    client = stage.client()
    for _ in range(3):
        client.talk(HELLO[:10])
        stage.wait(9)
        assert statuses(client.talk(HELLO[10:] + HELLO[:1])) == [200]
        stage.wait(9)
        assert statuses(client.talk(HELLO[1:])) == [200]


@pytest.mark.parametrize("drip", [0, 1, 90])
def test_a_body_must_arrive_at_its_rate(drip: int) -> None:
    stage = Stage(reading, patience=PATIENCE)
    client = stage.client()
    client.talk(request("POST", content_length="100000"))
    elapsed = arrived = 0
    while elapsed + 1 < 8 + arrived / 100:
        stage.wait(1)
        elapsed += 1
        arrived += drip
        assert client.talk(bytes(drip)) == b""
    lasts(client, 8 + arrived / 100 - elapsed)
    assert statuses(client.talk()) == [408]
    assert b"body-rate" in client.got


@pytest.mark.parametrize("drip", [b"1;x=y\r\n", b"z\r\n"])
def test_what_frames_a_body_does_not_count_as_body(drip: bytes) -> None:
    stage = Stage(reading, patience=PATIENCE)
    client = stage.client()
    client.talk(request("POST", transfer_encoding="chunked"))
    client.talk(b"1;" + b"x" * 200 + b"\r\nz\r\n")
    lasts(client, 8.0)
    assert statuses(client.talk()) == [408]


def test_a_body_at_its_rate_may_take_as_long_as_it_takes() -> None:
    stage = Stage(reading, patience=PATIENCE)
    client = stage.client()
    client.talk(request("POST", content_length="100000"))
    for _ in range(999):
        stage.wait(1)
        assert client.talk(bytes(100)) == b""
    assert stage.open_connections == 1


def test_a_body_that_nobody_asks_for_has_time() -> None:
    app = Later()
    stage = Stage(app, patience=PATIENCE)
    client = stage.client()
    client.talk(request("POST", content_length="5"))
    stage.wait(100_000)
    assert not client.ended
    app.last.read()
    client.talk()
    lasts(client, 8)
    assert statuses(client.talk()) == [408]


def test_the_rest_of_a_body_that_nobody_reads_has_the_time_of_a_head() -> None:
    stage = Stage(answering(b"early"), patience=PATIENCE)
    client = stage.client()
    assert statuses(client.talk(request("POST", content_length="1000") + b"x" * 100)) == [200]
    stage.wait(10 - SHORTLY)
    assert client.talk(b"x") == b""
    assert not client.ended
    stage.wait(SHORTLY)
    client.talk()
    assert client.ended
    assert stage.notes[-1] == ("debug", "192.0.2.1 closed: head-time")


def test_what_came_too_slowly_is_logged_with_the_time_that_it_took() -> None:
    watch = Watch()
    ended: list[Exchange] = []
    watch.ended.append(ended.append)
    stage = Stage(patience=PATIENCE, watch=watch)
    client = stage.client()
    stage.wait(50)
    client.talk(b"GET")
    stage.wait(10)
    assert [round(each.finished - each.begun, 3) for each in ended] == [10.0]


def test_an_app_may_take_as_long_as_it_takes() -> None:
    app = Later()
    stage = Stage(app, patience=PATIENCE)
    client = stage.client()
    client.talk(HELLO)
    stage.wait(100_000)
    app.last.respond(Response(200), b"at last")
    assert client.talk().endswith(b"at last")


def test_a_client_must_take_something_of_what_waits(stage: Stage) -> None:
    client = stage.client(holds=50)
    client.send(HELLO)
    stage.settle()
    stage.wait(59)
    assert client.read(10)
    for _ in range(3):
        stage.wait(59)
        assert client.read(1)
    stage.wait(60 - SHORTLY)
    assert not client.ended
    stage.wait(SHORTLY)
    assert client.broken
    assert stage.open_connections == 0


def test_a_client_that_takes_a_little_now_and_then_is_cut_too() -> None:
    stage = Stage(patience=replace(PATIENCE, write_rate=1))
    client = stage.client(holds=50)
    client.send(HELLO)
    stage.settle()
    for _ in range(2):
        stage.wait(30)
        assert client.read(5)
    stage.wait(10 - SHORTLY)
    assert not client.ended
    stage.wait(SHORTLY)
    assert client.broken
    assert stage.notes[-1] == ("info", "192.0.2.1 closed: write-rate")


def test_sending_does_not_stand_for_taking() -> None:
    stage = Stage(patience=PATIENCE)
    client = stage.client(holds=50)
    client.send(HELLO)
    stage.settle()
    for _ in range(59):
        stage.wait(1)
        client.send(b"G")
        stage.settle()
    assert not client.ended
    stage.wait(1)
    assert client.broken


def test_a_source_that_has_nothing_yet_has_time(stage: Stage) -> None:
    app = Later()
    stage = Stage(app, patience=PATIENCE)
    client = stage.client()
    client.talk(HELLO)
    app.last.respond(Response(200), Script(b"x", None))
    client.talk()
    stage.wait(100_000)
    assert stage.open_connections == 1


def test_a_head_behind_an_answer_that_waits_has_no_more_time_than_any_other(stage: Stage) -> None:
    client = stage.client(holds=50)
    client.send(HELLO + b"GET")
    stage.settle()
    stage.wait(5)
    while client.read(50):
        pass
    assert statuses(client.got) == [200]
    lasts(client, 5)
    client.talk()
    assert statuses(client.got) == [200, 408]


def test_a_rest_that_follows_a_stall_is_a_whole_one(stage: Stage) -> None:
    client = stage.client(holds=50)
    client.send(HELLO)
    stage.settle()
    stage.wait(50)
    client.talk()
    assert statuses(client.got) == [200]
    stage.wait(24)
    assert not client.ended


def test_zero_stands_for_no_limit() -> None:
    app = Later()
    stage = Stage(app, patience=NONE)
    resting, asking, sending, taking = (stage.client(holds=100) for _ in range(4))
    asking.talk(b"GET")
    taking.send(HELLO)
    stage.settle()
    app.last.respond(Response(200), bytes(1000))
    sending.talk(request("POST", content_length="5"))
    app.last.read()
    for _ in range(3):
        stage.wait(1e6)
    assert stage.open_connections == 4
    assert stage.timers == 0
    assert not resting.ended


def test_a_refusal_for_slowness_cannot_replace_an_answer_that_began() -> None:
    app = Later()
    stage = Stage(app, patience=PATIENCE)
    client = stage.client()
    client.talk(request("POST", content_length="1000"))
    app.last.read()
    app.last.respond(Response(200), Script(b"x", None))
    assert statuses(client.talk()) == [200]
    stage.wait(8)
    assert client.broken
    assert stage.open_connections == 0
    assert "body-rate" in app.last.why


def test_one_timer_serves_a_connection(stage: Stage) -> None:
    client = stage.client()
    for _ in range(200):
        client.talk(HELLO[:5])
        client.talk(HELLO[5:])
        stage.wait(0.01)
    assert stage.timers == 1
    assert len(stage.reactor._timers) < 10
