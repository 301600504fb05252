"""What a request costs, measured side by side: `make bench`, with options as in `make bench ARGS="--quick"`.

The figure is the server's processor time for one request, in microseconds: what all its processes and threads have
used, as the operating system counts it, over the requests that were answered. Requests per second stand beside it as
a side note: on a machine that is shared they swing with the neighbours, and processor time does so much less.

- One worker, held to one core. The clients are held to another one, so that they take nothing from the server. Two
  workers get two cores; where the machine has no third, they share one of them with the clients, and then only their
  processor time says something.
- 64 connections, kept alive, each with a request open at any time; the head is a browser's, with twelve fields.
- Each server starts fresh for its turn and is warmed up for a second. The servers take turns (A B C, A B C, …), so
  that whatever else the machine does hits all alike; the figure is the median of the rounds.
- An answer that is not the expected one, or an error at a socket, makes the cell invalid, and the table says which.
- All Python servers run under one interpreter, and the table says which and whether it was built with profile-guided
  optimization. Their access logs are off.
- All run the same applications (`bench/apps`), each at the settings that its documentation gives for one worker:
  `bench/app_servers.py` tells them. Wherever there are threads, there are four.
- A server that is not installed is left out, and the table says so. `--install-peers` installs those of PyPI into
  `.venv-peers`, bjoern if it can be compiled (on Debian: apt-get install gcc python3-dev libev-dev); nginx and the
  clients come from the system's packages (apt-get install nginx-light wrk nghttp2-client apache2-utils openssl).
- Over HTTP/2 it is h2load that asks, over 8 connections with 32 requests each, with the same head less what HTTP/2 has
  no place for. All know it beforehand and speak it in the clear, so that nothing but the protocol is compared.
- Over TLS all show the same certificate (ECDSA on P-256), made for the run, and speak TLS 1.3. wrk resumes sessions
  where it can; ab does not, so it is ab that comes anew for each request, and has a full handshake each time.
- nginx sends by sendfile and opens each file anew, as it does unless told otherwise; Pellucid asks for a small file's
  state each time, and may answer with bytes that it keeps.
- Large answers are read by a client of our own, since wrk reads 8 KiB at a time and would measure itself.
- Memory is the proportional set size: what several processes share is counted once. A worker's own is also given as
  it is resident (RSS), the figure that people know.

Compare only what stands in one table: figures of two runs, or of two machines, say little beside each other.
`--profile WORKLOAD` shows instead where a request's time goes within Pellucid (`bench/sample.py`), and
`--count WORKLOAD` how many instructions of the interpreter it takes (`bench/count.py`), which no neighbour disturbs.
PROFILE.md tells what they showed, and what was done about it.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import interpreter
import measure
from count import count
from load import Failed, room_for_connections
from peers import Peer, Place, Unready, running
from sample import profile
from table import OURS, Cell, bars_table, workload_table
from ways import Effort
from workloads import WORKLOADS, Workload, prepare

NAMES = [each.name for each in WORKLOADS]
WATCHED = [each.name for each in WORKLOADS if OURS in (peer.name for peer in each.peers)]
PEERS = sorted({peer.name for each in WORKLOADS for peer in each.peers if not peer.name.startswith(OURS)})


def main() -> int:
    """Measure and print; 2 where this machine cannot."""
    options = _options().parse_args()
    if options.quick:
        options.seconds, options.rounds, options.idle = 1, 1, 1000
    if reason := _hindrance(options):
        print(f"bench: {reason}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # end the servers, as on Ctrl+C
    if options.install_peers:
        interpreter.install(options.python)
    python = interpreter.choose(None if options.install_peers else options.python)
    wanted = [each for each in WORKLOADS if each.name in (options.only or options.profile or options.count or NAMES)]
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        print("\n\n".join(_report(python, wanted, options, Path(scratch))))
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=NAMES, metavar="WORKLOAD", help=f"of {', '.join(NAMES)}")
    parser.add_argument(
        "--profile", action="append", choices=WATCHED, metavar="WORKLOAD", help="sample Pellucid instead"
    )
    parser.add_argument("--count", action="append", choices=WATCHED, metavar="WORKLOAD", help="count its instructions")
    parser.add_argument("--peer", action="append", choices=PEERS, help="a server beside Pellucid; else all")
    parser.add_argument("--seconds", type=_positive, default=3, help="of load in each turn (3)")
    parser.add_argument("--rounds", type=_positive, default=3, help="turns of each server (3)")
    parser.add_argument("--idle", type=_positive, default=10_000, help="connections that rest (10000)")
    parser.add_argument("--quick", action="store_true", help="one round of one second, 1000 idle: a look, no figure")
    parser.add_argument("--python", metavar="PATH", help="the interpreter of all Python servers (.venv-peers, if made)")
    parser.add_argument("--install-peers", action="store_true", help="make .venv-peers with the peers of PyPI first")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _hindrance(options: argparse.Namespace) -> str:
    if not measure.PROC.joinpath("self", "smaps_rollup").exists():
        return "processor time and memory are read from Linux's /proc, which is not here"
    if not shutil.which("wrk"):
        return "wrk makes the load and is not installed (on Debian: apt-get install wrk)"
    if options.python and not shutil.which(options.python):
        return f"--python: there is no interpreter {options.python}"
    return ""


def _report(python: str, wanted: Sequence[Workload], options: argparse.Namespace, scratch: Path) -> list[str]:
    cores = _cores()
    if cores:
        os.sched_setaffinity(0, {cores[-1]})
    resting = room_for_connections(options.idle)
    folder = scratch / "served"
    folder.mkdir()
    prepare(folder)
    place = Place(python, folder, scratch, resting + 2000, cores)
    effort = Effort(options.seconds, resting, scratch)
    parts = [_heading(python, cores, options)]
    if options.count:
        return [*parts, *(count(each, place) for each in wanted)]
    if options.profile:
        long = replace(effort, seconds=options.seconds * options.rounds)
        return [*parts, *(profile(each, place, long) for each in wanted)]
    if resting < options.idle:
        parts.append(f"The limit of open files leaves room for {resting:,} idle connections, not {options.idle:,}.")
    return [*parts, *_tables(wanted, place, effort, options)]


def _tables(wanted: Sequence[Workload], place: Place, effort: Effort, options: argparse.Namespace) -> list[str]:
    peers = {peer for each in wanted for peer in each.peers if _chosen(peer, options)}
    versions = {peer: peer.version(place.python) for peer in peers}
    results = {each.name: _rounds(each, versions, place, effort, options.rounds) for each in wanted}
    absent = ", ".join(sorted({peer.name for peer, version in versions.items() if version is None}))
    parts = [f"Not installed, hence left out: {absent}."] if absent else []
    if any(peer.cores >= len(place.cores) > 0 for peer in peers):
        parts.append("There is no third core: two workers share one with their clients, who slow them down.")
    for each in wanted:
        parts += [f"**{each.title}** (`{each.name}`)", workload_table(results[each.name], each.columns)]
    return [*parts, "**The bars**", bars_table(results)]


def _cores() -> tuple[int, ...]:
    # In the order in which servers get them, the clients' own last; none, where nothing can be held apart.
    cores = sorted(os.sched_getaffinity(0), reverse=True)
    return tuple(cores) if len(cores) > 1 else ()


def _chosen(peer: Peer, options: argparse.Namespace) -> bool:
    return not options.peer or peer.name.startswith(OURS) or peer.name in options.peer


def _rounds(
    workload: Workload, versions: Mapping[Peer, str | None], place: Place, effort: Effort, rounds: int
) -> dict[str, Cell]:
    peers = [peer for peer in workload.peers if versions.get(peer) is not None]
    cells = {peer.name: Cell(versions[peer] or "") for peer in peers}
    for number in range(rounds):
        for peer in peers:
            print(f"{workload.name}: round {number + 1} of {rounds}, {peer.name}", file=sys.stderr)
            _turn(workload, peer, cells[peer.name], place, effort)
    return cells


def _turn(workload: Workload, peer: Peer, cell: Cell, place: Place, effort: Effort) -> None:
    if cell.error:
        return
    try:
        with running(peer, place) as server:
            cell.rounds.append(workload.way(workload.ask, server, effort))
    except (Failed, Unready, OSError, subprocess.TimeoutExpired) as error:
        cell.error = str(error) or type(error).__name__


def _heading(python: str, available: Sequence[int], options: argparse.Namespace) -> str:
    date = time.strftime("%Y-%m-%d", time.gmtime())
    cores = f"server on core {available[0]}, clients on core {available[-1]}" if available else "none held to a core"
    machine = f"{os.cpu_count()} cores of {measure.processor()}, {platform.system()} {platform.release()}"
    rounds = f"median of {options.rounds} round(s) of {options.seconds} s"
    return f"{date}, {machine}; {cores}; {rounds}; {interpreter.describe(python)}; {_wrk_version()}."


def _wrk_version() -> str:
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    return " ".join((said.stdout + said.stderr).split()[:2])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
