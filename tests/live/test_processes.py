"""A parent and its workers as they really run: what it does when one crashes, is stuck, cannot start, or is told to."""

import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest
from running import BY_MODULE, PATIENCE, ask
from steady import Steady
from workers import Workers, named, stat_of

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

SILENT = """
import sys

def app(exchange):
    print("asked", file=sys.stderr, flush=True)
"""
"""An app that never answers."""

LOCAL = """
import os, signal, subprocess, sys, time
from pellucid import Response

def app(exchange):
    match exchange.request.path:
        case b"/crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"/stuck":
            print("asked", file=sys.stderr, flush=True)
            time.sleep(1000)
        case b"/children":
            subprocess.run(["sh", "-c", "sleep 0.1 & exit 0"])
    exchange.respond(Response(200), b"%d" % os.getpid())
"""

LIVES = """
import os, sys, threading, atexit

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        print("shut down", file=sys.stderr, flush=True)
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        while (await receive())["type"] != "http.disconnect":
            pass
        print("stream told", file=sys.stderr, flush=True)
        await send({"type": "http.response.body", "body": b"bye"})

atexit.register(lambda: print("at exit", file=sys.stderr, flush=True))
"""


FORKING = """
import os, sys

def app(environ, start_response):
    start_response("200 OK", [])
    path = environ["PATH_INFO"]
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return [b"parent"]
    if path == "/exits":
        sys.exit(0)
    if path == "/raises":
        raise RuntimeError("in the child")
    return [b"child"]
"""

THREAD = (
    """
import threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
"""
    + LOCAL
)


