"""A site has apps at their mounts; it asks its features before them, and puts every answer through them."""

import posixpath
import re
from urllib.parse import unquote, unquote_to_bytes, urljoin, urlsplit

import pytest
from conversing import Stage
from hypothesis import example, given
from hypothesis import strategies as st
from websocketing import SocketClient

from nowhere import Nowhere
from pellucid.apps.websocket import WebSocket
from pellucid.message import Headers, Request, Response
from pellucid.piece import Body
from pellucid.server.exchange import Answer, App, Exchange
from pellucid.server.held import Held
from pellucid.site import KEPT, Mounts, Served, hosted, mounted, nothing, surround


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
    site = mounted(PLACES)
    for _ in range(2):  # a second time as it is remembered
        assert ask_for(path, site).body == body


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


def test_who_is_held_in_front_finds_its_place_when_it_is_released() -> None:
    door, inner = Doorkeeper(), Doorkeeper()
    place = surround(named(b"deep"), (inner.ask,), (mark(b"1"), mark(b"2")))
    site = surround(mounted({"/deep": Served(place, "/deep")}), (door.ask,), (mark(b"1"),))
    exchange = ask_for(b"/deep/x", site)
    assert door.held is not None
    exchange.request.path = b"/deep/y"  # whoever holds it may change where it leads
    door.held.release()
    assert inner.held is not None
    assert not exchange.answered
    inner.held.release()
    assert exchange.response is not None
    assert (exchange.body, exchange.response.headers.all(b"x-mark")) == (b"deep /deep /deep/y", [b"1", b"2"])


def test_who_is_gone_is_not_shown_to_the_app() -> None:
    door = Doorkeeper()
    exchange = ask_for(b"/", surround(unreachable_app, (door.ask,), ()))
    exchange.lose("gone")
    assert door.held is not None
    door.held.release()
    assert not exchange.answered


def unreachable_app(exchange: Exchange) -> None:
    raise AssertionError(exchange)


def test_what_is_remembered_of_paths_is_bounded() -> None:
    site = Mounts(PLACES)
    for number in range(3 * KEPT):
        ask_for(b"/static/%d" % number, site)
    assert len(site._found) <= KEPT
    ask_for(b"/static/" + b"x" * 5000, site)
    assert b"/static/" + b"x" * 5000 not in site._found


def ruled(name: bytes, mount: str) -> Served:
    """A place with rules of its own, at which the same app as at others is."""
    return Served(named(name), mount, "the app")


RULED = {
    "": ruled(b"open", ""),
    "/admin": ruled(b"rules", ""),
    "/a/b": ruled(b"deep", ""),
    "/files": Served(named(b"files"), "/files", "other"),
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"/", b"open"),
        (b"/admin", b"rules"),
        (b"/admin/x", b"rules"),
        (b"/%61dmin/x", b"rules"),
        (b"/admin/a%2Fb", b"rules"),
        (b"/admin/./x", b"rules"),
        (b"/admin//x", b"rules"),
        (b"/administration", b"open"),
        (b"/x//y", b"open"),
        (b"/x/../y", b"open"),
        (b"/.well-known/x", b"open"),
        (b"/100%25", b"open"),
        (b"/..admin", b"open"),
        (b"/x/admin", b"open"),
        (b"/x%2Fadmin", b"open"),
        (b"/a/b", b"deep"),
        (b"/a/%62/c", b"deep"),
        (b"/files/..", b"files"),
        (b"/files/%2e%2e/admin", b"files"),
        (b"//files", b"open"),
        (b"*", b"open"),
        (b"", b"open"),
    ],
)
def test_a_path_that_can_be_read_in_one_way_finds_its_place(path: bytes, name: bytes) -> None:
    body = ask_for(path, mounted(RULED)).body
    assert isinstance(body, bytes)
    assert body.split(b" ")[0] == name


@pytest.mark.parametrize(
    "path",
    [
        b"//admin",
        b"/./admin",
        b"/x/../admin",
        b"/x/%2e%2e/admin",
        b"/x/..%2fadmin",
        b"/x%2f..%2fadmin",
        b"/x%2F../admin",
        b"/admin%2Fx",
        b"/admin%2f",
        b"/admin%5Cx",
        b"/\\admin",
        b"/%2Fadmin",
        b"/%2e/admin",
        b"/admin/../x",
        b"/admin/..%2Fx",
        b"/admin/..",
        b"/..//admin",
        b"/a//b",
        b"/a/./b",
        b"/a%2Fb",
        b"/x//../admin",
        b"/x/..//admin/y",
        b"//admin/../x",
        b"/a/b/../../admin",
        b"/x%5Cy%2F..%2Fadmin",
        b"/x\\y%2f..%2fadmin/z",
        b"/x/..//admin//../y",
        b"/admin%0a",
        b"/%61dmin%0A",
        b"/x/..%2fadmin%0a",
        b"/x/../admin/..%0a",
    ],
)
def test_no_spelling_of_a_path_leads_around_the_rules_of_a_place(path: bytes) -> None:
    assert ask_for(path, mounted(RULED)).status == 400


