"""How a server is started, pinned to its cores and ended again; neither which there are nor what is asked of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import measure
from certificates import certificate

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is to run: the interpreter, the folder that it serves, a folder for its own files, the cores.

    `connections` is the number that it must be able to hold. The cores stand in the order in which servers get them,
    the clients' own last; there is none where the machine has only one.
    """

    python: str
    folder: Path
    scratch: Path
    connections: int
    cores: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Peer:
    """A server: what it is called, its version under an interpreter (None if it is not there), and its command.

    It is held to so many cores: one for each of its workers.
    """

    name: str
    version: Callable[[str], str | None]
    command: Callable[[Place, int], list[str]]
    cores: int = 1


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs. Where it is not `apart` from its clients, they share a core with it."""

    pid: int
    port: int
    apart: bool = True

    def processes(self) -> list[int]:
        """It and all that it has started, the eldest first."""
        return measure.family(self.pid)

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far, with all that it has started."""
        return measure.cpu_seconds(self.processes())

    def memory_bytes(self) -> int:
        """The memory that it holds now, with all that it has started."""
        return measure.memory_bytes(self.processes())


class Unready(Exception):
    """A server did not come up; the text ends with what it said itself."""


@contextmanager
def running(peer: Peer, place: Place, patience: float = 15) -> Iterator[Server]:
    """The server while it runs, ready to answer within so many seconds. It and its children are ended by their ids."""
    port = _free_port()
    log = place.scratch / f"{peer.name}.log"
    with log.open("wb") as output, _pinned(place.cores[: peer.cores]):
        process = subprocess.Popen(
            peer.command(place, port),
            cwd=place.scratch,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl+C is for the bench, which then ends its servers in order
        )
    try:
        _await(process, port, log, patience)
        yield Server(process.pid, port, peer.cores < len(place.cores))
    except OSError as error:
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            raise error from None
        raise Unready(f"ended by itself: {_said(log)}") from error
    finally:
        _end(process)


def over_tls(peer: Peer, *words: str, kind: str = "ecdsa") -> Peer:
    """The server with words more, in which {file} and {key} stand for the bench's certificate of that kind."""

    def command(place: Place, port: int) -> list[str]:
        made = certificate(place.scratch, kind)
        return [*peer.command(place, port), *(word.format(file=made.file, key=made.key) for word in words)]

    return replace(peer, command=command)


def packaged(name: str, *beside: str) -> Callable[[str], str | None]:
    """Asks an interpreter for a package's version, and for those beside it; None where it has not all of them."""
    said = "".join(f" + ', {other} ' + v({other!r})" for other in beside)
    return asked(f"from importlib.metadata import version as v; print(v({name!r}){said})")


def asked(code: str) -> Callable[[str], str | None]:
    """Has an interpreter print a version by this code; None where it cannot: what it cannot import is not there."""

    def version(python: str) -> str | None:
        done = subprocess.run([python, "-c", code], env=environment(), capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    return version


def environment() -> dict[str, str]:
    """Nothing that a person has set for one of the servers; all see Pellucid's source and the same applications."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONPATH": f"{PROJECT / 'src'}:{PROJECT / 'bench' / 'apps'}"}


@contextmanager
def _pinned(cores: Sequence[int]) -> Iterator[None]:
    # A child begins where its parent runs, so the parent steps over for a moment: no thread escapes that way.
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int, log: Path, patience: float) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Unready(f"did not start: {_said(log)}")


def _said(log: Path) -> str:
    # The last line, which of a traceback is the one that tells what it was.
    lines = log.read_text("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _end(process: subprocess.Popen[bytes], patience: float = 5) -> None:
    pids = measure.family(process.pid)
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        pass
    finally:
        for pid in pids if process.poll() is None else pids[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(patience)
