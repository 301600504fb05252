"""What cannot be served is found before it is, with the place where it was chosen, and nothing is done to find it."""

import os
from pathlib import Path
from typing import Any

import pytest

from pellucid.cli.check import faults, told
from pellucid.config import Given, read_plan
from pellucid.plan import Plan
from pellucid.settings import Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with something to serve in it, where we are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public").mkdir()
    (tmp_path / "main.py").write_text("raise SystemExit('it was imported')\n")
    return tmp_path


def plan(text: str, **chosen: Any) -> Plan:
    Path("a.toml").write_text(text)
    origins = {name: "--" + name.replace("_", "-") for name in chosen}
    return read_plan("a.toml", Given(chosen, origins))


def test_what_is_right_has_no_faults_and_is_neither_imported_nor_opened(folder: Path) -> None:
    text = (
        'serve = "main:app"\nbind = ["unix:x.sock", "systemd:web", "127.0.0.1:1"]\nmetrics = "unix:m.sock"\n'
        'session = "sqlite:sessions.db"\n[paths."/x"]\nserve = "public"\n'
    )
    before = {*os.listdir(folder), "a.toml"}
    assert faults(plan(text)) == []
    assert {*os.listdir(folder)} - {"__pycache__"} == before


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[paths."/x"]\nheader = "X"', "a.toml:3: header: the header 'X' has no colon: write 'Name: value'"),
        ('[paths."/x"]\nspa = "n.html"', "a.toml:3: spa: there is no file 'n.html' in the folder that is served"),
        ('[paths."/x"]\nserve = "main:app"\nindex = "a/b"', "a.toml:4: index: 'a/b' is not the name of a file"),
        ('[paths."/x"]\nserve = "mani:app"', "a.toml:3: serve: there is no module 'mani', neither in '.' nor"),
        ('access-log = "{n}"', "a.toml:2: access-log: unknown directive {n}"),
        ('bind = [":80", "x y"]', "a.toml:2: bind: 'x y' is no address: write HOST:PORT"),
        ('metrics = "x y"', "a.toml:2: metrics: 'x y' is no address"),
        ('redirect-http = ":80"', "a.toml:2: redirect-http: there is no https to send clients to; give tls too"),
        ('user = "nobodyatall"', "a.toml:2: user: there is no user 'nobodyatall' here"),
        ('socket-mode = "9"', "a.toml:2: socket-mode: '9' is no mode of three octal digits"),
        ('app-dir = "none"', "a.toml:2: app-dir: there is no folder 'none'"),
        ('tls = "public"', "a.toml:2: tls: "),
        ('tls-client-ca = "x"', "a.toml:2: tls-client-ca: clients show certificates over TLS only; give tls too"),
        ('session = "sqlite:none/s.db"', "a.toml:2: session: there is no folder 'none' for the file"),
        ('session = "memory"\nsession-same-site = "huh"', "a.toml:3: session-same-site: 'huh' is none of"),
        ('interface = "cgi"', "a.toml:2: interface: 'cgi' is none of auto, asgi, wsgi, exchange"),
        ("[hosts.a]\nhsts = 60", "a.toml:3: hsts: it is said by https only; give tls"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_the_line_of_its_setting(text: str, line: str) -> None:
    app = 'serve = "main:app"' if "app-dir" in text else 'serve = "public"'
    found = faults(plan(f"{app}\n{text}\n"))
    assert len(found) == 1
    assert found[0].startswith(line)


def test_what_was_chosen_on_the_command_line_is_told_as_it_was_said_there() -> None:
    assert faults(plan('serve = "public"', tls_min="1.3")) == ["--tls-min: no TLS is spoken; give --tls too"]


def test_each_feature_of_a_place_tells_its_own_fault() -> None:
    text = 'serve = "public"\nheader = "X"\nmedia-type = "x"\nsession = "huh"\ncors = "*"\n'
    assert [line.partition(":")[2].partition(" ")[0] for line in faults(plan(text))] == ["4:", "2:", "3:"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('session = "memory"\nauth = "form"\nauth-users = "none"\nrequire = "user"', "a.toml:4: auth-users: none: "),
        ('auth = "form"\nauth-users = "none"', "a.toml:2: auth: form needs a session"),
        ('auth = "basic"', "a.toml:2: auth: auth-users: basic and form need a file of users"),
        ('require = "user"', "a.toml:2: require: nobody can show who it is here"),
        ('session = "memory"\nsession-cookie = "a b"', "a.toml:3: session-cookie: "),
    ],
)
def test_of_settings_that_want_each_other_the_one_is_blamed_that_is_named(text: str, line: str) -> None:
    (found,) = faults(plan(f'serve = "public"\n{text}\n'))
    assert found.startswith(line)


