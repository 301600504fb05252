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
from pellucid.loading import Folder, Named, NotLoaded, Target
from pellucid.message import Headers, Request
from pellucid.net.reactor import Reactor
from pellucid.plan import plan_of
from pellucid.server.exchange import Exchange
from pellucid.settings import Settings
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
        return assembler(plan_of(targets, Settings(chosen)))(reactor, Watch(), host)
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
    assemble_again = assembler(plan_of((FILES, at("/w", "wsgi")), Settings({"threads": 0})))
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