def freely(path: bytes) -> list[str]:
    """The path as apps may come to read it: by what they and their libraries do to it."""
    text = unquote_to_bytes(path).decode("latin-1")
    merged = re.sub("/+", "/", text)
    slashed = text.replace("\\", "/")
    return [
        text,
        merged,
        slashed,
        posixpath.normpath(text),
        unquote(posixpath.normpath(path.decode("latin-1"))),
        posixpath.normpath(slashed),
        posixpath.normpath(merged),
        urljoin("/", text.lstrip("/")),
        urlsplit(urljoin("http://a/", re.sub("^/+", "/", text))).path,
    ]


PARTS = st.sampled_from(["/", "//", "admin", "%61dmin", "x", "..", ".", "%2e", "%2E%2e", "%2F", "%2f", "%5C", "b", "a"])


@given(st.lists(PARTS, max_size=12).map(lambda parts: "/" + "".join(parts)))
@example("/x%2F..%2Fadmin")
@example("/admin/..%2Fadmin")
@example("/x%5Cx%2F..%2Fadmin")
def test_however_an_app_reads_a_path_the_rules_of_where_that_leads_have_held(text: str) -> None:
    path = text.encode()
    exchange = ask_for(path, mounted(RULED))
    if exchange.status == 400:
        return
    assert isinstance(exchange.body, bytes)
    place = exchange.body.split(b" ")[0]
    for reading in freely(path):
        names = [name for name in re.sub("^/+", "/", reading).split("/") if name]
        inside = names[:1] == ["admin"]
        assert inside == (place == b"rules"), (path, reading, place)


def test_where_an_app_stands_does_not_depend_on_the_place_whose_rules_hold() -> None:
    places = {"/app": ruled(b"app", "/app"), "/app/admin": ruled(b"rules", "/app")}
    exchange = ask_for(b"/%61pp/admin/x", mounted(places))
    assert (exchange.body, exchange.mount) == (b"rules /%61pp /%61pp/admin/x", b"/%61pp")


def test_one_site_around_another_is_one_if_they_do_the_same_to_answers() -> None:
    inner = surround(app, (unreachable,), (mark(b"1"),))
    whole = surround(inner, (guard,), inner.answers)  # type: ignore[attr-defined]  # it is a Site
    assert whole.app is app  # type: ignore[attr-defined]  # as above
    exchange = ask_for(b"/guarded", whole)
    assert (exchange.status, exchange.body) == (403, b"guard")


def test_what_is_done_to_an_answer_is_of_the_place_that_gives_it() -> None:
    whole = surround(surround(app, (), (mark(b"1"), mark(b"2"))), (guard,), (mark(b"1"),))
    for path, marks in ((b"/guarded", [b"1"]), (b"/", [b"1", b"2"])):
        response = ask_for(path, whole).response
        assert response is not None
        assert response.headers.all(b"x-mark") == marks


@pytest.mark.parametrize(("path", "status"), [(b"/", 404), (b"*", 204), (b"", 404)])
def test_a_place_may_serve_nothing(path: bytes, status: int) -> None:
    assert ask_for(path, nothing).status == status


@pytest.mark.parametrize(
    ("version", "name", "path", "status"),
    [
        ("1.1", "A.example:80", "/deep/x", 0),
        ("2", "A.example:80", "/deep/x", 0),
        ("1.1", "a.example", "/", 404),
        ("2", "a.example", "/", 404),
        ("1.1", "b.example", "/deep/x", 421),
        ("2", "b.example", "/deep/x", 421),
    ],
)
def test_a_websocket_finds_its_host_and_its_path_as_others_do(version: str, name: str, path: str, status: int) -> None:
    def socket(exchange: Exchange) -> None:
        WebSocket.accept(exchange)

    site = hosted({"a.example": mounted({"/deep": Served(socket, "/deep")})})
    fields = {"Host": name} if version == "1.1" else {":authority": name}
    client = SocketClient(Stage(site), version, path, None, **fields)
    assert client.status == (status or {"1.1": 101, "2": 200}[version])