def gone(pid: int) -> bool:
    """Whether this process ends, soon."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if stat_of(pid)[:1] in ([], ["Z"]):  # gone, or nobody has asked yet how it ended
            return True
        time.sleep(0.01)
    return False


def body(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[2].decode()


def test_a_terminal_that_goes_away_ends_it_and_one_that_stays_means_a_reload(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    with Workers(
        tmp_path, LOCAL, "--workers", "1", start_new_session=True, stdin=theirs, preexec_fn=_control
    ) as server:
        os.close(theirs)
        workers = server.children
        server.send(signal.SIGHUP)
        server.wait_for("the reload is over")
        os.close(ours)
        assert server.process.wait(PATIENCE) == 0
        assert all(map(gone, workers))


def _control() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_it_ends_with_all_its_workers_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with Workers(tmp_path, LOCAL, "--workers", "2") as server:
        workers = server.children
        assert len(workers) == 2
        assert int(body(server.get())) in workers
        server.send(number)
        assert server.process.wait(PATIENCE) == 0
        assert all(map(gone, workers))
    assert "error" not in server.told


def test_lifespans_atexit_and_streams_have_their_end(tmp_path: Path) -> None:
    with Workers(tmp_path, LIVES, "--workers", "2") as server, server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.settimeout(PATIENCE)
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        server.send(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
    assert server.told.count("shut down") == 2
    assert server.told.count("at exit") == 2
    assert server.told.count("stream told") == 1


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with Workers(tmp_path, SILENT, "--workers", "2") as server, server.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.wait_for("asked")
        server.send(signal.SIGTERM)
        server.wait_for("stopping: 1 connection")
        begun = time.monotonic()
        server.send(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
        assert time.monotonic() - begun < 5


def test_without_workers_an_app_that_holds_up_the_loop_is_ended_and_its_stack_told(tmp_path: Path) -> None:
    with Workers(tmp_path, LOCAL) as server, server.connect() as client:
        client.sendall(b"GET /stuck HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.wait_for("asked")
        for _ in range(2):
            server.send(signal.SIGTERM)
            time.sleep(0.1)  # two that come together are one
        assert server.process.wait(PATIENCE) == 1
    assert 'site_of_test.py", line 11 in app' in server.told


@pytest.mark.parametrize("threads", ["0", "2"])
@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_child_that_a_wsgi_app_forks_ends_with_its_call(tmp_path: Path, workers: str, threads: str) -> None:
    with Workers(tmp_path, FORKING, "--workers", workers, "--threads", threads) as server:
        for path in ("/returns", "/exits", "/raises"):
            assert body(server.get(path)) == "parent"
        server.send(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_thread_of_an_app_does_not_keep_it_from_ending(tmp_path: Path, workers: str) -> None:
    with Workers(tmp_path, THREAD, "--workers", workers) as server:
        assert body(server.get())
        server.send(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0


def test_a_crash_is_told_with_its_stack_and_another_worker_takes_its_place(tmp_path: Path) -> None:
    with Workers(tmp_path, LOCAL, "--workers", "1") as server:
        before = int(body(server.get()))
        server.get("/crash")
        told = server.wait_for("worker 1 ended unasked with SIGSEGV, and is replaced")
        assert 'site_of_test.py", line 8 in app' in told
        assert "child.py" not in told
        assert int(body(server.get())) not in (before, 0)


def test_a_worker_that_is_stuck_is_replaced_and_its_stack_told(tmp_path: Path) -> None:
    with Workers(tmp_path, LOCAL, "--workers", "1", "--stuck-after", "1") as server, server.connect() as client:
        before = int(body(server.get()))
        client.sendall(b"GET /stuck HTTP/1.1\r\nHost: localhost\r\n\r\n")
        told = server.wait_for("the stack of worker 1")
        assert "worker 1 is replaced: stuck-after: its loop stands still for" in told
        assert 'site_of_test.py", line 11 in app' in server.wait_for(" in app")
        assert gone(before)
        assert int(body(server.get())) != before


def test_an_import_may_take_as_long_as_it_takes(tmp_path: Path) -> None:
    with Workers(tmp_path, "import time\ntime.sleep(2.5)\n" + LOCAL, "--workers", "1", "--stuck-after", "1") as server:
        assert body(server.get())
    assert "replaced" not in server.told


@pytest.mark.parametrize(
    ("source", "told", "status"),
    [
        ("raise ZeroDivisionError('on purpose')", "on purpose", 1),
        ("import os; os._exit(7)", "status 7", 1),
        ("async def app(scope, receive, send): raise ValueError('on purpose')", "on purpose", 1),
    ],
    ids=["import", "exit", "lifespan"],
)
def test_where_no_worker_can_start_it_says_so_once_and_ends(
    tmp_path: Path, source: str, told: str, status: int
) -> None:
    (tmp_path / "site_of_test.py").write_text(source)
    arguments = ("serve", "site_of_test:app", "--app-dir", str(tmp_path), "--bind", "127.0.0.1:0", "--workers", "3")
    done = subprocess.run(
        [*BY_MODULE, *arguments, "--lifespan", "on"], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == status
    assert told in done.stderr
    assert done.stderr.count("pellucid: ") <= 1
    assert "supervisor.py" not in done.stderr


def test_a_worker_that_keeps_dying_is_started_ever_more_slowly(tmp_path: Path) -> None:
    with Workers(tmp_path, named(0), "--workers", "2") as server, Steady(server.port, 2) as load:
        server.source.write_text("raise ZeroDivisionError('on purpose')")
        before = server.children
        os.kill(min(before), signal.SIGKILL)
        told = server.wait_for("the next try is in 2 s")
        assert [line.count("on purpose") for line in told.splitlines()].count(1) >= 1
        assert "the next try is in 1 s: " in told
        assert "the next try is in 2 s: as before" in told
        assert server.children >= {max(before)}
        server.source.write_text(named(0))
        load.wait_for(lambda: {int(body(server.get()))} - before)
        assert load.refused == []


def test_more_and_fewer_workers_on_demand(tmp_path: Path) -> None:
    with Workers(tmp_path, LOCAL, "--workers", "1") as server:
        server.send(signal.SIGTTOU)
        server.wait_for("1 worker from now on")
        server.send(signal.SIGTTIN)
        server.wait_for("2 workers from now on")
        with Steady(server.port, 4) as load:
            load.wait_for(lambda: len(server.children) == 2)
            server.send(signal.SIGTTOU)
            load.wait_for(lambda: len(server.children) == 1)
        assert load.lost == []


def test_without_their_parent_the_workers_leave(tmp_path: Path) -> None:
    with Workers(tmp_path, LOCAL, "--workers", "2") as server:
        workers = server.children
        server.process.kill()
        assert all(map(gone, workers))


# As the first process of a container: orphans of its descendants become its children (PR_SET_CHILD_SUBREAPER).
INHERITING = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "pellucid", *sys.argv[1:]])
"""


