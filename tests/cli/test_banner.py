"""The banner says what is served and where, in words and colours that the reader's terminal can take."""

import os
from dataclasses import replace

import pytest

from pellucid import __version__
from pellucid.cli import banner as module
from pellucid.cli.banner import Where, banner, in_one_line, wants_colours
from pellucid.loading import Folder, Named
from pellucid.plan import Place, Plan
from pellucid.settings import Settings


def plan_of(places: list[Place], file: str = "") -> Plan:
    return Plan(Settings(), tuple(places), file)


def at(mount: str, serves: Folder | Named | None, host: str = "") -> Place:
    return Place(host, mount, serves, Settings())


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two addresses, a home and a working folder."""
    spelled = {"0.0.0.0:80": ["127.0.0.1:80", "192.0.2.7:80"], "[::]:80": ["[2001:db8::7]:80"]}
    monkeypatch.setattr(module, "reachable", lambda address: spelled.get(address, [address]))
    monkeypatch.setattr(os, "getcwd", lambda: "/home/ann/site")
    monkeypatch.setenv("HOME", "/home/ann")


@pytest.mark.parametrize(
    ("addresses", "lines"),
    [
        (["127.0.0.1:8000"], ["  http://127.0.0.1:8000/  from this machine"]),
        (
            ["0.0.0.0:80", "[::]:80"],
            [
                "  http://127.0.0.1:80/      from this machine",
                "  http://192.0.2.7:80/      from the network",
                "  http://[2001:db8::7]:80/  from the network",
            ],
        ),
        (["[::1]:80"], ["  http://[::1]:80/  from this machine"]),
        (
            ["unix:/run/a b.sock"],
            ["  unix:/run/a b.sock  curl --unix-socket '/run/a b.sock' http://localhost/"],
        ),
    ],
)
def test_each_place_has_a_line(addresses: list[str], lines: list[str]) -> None:
    assert banner(plan_of([at("", Folder("."))]), Where(addresses), colours=False).split("\n") == [
        f"Pellucid {__version__} serves ~/site",
        *lines,
        "Ctrl+C stops it.",
    ]


@pytest.mark.parametrize(
    ("folder", "name"),
    [(".", "~/site"), ("pages", "~/site/pages"), ("/srv/www/", "/srv/www"), ("/home/annex", "/home/annex"),
     ("/srv/\x1b[31m", "'/srv/\\x1b[31m'")],
)  # fmt: skip
def test_a_folder_is_named_in_full(folder: str, name: str) -> None:
    assert (
        banner(plan_of([at("", Folder(folder))]), Where(["127.0.0.1:80"]), colours=False)
        .split("\n")[0]
        .endswith(f" serves {name}")
    )


@pytest.mark.parametrize(
    ("targets", "workers", "told"),
    [
        ([at("", Named("main", "app"))], 0, "main:app"),
        ([at("", Named("main", "make", True))], 1, "main:make() by 1 worker"),
        ([at("/api", Named("main", "app"))], 4, "/api = main:app by 4 workers"),
        (
            [at("", Named("main", "app")), at("/static", Folder("public"))],
            0,
            "/ = main:app, /static = ~/site/public",
        ),
    ],
)
def test_what_is_served_is_named_with_its_place_and_its_workers(targets: list[Place], workers: int, told: str) -> None:
    first = banner(plan_of(targets), Where(["127.0.0.1:80"]), False, workers=workers).split("\n")[0]
    assert first == f"Pellucid {__version__} serves {told}"


def test_a_place_is_named_with_its_host_and_what_serves_nothing_of_its_own_is_not() -> None:
    places = [at("", Folder("/srv"), "a.org"), at("/admin", None, "a.org"), at("/api", Named("main", "app"), "*.b.org")]
    first = banner(plan_of(places), Where(["127.0.0.1:80"]), False, kinds=("folder", "folder", "wsgi")).split("\n")[0]
    assert first.partition(" serves ")[2] == "a.org/ = /srv, *.b.org/api = main:app (WSGI)"


@pytest.mark.parametrize(("file", "told"), [("a.toml", "as a.toml says"), ("a\x1b.toml", "as 'a\\x1b.toml' says")])
def test_the_file_that_says_it_is_named(file: str, told: str) -> None:
    first = banner(plan_of([at("", Folder("/srv"))], file), Where(["127.0.0.1:80"]), False, workers=1).split("\n")[0]
    assert first.endswith(f"serves /srv by 1 worker, {told}")


def test_of_many_places_some_are_named() -> None:
    places = [at("", Named("main", "app"), f"h{number}") for number in range(9)]
    first = banner(plan_of(places), Where(["127.0.0.1:80"]), False).split("\n")[0]
    assert first.endswith("h5/ = main:app, and 3 places more")


def test_a_site_of_redirects_alone_has_a_banner_too() -> None:
    assert (
        banner(plan_of([at("", None, "a.org")]), Where(["127.0.0.1:80"]), False)
        .split("\n")[0]
        .endswith("serves nothing but answers of its own")
    )


def test_the_kind_of_an_application_is_told_where_it_is_known() -> None:
    names = [Named("main", name) for name in ("a", "b", "c")]
    targets = [at(f"/{each.attribute}", each) for each in names] + [at("", Folder("/srv"))]
    first = banner(
        plan_of(targets), Where(["127.0.0.1:80"]), False, kinds=("asgi", "wsgi", "exchange", "folder")
    ).split("\n")[0]
    assert first.partition(" serves ")[2] == (
        "/a = main:a (ASGI), /b = main:b (WSGI), /c = main:c (an exchange app), / = /srv"
    )


def test_colours_are_only_there_if_wanted() -> None:
    plain, coloured = (
        banner(plan_of([at("", Folder("."))]), Where(["127.0.0.1:80"]), colours=colours) for colours in (False, True)
    )
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert "http://127.0.0.1:80/" in coloured


@pytest.mark.parametrize(
    ("terminal", "environment", "wanted"),
    [
        (True, {}, True),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colours_are_for_terminals_whose_owner_likes_them(
    terminal: bool, environment: dict[str, str], wanted: bool
) -> None:
    assert wants_colours(terminal, environment) is wanted


SITE = plan_of([at("", Folder("/srv"))])
SECURED = Where(["0.0.0.0:80"], True, ["127.0.0.1:8080"], "/home/ann/data/authority.pem")


def test_over_tls_the_places_say_so_and_what_leads_there_and_whom_to_trust() -> None:
    assert banner(SITE, SECURED, colours=False).split("\n")[1:] == [
        "  https://127.0.0.1:80/   from this machine",
        "  https://192.0.2.7:80/   from the network",
        "  http://127.0.0.1:8080/  leads to https",
        "Clients trust it with ~/data/authority.pem.",
        "Ctrl+C stops it.",
    ]


def test_a_socket_in_the_file_system_speaks_tls_too() -> None:
    told = banner(SITE, Where(["unix:/run/s"], True, ["unix:/run/t"]), colours=False).split("\n")[1:-1]
    assert told == [
        "  unix:/run/s  curl --unix-socket /run/s https://localhost/",
        "  unix:/run/t  leads to https",
    ]


def test_how_to_trust_a_new_authority_is_told_once() -> None:
    told = banner(SITE, replace(SECURED, made=True), colours=False)
    assert "\nIts authority was made for this machine. To trust it:\n  curl " in told
    assert "curl --cacert /home/ann/data/authority.pem" in told
    assert told.endswith("\nCtrl+C stops it.")


def test_a_log_has_it_all_in_one_line() -> None:
    assert in_one_line(SITE, SECURED) == (
        f"Pellucid {__version__} serves /srv at https://127.0.0.1:80/, https://192.0.2.7:80/, http://127.0.0.1:8080/; "
        "clients are to trust /home/ann/data/authority.pem"
    )
