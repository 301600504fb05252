"""What an app sees of a request, over a carrier that only remembers what it was asked."""

from asyncio import CancelledError
from collections.abc import Callable

import pytest
from conversing import Later, Script, Stage, request

from pellucid.errors import WrongAnswer
from pellucid.message import Data, End, Headers, Request, Response
from pellucid.net.link import RECEIVE
from pellucid.net.reactor import Timer
from pellucid.piece import Body, Piece
from pellucid.server.exchange import HALF, WINDOW, Exchange


class Asked:
    """A carrier that remembers."""

    peer = "192.0.2.1"
    peer_port = 50000
    local = "192.0.2.80:80"
    now = 7.0
    late = False
    secured = None

    def __init__(self) -> None:
        self.calls: list[object] = []

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        return Timer(when, callback)

    def new_id(self) -> str:
        self.calls.append("new_id")
        return "one"

    def wake(self, exchange: Exchange) -> None:
        self.calls.append("wake")

    def wake_soon(self, exchange: Exchange) -> None:
        self.calls.append("wake soon")

    def push(self, exchange: Exchange, piece: bytes) -> bool:
        self.calls.append(piece)
        return True

    def note(self, level: str, text: str) -> None:
        self.calls.append((level, text))

    def complain(self, exchange: Exchange, why: str) -> None:
        self.calls.append(("complain", why))

    def inform(self, exchange: Exchange, response: Response) -> None:
        self.calls.append(response.status)

    def credit(self, exchange: Exchange, count: int) -> None:
        self.calls.append(("credit", count))

    def abort(self, exchange: Exchange, why: str) -> None:
        self.calls.append(why)

    def go_on(self, exchange: Exchange, call: Callable[[], None]) -> None:
        self.calls.append("go on")
        call()


def begun(complete: bool = True) -> tuple[Exchange, Asked]:
    carrier = Asked()
    head = Request("POST", b"/", b"/", b"", b"x", Headers(), complete=complete, length=None)
    return Exchange(head, carrier, 1, 5.0), carrier


def test_it_knows_both_ends_and_the_time() -> None:
    exchange, _ = begun()
    assert (exchange.peer, exchange.begun, exchange.now) == ("192.0.2.1", 5.0, 7.0)
    assert (exchange.answered, exchange.status) == (False, 0)


def test_an_answer_is_kept_and_its_carrier_woken() -> None:
    exchange, carrier = begun()
    exchange.respond(Response(201), b"made")
    assert (exchange.answered, exchange.status, exchange.body) == (True, 201, b"made")
    assert carrier.calls == ["wake"]