@pytest.mark.parametrize("command", [BY_MODULE, (sys.executable, "-c", INHERITING)], ids=["usual", "inheriting"])
def test_children_that_an_app_leaves_behind_confuse_nobody(tmp_path: Path, command: tuple[str, ...]) -> None:
    with Workers(tmp_path, LOCAL, "--workers", "1", command=command) as server:
        before = server.children
        for _ in range(3):
            assert body(server.get("/children"))
        deadline = time.monotonic() + PATIENCE
        while server.children != before:
            assert time.monotonic() < deadline
        time.sleep(0.2)  # the orphans have ended by now
        while server.children != before:
            assert time.monotonic() < deadline
    assert "error" not in server.told


@pytest.mark.parametrize(
    "limit", [("--recycle-requests", "20"), ("--recycle-age", "1500ms"), ("--recycle-memory", "1K")]
)
def test_a_worker_that_has_served_enough_is_replaced_without_a_loss(tmp_path: Path, limit: tuple[str, str]) -> None:
    with Workers(tmp_path, named(0.01), *limit) as server, Steady(server.port, 4) as load:
        load.wait_for(lambda: len(load.answers) >= 2)
        assert f"worker 1 is replaced: {limit[0][2:]}" in server.told
    assert load.lost == []
    assert load.refused == []


def test_a_worker_out_of_descriptors_rests_and_goes_on(tmp_path: Path) -> None:
    files = 60
    source = f"import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))\n" + LOCAL
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 2 * files
    with Workers(tmp_path, source, "--workers", "1") as server:
        held = [server.connect() for _ in range(files)]
        told = server.wait_for("Too many open files: accepting rests until a connection ends")
        assert "replaced" not in told
        for client in held[files // 2 :]:
            client.close()
        assert body(server.get())
        for client in held:
            client.close()


def test_the_monitor_tells_metrics_and_whether_anybody_serves(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with Workers(tmp_path, LOCAL, "--workers", "2", "--metrics", address) as server:
        for _ in range(5):
            server.get()

        def asked(path: str) -> bytes:
            host, _, port = address.partition(":")
            with socket.create_connection((host, int(port)), PATIENCE) as client:
                return ask(client, path)

        assert asked("/-/live").startswith(b"HTTP/1.1 200")
        assert asked("/-/ready").startswith(b"HTTP/1.1 200")
        assert asked("/-/other").startswith(b"HTTP/1.1 404")
        counted = b'pellucid_requests_total{method="GET",status="2xx"} 5'
        assert counted in asked("/metrics")
        for worker in server.children:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        server.wait_for("ended unasked with SIGKILL", 2)
        assert counted in asked("/metrics")  # what the dead have counted still counts
        deadline = time.monotonic() + PATIENCE
        while b'cause="crash"} 2' not in asked("/metrics"):
            assert time.monotonic() < deadline


def test_development_begins_anew_with_each_change_and_waits_out_mistakes(tmp_path: Path) -> None:
    with Workers(tmp_path, LOCAL, "--reload", "--reload-dir", str(tmp_path)) as server:
        before = body(server.get())
        changed = time.monotonic()
        server.source.write_text("nonsense nonsense")
        assert "SyntaxError" in server.wait_for("waiting for the next change")
        server.source.write_text(LOCAL + "\n# mended\n")
        assert body(server.get()) != before  # whoever asks meanwhile waits, and is answered
        assert time.monotonic() - changed < PATIENCE
