"""A site has apps at their mounts; it asks its features before them, and puts every answer through them."""

import pytest

from nowhere import Nowhere
from pellucid.message import Headers, Request, Response
from pellucid.piece import Body
from pellucid.server.exchange import Answer, App, Exchange
from pellucid.server.held import Held
from pellucid.site import Served, mounted, surround


def mark(name: bytes) -> Answer:
    def answer(exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        return Response(response.status, response.headers.plus((b"x-mark", name))), body

    return answer


def ask_for(path: bytes, site: App) -> Exchange:
    exchange = Exchange(Request("GET", path, path, b"", b"", Headers()), Nowhere(), 1, 0.0)
    site(exchange)
    return exchange


def app(exchange: Exchange) -> None:
    exchange.respond(Response(200), b"app")


def guard(exchange: Exchange) -> None:
    if exchange.request.path == b"/guarded":
        exchange.respond(Response(403), b"guard")


def unreachable(exchange: Exchange) -> None:
    assert exchange.request.path != b"/guarded"


@pytest.mark.parametrize(("path", "status", "body"), [(b"/", 200, b"app"), (b"/guarded", 403, b"guard")])
def test_the_first_who_answers_has_the_word(path: bytes, status: int, body: bytes) -> None:
    exchange = ask_for(path, surround(app, (guard, unreachable), ()))
    assert (exchange.status, exchange.body) == (status, body)


@pytest.mark.parametrize("path", [b"/", b"/guarded"])
def test_every_answer_goes_through_all_features_in_order(path: bytes) -> None:
    exchange = ask_for(path, surround(app, (guard,), (mark(b"1"), mark(b"2"))))
    assert exchange.response is not None
    assert exchange.response.headers.all(b"x-mark") == [b"1", b"2"]


def test_without_features_the_app_stands_alone() -> None:
    assert surround(app, (), ()) is app


def named(name: bytes) -> App:
    def answer(exchange: Exchange) -> None:
        exchange.respond(Response(200), name + b" " + exchange.mount + b" " + exchange.request.path)

    return answer


MOUNTS = ("", "/static", "/static/old", "/a%20b", "/caf%C3%A9")
PLACES = {mount: Served(named(mount.encode() or b"root"), mount) for mount in MOUNTS}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (b"/", b"root  /"),
        (b"/index", b"root  /index"),
        (b"/static", b"/static /static /static"),
        (b"/static/", b"/static /static /static/"),
        (b"/static/a/b", b"/static /static /static/a/b"),
        (b"/statics", b"root  /statics"),
        (b"/Static", b"root  /Static"),
        (b"/static.txt", b"root  /static.txt"),
        (b"/static/old", b"/static/old /static/old /static/old"),
        (b"/static/old/x", b"/static/old /static/old /static/old/x"),
        (b"/static/older", b"/static /static /static/older"),
        (b"/%73tatic/x", b"/static /%73tatic /%73tatic/x"),
        (b"/static%2Fold/x", b"root  /static%2Fold/x"),
        (b"//static/x", b"root  //static/x"),
        (b"/static//old", b"/static /static /static//old"),
        (b"/a%20b/c", b"/a%20b /a%20b /a%20b/c"),
        (b"/caf%c3%a9", b"/caf%C3%A9 /caf%c3%a9 /caf%c3%a9"),
        (b"/%2573tatic", b"root  /%2573tatic"),
        (b"*", b"root  *"),
    ],
)
def test_the_longest_mount_of_whole_names_has_the_request(path: bytes, body: bytes) -> None:
    assert ask_for(path, mounted(PLACES)).body == body


@pytest.mark.parametrize(("path", "status"), [(b"/", 404), (b"/statics", 404), (b"", 404), (b"*", 204)])
def test_what_no_mount_takes_is_absent(path: bytes, status: int) -> None:
    assert ask_for(path, mounted({"/static": Served(named(b"static"), "/static")})).status == status


def test_one_app_for_all_paths_stands_alone() -> None:
    assert mounted({"": Served(app, "")}) is app


class Doorkeeper:
    """A feature that does not know at once."""

    def __init__(self) -> None:
        self.held: Held | None = None

    def ask(self, exchange: Exchange) -> Held:
        self.held = Held(exchange)
        return self.held


def test_an_exchange_that_is_held_comes_to_the_next_feature_and_the_app_once_it_is_released() -> None:
    door, seen = Doorkeeper(), []
    exchange = ask_for(b"/", surround(app, (door.ask, lambda exchange: seen.append(exchange)), ()))
    assert not exchange.answered
    assert not seen
    assert door.held is not None
    door.held.release()
    assert (exchange.body, seen) == (b"app", [exchange])


def test_whoever_holds_an_exchange_may_answer_it_in_the_place_of_the_app() -> None:
    door = Doorkeeper()
    exchange = ask_for(b"/", surround(app, (door.ask,), (mark(b"1"),)))
    assert door.held is not None
    door.held.release(Response(401), b"who are you?")
    assert exchange.response is not None
    assert (exchange.status, exchange.body) == (401, b"who are you?")
    assert exchange.response.headers.get(b"x-mark") == b"1"


def test_who_is_gone_is_not_shown_to_the_app() -> None:
    door = Doorkeeper()
    exchange = ask_for(b"/", surround(unreachable_app, (door.ask,), ()))
    exchange.lose("gone")
    assert door.held is not None
    door.held.release()
    assert not exchange.answered


def unreachable_app(exchange: Exchange) -> None:
    raise AssertionError(exchange)
