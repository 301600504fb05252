"""Applications as a person serves them: by module and name, beside folders, alone and by workers."""

import json
import subprocess
from pathlib import Path

import pytest
from running import BY_MODULE, BY_SCRIPT, PATIENCE, Running

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

ASGI = """
import os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        os.write(1, b"the end\\n")  # at once: print would write the end of the line apart
        await send({"type": "lifespan.shutdown.complete"})
        return
    told = f"asgi {scope['root_path']} {scope['path']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": told})

async def no_start(scope, receive, send):
    assert scope["type"] == "lifespan"
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "the database sleeps"})
"""

WSGI = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"wsgi {environ['SCRIPT_NAME']} {environ['PATH_INFO']}".encode()]

def create_app():
    return application
"""

EXCHANGE = """
from pellucid import Response

def app(exchange):
    exchange.respond(Response(200), b"exchange %b %b" % (exchange.mount, exchange.request.path))
"""

BROKEN = """
def connect():
    raise OSError("the database sleeps")

connect()
"""

# What an old application may do while it is imported: the loop must be the one in which it is served.
EARLY = """
import asyncio

loop = asyncio.get_event_loop()

async def app(scope, receive, send):
    same = asyncio.get_running_loop() is loop
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(same).encode()})
"""

# As a framework for WSGI does it that has coroutine functions for views.
RUNNING = """
import asyncio

async def view():
    return b"viewed"

def app(environ, start_response):
    start_response("200 OK", [])
    return [asyncio.run(view())]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a module of each kind and a folder of files."""
    sources = {"site_asgi": ASGI, "site_wsgi": WSGI, "site_own": EXCHANGE}
    sources |= {"broken": BROKEN, "early": EARLY, "running_views": RUNNING}
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "a.txt").write_text("a file")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def body(server: Running, path: str) -> str:
    return server.get(path).partition(b"\r\n\r\n")[2].decode()


@pytest.mark.parametrize("command", [BY_MODULE, BY_SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize(
    ("target", "kind", "told"),
    [
        ("site_asgi:app", "ASGI", "asgi  /x y"),
        ("site_wsgi:application", "WSGI", "wsgi  /x y"),
        ("site_wsgi:create_app()", "WSGI", "wsgi  /x y"),
        ("site_own:app", "an exchange app", "exchange  /x%20y"),
    ],
)
def test_an_application_is_served_by_its_name(
    here: Path, command: tuple[str, ...], target: str, kind: str, told: str
) -> None:
    with Running("serve", target, "--bind", "0", "--access-log", "off", command=command) as server:
        assert f" serves {target} ({kind})\n" in server.banner
        assert body(server, "/x%20y") == told
        status, output, errors = server.end()
    assert (status, errors) == (0, "")
    assert output == ("the end\n" if target == "site_asgi:app" else "")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_applications_and_folders_stand_beside_each_other(here: Path, workers: str) -> None:
    targets = ("/=site_asgi:app", "/w=site_wsgi:application", "/own/x=site_own:app", "/files=public")
    with Running("serve", *targets, "--bind", "0", "--workers", workers, "--access-log", "off") as server:
        assert body(server, "/a/b") == "asgi  /a/b"
        assert body(server, "/w/a%20b") == "wsgi /w /a b"
        assert body(server, "/own/x") == "exchange /own/x /own/x"
        assert body(server, "/own") == "asgi  /own"
        assert body(server, "/files/a.txt") == "a file"
        assert b"\r\nlocation: /files/\r\n" in server.get("/files")
        status, output, errors = server.end()
    assert (status, errors) == (0, "")
    assert output == "the end\n" * max(int(workers), 1)


def test_an_asgi_application_is_told_its_mount(here: Path) -> None:
    with Running("serve", "/api=site_asgi:app", "--bind", "0", "--access-log", "off") as server:
        assert body(server, "/api/x") == "asgi /api /api/x"
        assert server.get("/other").startswith(b"HTTP/1.1 404 ")
        assert server.end()[0] == 0


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_loop_of_the_import_is_the_loop_of_the_requests(here: Path, loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    with Running("serve", "early:app", "--loop", loop, "--bind", "0", "--access-log", "off") as server:
        assert body(server, "/") == "True"
        assert server.end()[0] == 0


@pytest.mark.parametrize("threads", ["0", "2"])
def test_a_wsgi_application_may_run_a_loop_of_its_own(here: Path, threads: str) -> None:
    with Running("serve", "running_views:app", "--threads", threads, "--bind", "0", "--access-log", "off") as server:
        assert body(server, "/") == "viewed"
        assert server.end()[0] == 0


def test_modules_can_be_elsewhere(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    code = tmp_path_factory.mktemp("code")
    (code / "elsewhere.py").write_text(EXCHANGE)
    with Running("serve", "elsewhere:app", "--app-dir", str(code), "--bind", "0") as server:
        assert body(server, "/") == "exchange  /"
        assert server.end()[0] == 0


def test_the_environment_names_targets(here: Path) -> None:
    environment = {"PELLUCID_TARGETS": "/=site_own:app\n/files=public", "PELLUCID_BIND": "0"}
    with Running("serve", environment=environment) as server:
        assert body(server, "/files/a.txt") == "a file"
        assert body(server, "/x") == "exchange  /x"
        assert server.end()[0] == 0


def failure(*arguments: str) -> tuple[int, list[str]]:
    """The exit status and the lines of a command that cannot serve."""
    done = subprocess.run(
        [*BY_MODULE, "serve", *arguments, "--bind", "127.0.0.1:0"], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_module_that_fails_shows_the_users_own_frames_once(here: Path, workers: str) -> None:
    status, lines = failure("broken:app", "--workers", workers)
    assert status == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert [line.strip() for line in lines if line.startswith("  File")] == [
        f'File "{here}/broken.py", line 5, in <module>',
        f'File "{here}/broken.py", line 3, in connect',
    ]
    assert lines[-1] == "pellucid: broken cannot be imported: OSError: the database sleeps"
    assert lines.count(lines[-1]) == 1


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("site_asgi:ap",), 1, "did you mean 'app'?"),
        (("site_asg:app",), 1, "did you mean site_asgi?"),
        (("site_asgi",), 2, "did you mean `pellucid serve site_asgi:app`?"),
        (("site_asgi.py",), 2, "did you mean `pellucid serve site_asgi:app`?"),
        (("json:loads",), 1, "say so, by --interface asgi, wsgi or exchange"),
        (("site_asgi:no_start",), 1, "the database sleeps"),
        (("site_asgi:app", "--lifespan", "maybe"), 2, "unknown lifespan 'maybe'"),
        (("public", "--spa", "gone.html"), 2, "spa: there is no file 'gone.html'"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    here: Path, workers: str, arguments: tuple[str, ...], status: int, complaint: str
) -> None:
    ended, lines = failure(*arguments, "--workers", workers)
    assert ended == status
    (line,) = lines
    assert line.startswith("pellucid: ")
    assert complaint in line


def test_the_access_log_counts_what_applications_answer(here: Path) -> None:
    with Running("serve", "/w=site_wsgi:application", "--bind", "0", "--access-log", "json") as server:
        body(server, "/w/x?y=1")
        output = server.end()[1]
    assert json.loads(output)["target"] == "/w/x?y=1"
