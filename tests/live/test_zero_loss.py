"""What clients notice of reloads, crashes and the end, under a steady load: nothing that can be spared them."""

import os
import signal
import time
from pathlib import Path

import pytest
from running import PATIENCE
from steady import Steady
from workers import Workers, named

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

RELOADS = 20
REST = 0.2
"""For how long a client rests, in seconds."""


def test_twenty_rolling_reloads_lose_no_request_and_refuse_no_connection(tmp_path: Path) -> None:
    with Workers(tmp_path, named(0.002), "--workers", "2") as server, Steady(server.port, 8, pause=0.002) as load:
        before = set(load.answers)
        for number in range(1, RELOADS + 1):
            server.send(signal.SIGHUP)
            server.wait_for("the reload is over", number)
        load.wait_for(lambda: not before & {client.served_by for client in load.clients})
        assert len(load.answers) > RELOADS
    assert load.lost == []
    assert load.refused == []
    assert load.answers.total() > 200
    assert "error" not in server.told


def test_a_connection_that_rests_outlives_the_reload_by_one_answer(tmp_path: Path) -> None:
    with Workers(tmp_path, named(0), "--workers", "1") as server, server.connect() as client:
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        client.settimeout(PATIENCE)
        client.sendall(request)
        before = client.recv(1000)
        assert b"connection: close" not in before
        server.send(signal.SIGHUP)
        server.wait_for("the reload is over")
        client.settimeout(REST)
        with pytest.raises(TimeoutError):  # nothing came, and no end of it
            client.recv(1)
        client.settimeout(PATIENCE)
        client.sendall(request)
        after = client.recv(1000)
        assert after.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in after
        assert after.endswith(before.rpartition(b"\r\n")[2])
        assert client.recv(1000) == b""


def test_a_killed_worker_loses_only_the_requests_that_it_was_running(tmp_path: Path) -> None:
    with Workers(tmp_path, named(0.05), "--workers", "3") as server, Steady(server.port, 12) as load:
        victim = load.clients[0].served_by
        running = [client for client in load.clients if client.served_by == victim]
        os.kill(int(victim), signal.SIGKILL)
        load.wait_for(lambda: all(client.served_by != victim for client in load.clients))
        load.wait_for(lambda: len({client.served_by for client in load.clients}) >= 2)
        server.wait_for("ended unasked with SIGKILL, and is replaced")
    assert {who for _, who, _ in load.lost} <= {victim}
    assert len(load.lost) <= len(running)
    assert load.refused == []


def test_a_stop_in_the_middle_of_a_load_lets_every_request_finish(tmp_path: Path) -> None:
    with Workers(tmp_path, named(0.05), "--workers", "2") as server, Steady(server.port, 8) as load:
        told = time.monotonic()
        server.send(signal.SIGTERM)
        assert server.process.wait(10) == 0
        took = time.monotonic() - told
    # Nobody is let in any more, so what is refused is a connection, and never a request.
    assert load.lost == []
    assert took < 5
    assert all(why.startswith("ConnectionRefusedError") for _, why in load.refused)


def test_a_reload_that_cannot_start_keeps_the_workers_that_run(tmp_path: Path) -> None:
    with Workers(tmp_path, named(0.05), "--workers", "2") as server, Steady(server.port, 4) as load:
        before = set(load.answers)
        server.source.write_text("raise ZeroDivisionError('on purpose')")
        server.send(signal.SIGHUP)
        told = server.wait_for("the reload failed, and the workers that run go on")
        assert "on purpose" in told
        server.source.write_text(named(0))
        load.wait_for(lambda: load.answers.total() > 20)
        assert set(load.answers) == before
        server.send(signal.SIGHUP)
        load.wait_for(lambda: not before & {client.served_by for client in load.clients})
    assert load.lost == []
    assert load.refused == []


def test_connections_and_requests_are_shared_evenly(tmp_path: Path) -> None:
    with Workers(tmp_path, named(0.01), "--workers", "4") as server, Steady(server.port, 64) as load:
        load.wait_for(lambda: load.answers.total() > 2000)
        connections = [sum(client.served_by == who for client in load.clients) for who in load.answers]
    assert len(connections) == 4
    assert max(connections) <= 1.5 * 16
    assert max(load.answers.values()) <= 1.5 * load.answers.total() / 4
    assert load.lost == []