def test_features_change_the_answer_in_their_order() -> None:
    exchange, _ = begun()

    def adding(text: bytes):  # type: ignore[no-untyped-def]  # an Answer
        return lambda request, response, body: (response, body + text)

    exchange.answers = (adding(b"b"), adding(b"c"))
    exchange.respond(Response(200), b"a")
    assert exchange.body == b"abc"


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit, CancelledError])
def test_a_feature_that_fails_leaves_no_body_open(error: type[BaseException]) -> None:
    exchange, carrier = begun()
    body = Script(b"x")

    def fail(exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        raise error

    exchange.answers = (fail,)
    with pytest.raises(error):
        exchange.respond(Response(200), body)
    assert body.closed == 1
    assert not exchange.answered
    assert carrier.calls == []


@pytest.mark.parametrize("first", [b"whole", Script(b"pulled")])
def test_a_second_answer_is_the_apps_mistake_and_is_closed(first: Piece | Script) -> None:
    exchange, _ = begun()
    exchange.respond(Response(200), first)  # type: ignore[arg-type]  # no FileSlice is among them
    second = Script(b"x")
    with pytest.raises(WrongAnswer, match="already"):
        exchange.respond(Response(200), second)
    with pytest.raises(WrongAnswer):
        exchange.respond(Response(200), b"x")
    assert second.closed == 1
    assert exchange.body is first


def test_an_answer_to_a_client_that_is_gone_is_closed() -> None:
    exchange, carrier = begun()
    exchange.lose("the client left")
    body = Script(b"x")
    exchange.respond(Response(200), body)
    exchange.respond(Response(200), b"x")
    exchange.inform(Response(103))
    exchange.wake()
    assert body.closed == 1
    assert carrier.calls == []


def test_it_is_lost_once() -> None:
    exchange, _ = begun()
    told: list[str] = []
    exchange.on_gone = lambda: told.append(exchange.why)
    exchange.lose("first")
    exchange.lose("second")
    assert told == ["first"]


def test_informational_answers_go_ahead_of_the_final_one() -> None:
    exchange, carrier = begun()
    exchange.inform(Response(103))
    exchange.inform(Response(102))
    exchange.respond(Response(200))
    exchange.inform(Response(103))
    assert carrier.calls == [103, 102, "wake"]


@pytest.mark.parametrize("status", [99, 101, 200, 404])
def test_only_informational_answers_go_ahead(status: int) -> None:
    exchange, _ = begun()
    with pytest.raises(WrongAnswer, match="not informational"):
        exchange.inform(Response(status))


def test_reading_asks_for_a_window_and_small_parts_ask_for_no_more() -> None:
    exchange, carrier = begun(complete=False)
    assert exchange.read() is None
    assert exchange.read() is None
    exchange.take(Data(b"hello"))
    exchange.take(Data(b"world"))
    assert exchange.read() == b"helloworld"
    exchange.take(Data(bytes(HALF - 12)))
    exchange.read()
    exchange.take(Data(b"x"))
    exchange.read()
    assert carrier.calls == [("credit", WINDOW)]
    exchange.take(Data(b"last"))
    exchange.take(End(Headers([(b"digest", b"x")])))
    assert exchange.read() == b"last"
    assert exchange.read() == b""
    assert exchange.read() == b""
    assert exchange.trailers == Headers([(b"digest", b"x")])
    assert carrier.calls == [("credit", WINDOW)]


def test_the_client_has_room_again_once_half_of_it_was_read() -> None:
    exchange, carrier = begun(complete=False)
    exchange.read()
    exchange.take(Data(bytes(HALF)))
    assert exchange.read() == bytes(HALF)
    assert exchange.read() is None
    assert carrier.calls == [("credit", WINDOW), ("credit", HALF)]


def test_an_exchange_is_named_by_its_id_its_method_and_its_path() -> None:
    exchange, _ = begun()
    assert exchange.name == f"one {exchange.request.method} {exchange.request.path.decode()}"


def test_a_request_without_a_body_reads_as_its_end() -> None:
    exchange, carrier = begun()
    assert exchange.read() == b""
    assert carrier.calls == []


def test_what_had_come_of_a_client_that_is_gone_can_be_read() -> None:
    exchange, carrier = begun(complete=False)
    exchange.take(Data(b"hello"))
    exchange.lose("the client left")
    assert exchange.read() == b"hello"
    assert exchange.read() is None  # it is not the end
    assert carrier.calls == []


def test_early_hints_arrive_before_the_answer() -> None:
    app = Later()
    client = Stage(app).client()
    client.talk(request())
    app.last.inform(Response(103, Headers([(b"link", b"</a.css>")])))
    assert client.talk() == b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n"
    app.last.respond(Response(200), b"page")
    assert client.talk().endswith(b"page")


def test_it_may_be_woken_with_what_follows() -> None:
    exchange, carrier = begun()
    exchange.wake_soon()
    exchange.wake()
    exchange.lose("gone")
    exchange.wake_soon()
    assert carrier.calls == ["wake soon", "wake"]


def test_what_is_said_of_it_names_it_and_a_complaint_is_its_reason() -> None:
    exchange, carrier = begun()
    exchange.note("info", "well")
    exchange.complain("first")
    exchange.complain("second")
    assert carrier.calls == ["new_id", ("info", "one POST /: well"), ("complain", "first"), ("complain", "second")]
    assert exchange.why == "first"


@pytest.mark.parametrize(
    ("method", "status", "tunnel"),
    [("GET", 101, True), ("GET", 200, False), ("CONNECT", 200, True), ("CONNECT", 403, False)],
)
def test_some_answers_open_a_tunnel(method: str, status: int, tunnel: bool) -> None:
    exchange, _ = begun()
    exchange.request.method = method
    assert not exchange.tunnel
    exchange.respond(Response(status))
    assert exchange.tunnel is tunnel


def test_a_lump_of_64_kib_and_a_head_before_it_is_received_and_goes_through_whole() -> None:
    assert 65536 + 1024 <= RECEIVE <= WINDOW