def test_who_checks_may_be_another_than_who_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert faults(plan('serve = "public"\nuser = "root"\n')) == []
    (line,) = faults(plan('serve = "public"\nuser = "nobodyatall"\n'))
    assert line.startswith("a.toml:2: user: there is no user")


def test_a_module_that_runs_already_is_there() -> None:
    assert faults(plan('serve = "__main__:app"')) == []


def test_modules_in_a_folder_that_may_not_be_read_are_looked_for_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    known = plan('serve = "main:app"\n[paths."/j"]\nserve = "json:dumps"\n')

    def refuse(_: str) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr("sys.path", [])
    assert faults(known) == [
        "a.toml:1: serve: there is no module 'main', neither in '.' nor elsewhere on Python's path"
    ]


EVERYTHING = """\
serve = "main:app"
tls = "dev"
compress = ["gzip"]
cors = "*"
error-pages = "public"
maintenance-file = "away.html"
redirect = "/a -> /b"
request-id = true
rate-limit = "100/m"
rate-limit-store = "redis://127.0.0.1:1/0"
concurrency-limit = 3
session = "redis://127.0.0.1:1/0"
session-key = "0123456789012345678901234567890123456789"
auth = ["bearer", "forward"]
jwt-keys-url = "https://127.0.0.1:1/keys"
jwt-issuer = "i"
jwt-audience = "a"
forward-auth = "http://127.0.0.1:1/"
"""


def test_with_everything_on_a_check_starts_no_thread_and_talks_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("threading.Thread.start", refuse)
    Path("public/404.html").write_text("nothing here")
    before = {*os.listdir(), "a.toml"}
    assert faults(plan(EVERYTHING)) == []
    assert {*os.listdir()} == before


def test_a_folder_that_went_away_is_told(folder: Path) -> None:
    known = plan('serve = "public"')
    (folder / "public").rmdir()
    assert faults(known) == ["a.toml:1: serve: the folder 'public' cannot be served: no such file or directory"]


def test_a_fault_of_many_places_is_told_once() -> None:
    found = faults(plan('serve = "public"\nheader = "X"\n[paths."/x"]\nlisting = false\n[hosts.a]\nlisting = false\n'))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("origin", "error", "line"),
    [
        ("a.toml:3", "--tls-min: give --tls too", "a.toml:3: tls-min: give tls too"),
        ("PELLUCID_TLS_MIN", "--tls-min: give --tls too", "PELLUCID_TLS_MIN: give --tls too"),
        ("--tls-min", "--tls-min: give --tls too", "--tls-min: give --tls too"),
        ("a.toml:3", "tls-min: tls-min 'x' is wrong", "a.toml:3: tls-min: 'x' is wrong"),
        ("a.toml:3", "--bind: it is taken", "--bind: it is taken"),
        ("a.toml:3", "something else: entirely", "something else: entirely"),
    ],
)
def test_a_complaint_is_told_in_the_words_of_its_origin(origin: str, error: str, line: str) -> None:
    assert told(error, Settings({"tls_min": "x"}, {"tls_min": origin})) == line


def test_a_certificate_for_development_without_its_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.cli.check.find_spec", lambda name: None)
    plan = read_plan("", Given({"tls": ("dev",)}, {"tls": "--tls"}, (), ""))
    assert faults(plan) == ['--tls: a certificate of one\'s own takes a package: pip install "pellucid[tls]"']
