"""Targets and settings become one app, its lives, and the kinds of what is served."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nowhere import Nowhere
from pellucid.assembly import Assembly, Looped, assembler
from pellucid.features.forwarded import strip
from pellucid.loading import Folder, Named, NotLoaded, Target
from pellucid.message import Headers, Request
from pellucid.net.reactor import Reactor
from pellucid.plan import Place, Plan, plan_of
from pellucid.server.exchange import Exchange
from pellucid.serving import current_folder
from pellucid.settings import Settings
from pellucid.site import Site
from pellucid.watch import Watch

APPS = """
import asyncio
from pellucid import Response

made = []

async def asgi(scope, receive, send): ...
def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [environ["SCRIPT_NAME"].encode()]
def own(exchange):
    exchange.respond(Response(200), exchange.mount)
def make():
    made.append(own)
    return own
def unclear(*arguments): ...
"""


class Host:
    """A loop that is only made, and is counted."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.asked = 0

    def __call__(self) -> Looped:
        self.asked += 1
        return self


@pytest.fixture
def host() -> Iterator[Host]:
    """A host whose loop never runs."""
    made = Host()
    yield made
    made.loop.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module of applications and a folder of files."""
    (tmp_path / "assembled.py").write_text(APPS)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("a")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("assembled", None)


def assemble(host: Host, *targets: Target, **chosen: Any) -> Assembly:
    reactor = Reactor()
    try:
        return assembler(plan_of(targets, Settings(chosen)), current_folder())(reactor, Watch(), host)
    finally:
        reactor.close()


def answer(assembly: Assembly, path: bytes) -> Exchange:
    exchange = Exchange(Request("GET", path, path, b"", b"", Headers()), Nowhere(), 1, 1.0)
    assembly.app(exchange)
    return exchange


def at(mount: str, attribute: str, call: bool = False) -> Target:
    return Target(mount, Named("assembled", attribute, call))


FILES = Target("", Folder("files"))


def finish(assembly: Assembly) -> list[str]:
    """Begin and end each life; what they said to it."""
    said: list[str] = []
    for life in assembly.lives:
        life.begin(said.append)
        life.end(lambda: said.append("ended"), 1.0)
    return said


def test_a_folder_is_an_app_that_is_closed_at_its_end(host: Host) -> None:
    assembly = assemble(host, FILES)
    assert (assembly.kinds, assembly.needs_loop, host.asked) == (("folder",), False, 0)
    assert answer(assembly, b"/a.txt").body == b"a"
    assert finish(assembly) == ["", "ended"]


def test_each_target_is_of_a_kind_and_at_its_mount(host: Host) -> None:
    assembly = assemble(host, at("/x", "own"), at("/w", "wsgi"), FILES, threads=0)
    assert assembly.kinds == ("exchange", "wsgi", "folder")
    assert answer(assembly, b"/x/y").body == b"/x"
    assert answer(assembly, b"/w/y").body == b"/w"
    assert answer(assembly, b"/a.txt").body == b"a"
    finish(assembly)


def test_only_asgi_needs_the_loop(host: Host) -> None:
    assert assemble(host, at("", "asgi")).needs_loop
    assert not assemble(host, at("", "wsgi")).needs_loop


@pytest.mark.parametrize(("interface", "asked"), [("auto", True), ("asgi", True), ("wsgi", False), ("exchange", False)])
def test_the_loop_is_there_before_a_module_that_may_want_it(host: Host, interface: str, asked: bool) -> None:
    attribute = "own" if interface == "auto" else {"asgi": "asgi", "wsgi": "wsgi", "exchange": "own"}[interface]
    assemble(host, at("", attribute), interface=interface)
    assert bool(host.asked) is asked


def test_what_is_named_twice_is_made_once(host: Host) -> None:
    assembly = assemble(host, at("/a", "make", True), at("/b", "make", True), Target("", Folder("files")))
    assert len(sys.modules["assembled"].made) == 1
    assert answer(assembly, b"/b").body == b"/b"
    assert len(assembly.lives) == 1
    finish(assembly)


def test_features_stand_around_all_mounts(host: Host) -> None:
    assembly = assemble(host, at("/x", "own"), FILES, header=("X-One: 1",))
    for path in (b"/x", b"/a.txt"):
        response = answer(assembly, path).response
        assert response is not None
        assert response.headers.get(b"x-one") == b"1"
    finish(assembly)


def test_what_cannot_be_loaded_lets_go_of_what_was_opened(host: Host, folder: Path) -> None:
    descriptors = Path("/dev/fd")
    before = len([*descriptors.iterdir()])
    with pytest.raises(NotLoaded, match="assembled:unclear does not show what it speaks"):
        assemble(host, FILES, at("/x", "unclear"))
    assert len([*descriptors.iterdir()]) == before


def test_what_is_said_to_be_asgi_and_cannot_be_is_told(host: Host) -> None:
    with pytest.raises(NotLoaded, match="assembled:wsgi is not called as asgi has it: "):
        assemble(host, at("", "wsgi"), interface="asgi")


def test_a_folder_that_is_gone_is_told(host: Host) -> None:
    with pytest.raises(ValueError, match="the folder 'gone' cannot be served: no such file or directory"):
        assemble(host, Target("", Folder("gone")))


def test_what_is_put_back_where_a_current_folder_was_is_found(host: Host, folder: Path) -> None:
    (folder / "project").mkdir()
    os.chdir(folder / "project")
    assemble_again = assembler(plan_of((FILES, at("/w", "wsgi")), Settings({"threads": 0})), current_folder())
    (folder / "project").rmdir()
    for name in ("files", "assembled.py"):
        (folder / "project").mkdir(exist_ok=True)
        (folder / name).rename(folder / "project" / name)
    reactor = Reactor()
    assembly = assemble_again(reactor, Watch(), host)
    assert answer(assembly, b"/a.txt").body == b"a"
    assert assembly.kinds == ("folder", "wsgi")
    finish(assembly)
    reactor.close()


def test_a_current_folder_that_was_removed_is_no_matter_for_what_is_named_from_the_root_on(
    host: Host, folder: Path
) -> None:
    (folder / "gone").mkdir()
    os.chdir(folder / "gone")
    (folder / "gone").rmdir()
    assembly = assemble(host, Target("", Folder(str(folder / "files"))))
    assert answer(assembly, b"/a.txt").body == b"a"
    finish(assembly)


def assemble_places(host: Host, *places: Place, settings: Settings | None = None) -> Assembly:
    reactor = Reactor()
    try:
        return assembler(Plan(settings or Settings(), places), current_folder())(reactor, Watch(), host)
    finally:
        reactor.close()


def answer_at(assembly: Assembly, authority: bytes, path: bytes) -> Exchange:
    exchange = Exchange(Request("GET", path, path, b"", authority, Headers()), Nowhere(), 1, 1.0)
    assembly.app(exchange)
    return exchange


def marks(exchange: Exchange) -> list[bytes]:
    assert exchange.response is not None
    return exchange.response.headers.all(b"x-mark")


def marked(*names: str, **more: Any) -> Settings:
    """Settings that show in an answer where they are in force."""
    return Settings({"header": tuple(f"X-Mark: {name}" for name in names), **more})


OWN = Named("assembled", "own")
WSGI = Named("assembled", "wsgi")


def test_each_host_and_path_has_its_app_and_its_features(host: Host) -> None:
    assembly = assemble_places(
        host,
        Place("a.example", "", Folder("files"), marked("a")),
        Place("a.example", "/x", OWN, marked("x")),
        Place("*.a.example", "", OWN, marked("all")),
        Place("", "/y", OWN, marked("y")),
        settings=marked("top"),
    )
    assert assembly.kinds == ("folder", "exchange", "exchange", "exchange")
    for authority, path, status, mark in (
        (b"a.example", b"/a.txt", 200, b"a"),
        (b"a.example", b"/none", 404, b"a"),
        (b"A.example:80", b"/x/y", 200, b"x"),
        (b"b.a.example", b"/x/y", 200, b"all"),
        (b"c.example", b"/y", 200, b"y"),
        (b"c.example", b"/", 404, b"top"),
        (b"", b"/y", 200, b"y"),
    ):
        exchange = answer_at(assembly, authority, path)
        assert (exchange.status, marks(exchange)) == (status, [mark]), (authority, path)
    finish(assembly)


def test_a_host_that_is_not_served_is_told_so_with_the_features_of_the_top(host: Host) -> None:
    place = Place("a.example", "", OWN, marked("a"))
    exchange = answer_at(assemble_places(host, place, settings=marked("top")), b"b.example", b"/")
    assert (exchange.status, marks(exchange)) == (421, [b"top"])


def test_a_place_without_an_app_has_the_one_around_it_at_its_mount(host: Host) -> None:
    assembly = assemble_places(
        host,
        Place("a.example", "/app", OWN, marked("app")),
        Place("a.example", "/app/admin", None, marked("admin")),
        Place("a.example", "/app/admin/deep", None, marked("deep")),
        Place("a.example", "/application", None, marked("nothing")),
        Place("b.example", "/app/admin", None, marked("another")),
    )
    assert assembly.kinds == ("exchange", "exchange", "exchange", "", "")
    for authority, path, status, mark in (
        (b"a.example", b"/app/x", 200, b"app"),
        (b"a.example", b"/app/admin/x", 200, b"admin"),
        (b"a.example", b"/app/admin/deep/x", 200, b"deep"),
        (b"a.example", b"/application/x", 404, b"nothing"),
        (b"b.example", b"/app/admin/x", 404, b"another"),
    ):
        exchange = answer_at(assembly, authority, path)
        assert (exchange.status, marks(exchange)) == (status, [mark]), (authority, path)
        assert exchange.body == b"/app" or status != 200
    assert answer_at(assembly, b"a.example", b"/app//admin").status == 400


def test_the_file_at_a_path_is_that_of_the_host_however_its_folder_is_mounted(host: Host, folder: Path) -> None:
    (folder / "files" / "x").mkdir()
    (folder / "files" / "x" / "a.txt").write_text("deeper")
    assembly = assemble_places(
        host,
        Place("a.example", "", Folder("files"), Settings()),
        Place("b.example", "/x", Folder("files"), Settings()),
        Place("c.example", "", Folder("files"), Settings()),
    )
    for _ in range(2):  # a second time from memory
        assert answer_at(assembly, b"a.example", b"/x/a.txt").body == b"deeper"
        assert answer_at(assembly, b"b.example", b"/x/a.txt").body == b"a"
        assert answer_at(assembly, b"c.example", b"/x/a.txt").body == b"deeper"
    assert len(assembly.lives) == 2
    finish(assembly)


def test_the_rules_of_a_file_hold_wherever_it_is_to_be_had(host: Host, folder: Path) -> None:
    (folder / "files" / "x").mkdir()
    for name in ("about.html", "about.html.gz", "b.html", "x/index.html", "x/c.html", "x/d.html"):
        (folder / "files" / name).write_text(name)
    assembly = assemble_places(
        host,
        Place("", "", Folder("files"), Settings()),
        *(
            Place("", mount, None, marked(mount))
            for mount in ("/about", "/b.html", "/x/index.html", "/x/c", "/x/c.html")
        ),
    )
    for path, status, mark in (
        (b"/about", 200, [b"/about"]),
        (b"/about.html", 200, [b"/about"]),
        (b"/%61bout%2Ehtml", 200, [b"/about"]),
        (b"/about.html.gz", 200, [b"/about"]),
        (b"/b", 200, [b"/b.html"]),
        (b"/x/", 200, [b"/x/index.html"]),
        (b"/x/index", 200, [b"/x/index.html"]),
        (b"/x/c", 200, [b"/x/c"]),
        (b"/x/c.html", 200, [b"/x/c.html"]),
        (b"/x/d.html", 200, []),
        (b"/x", 301, []),
        (b"/a.txt", 200, []),
    ):
        exchange = answer_at(assembly, b"", path)
        assert (exchange.status, marks(exchange)) == (status, mark), path
    assert answer_at(assembly, b"", b"//about.html").status == 400
    finish(assembly)


def test_a_folder_is_served_at_each_place_as_its_settings_say(host: Host) -> None:
    assembly = assemble_places(
        host,
        Place("", "", Folder("files"), Settings({"listing": False})),
        Place("", "/list", Folder("files"), Settings({"listing": True})),
    )
    assert answer_at(assembly, b"", b"/").status == 404
    assert answer_at(assembly, b"", b"/list/").status == 200
    finish(assembly)


def test_an_application_of_several_hosts_is_made_once(host: Host) -> None:
    made = Named("assembled", "make", True)
    assembly = assemble_places(
        host, Place("a.example", "", made, marked("a")), Place("b.example", "/x", made, marked("b"))
    )
    assert len(sys.modules["assembled"].made) == 1
    assert answer_at(assembly, b"a.example", b"/x").body == b""
    assert answer_at(assembly, b"b.example", b"/x").body == b"/x"


def test_places_with_the_same_settings_have_their_features_in_common(host: Host) -> None:
    settings = marked("one")
    places = [Place(f"h{number}.example", "", OWN, settings) for number in range(3)]
    assembly = assemble_places(host, *places, settings=settings)
    answers = [answer_at(assembly, b"h%d.example" % number, b"/").answers for number in range(3)]
    assert answers[0] == answers[1] == answers[2] != ()


def test_what_a_proxy_says_of_the_host_finds_the_place(host: Host) -> None:
    chosen = {"trusted_proxies": ("192.0.2.1",), "forwarded": "x-forwarded-host"}
    settings = Settings(chosen)
    places = [Place(name, "", OWN, marked(name, **chosen)) for name in ("a.example", "b.example")]
    assembly = assemble_places(host, *places, settings=settings)
    headers = Headers([(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-host", b"b.example")])
    exchange = Exchange(Request("GET", b"/", b"/", b"", b"a.example", headers), Nowhere(), 1, 1.0)
    assembly.app(exchange)
    assert marks(exchange) == [b"b.example"]


def test_what_comes_by_http_is_sent_to_its_own_host(host: Host) -> None:
    chosen = {"redirect_http": ("8080",), "tls": ("a,b",)}
    places = [Place(name, "", OWN, marked(name, **chosen)) for name in ("a.example", "*.b.example")]
    assembly = assemble_places(host, *places, settings=Settings(chosen))
    exchange = answer_at(assembly, b"x.b.example:80", b"/y")
    assert exchange.response is not None
    assert (exchange.status, marks(exchange)) == (308, [b"*.b.example"])
    assert exchange.response.headers.get(b"location") == b"https://x.b.example/y"


def test_one_place_without_features_is_asked_no_more_than_it_must(host: Host) -> None:
    assembly = assemble_places(host, Place("", "", OWN, Settings()))
    assert isinstance(assembly.app, Site)
    assert assembly.app.app is sys.modules["assembled"].own
    assert (assembly.app.asks, assembly.app.answers) == ((strip,), ())
