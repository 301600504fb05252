"""One process at work, alone or in a seat: what it serves is put together, it serves, and all of it has an end."""

from __future__ import annotations

import atexit
import gc
import os
import resource
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pellucid.assembly import Assemble
from pellucid.listening import Listening, shaking_hands
from pellucid.loading.importing import NotLoaded
from pellucid.loading.settings import LoadingSettings
from pellucid.logs import logs
from pellucid.net.greet import Greet
from pellucid.net.port import Port
from pellucid.net.proxied import Preambles
from pellucid.net.reactor import Reactor
from pellucid.net.tlssettings import TlsSettings
from pellucid.net.trusted import ProxySettings, Trusted
from pellucid.processes.alone import SIGNALS, Ready, serve_alone, watchdog
from pellucid.processes.lifetime import Greets, Lifetime
from pellucid.processes.privileges import PrivilegeSettings, become, choose
from pellucid.processes.seat import Seat
from pellucid.processes.seated import serve_seated, take
from pellucid.processes.settings import ProcessSettings
from pellucid.processes.signals import hearing
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from pellucid.server.server import Capacity, Server
from pellucid.server.timeouts import Patience
from pellucid.settings import CommandSettings, Settings
from pellucid.tracing import TracingSettings, tracing
from pellucid.watch import Watch

if TYPE_CHECKING:
    from pellucid.net.guest import Guest

AS_STARTED = gc.get_threshold()
"""What the collector goes by unless an app chooses otherwise."""

YOUNG = 10_000
"""How many more objects than have gone may have come before the collector looks for cycles among them. The requests of
one round hold some thousands that go by themselves; at the interpreter's 700 it looks in each round, in vain.
"""

LAST_THREADS = 2.0
"""How long threads of an app may keep the process when all else is over, in seconds."""


def work(server: Server, grace: float) -> None:
    """Run a server until SIGTERM or SIGINT has ended it: what runs is finished within `grace` seconds; a second
    signal ends it at once.
    """
    reactor = server.reactor
    calls: dict[int, Callable[[], None]] = dict.fromkeys(SIGNALS, lambda: server.stop(grace))
    with watchdog(grace) as signalled, hearing(reactor, calls, signalled):
        _freeze()
        server.run()


def run_worker(
    assemble: Assemble,
    listening: Listening,
    settings: Settings,
    seat: Seat | None = None,
    ready: Ready | None = None,
) -> int:
    """Serve until the end, and answer with the exit status: alone, or in a seat that a parent has given.

    Alone, `ready` is called once it serves; NotLoaded and ValueError say why that cannot be. In a seat
    the parent is told instead.
    """
    watch = Watch()
    if seat is not None:
        take(seat)
    with logs(watch, settings, worker=str(seat.number) if seat is not None else ""):
        reactor = Reactor(failed=lambda words: watch.note("error", f"a fault in the server\n{words}"))
        host = _Host(reactor, settings[LoadingSettings].loop)
        try:
            _give_up_rights(settings[PrivilegeSettings])
            assembly = assemble(reactor, watch, host)
            if not assembly.needs_loop:
                host.close()  # a WSGI app in this thread may want to run a loop of its own
            with tracing(watch, settings[TracingSettings]):  # in the context that the app has left behind
                server = Server(assembly.app, settings[Capacity], settings[Limits], settings[Patience], watch, reactor)
                server.protocols.http2 = settings[Http2Limits]
                greets = _greets(server, listening, settings)
                _serve(Lifetime(server, assembly.lives, listening.ports, greets), settings, host, seat, ready)
        except (NotLoaded, ValueError) as error:
            listening.close()
            if seat is None:
                raise
            seat.fail(str(error), usage=isinstance(error, ValueError))
            return 1
        finally:
            host.close()
            reactor.close()
    _bound_threads()
    return 0


def leave_quietly() -> None:
    """For a process that only serves: wherever no server runs any more, a signal ends it at once with status 0.

    The end of a process takes its time, logs are written and modules are torn down. One more signal then must not make
    a failure of an end that was asked for.
    """
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: os._exit(0))
    atexit.register(lambda: [signal.signal(number, signal.SIG_IGN) for number in SIGNALS])


def raise_descriptor_limit() -> int:
    """Ask the system for as many descriptors as it allows; answers how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            return soft  # macOS names a hard limit that it does not grant
    return hard


def _give_up_rights(chosen: PrivilegeSettings) -> None:
    identity = choose(chosen)
    if identity is not None:
        become(identity)


def _greets(server: Server, listening: Listening, settings: Settings) -> Callable[[Port], Greets]:
    # What goes before the first request at each port.
    plain = _stand_behind_proxies(server, settings)
    if listening.certificates is None:
        return lambda port: plain
    secured = [*plain, shaking_hands(server, listening.certificates, settings[TlsSettings])]
    return lambda port: secured if port in listening.served else plain


def _stand_behind_proxies(server: Server, settings: Settings) -> list[Greet]:
    proxies, watch = settings[ProxySettings], server.watch
    trusted = Trusted(proxies.trusted_proxies)
    server.exempt = trusted.holds  # all of a proxy's clients come from its one address
    if proxies.proxy_protocol:
        if not trusted.anybody:
            raise ValueError("--proxy-protocol says how trusted proxies begin: name them with --trusted-proxies")
        head_time = settings[Patience].head_time
        return [Preambles(server.reactor, trusted, head_time, lambda why: watch.note("info", why))]
    return []


class _Host:
    """The loop around the reactor, made when something first needs it; the reactor runs alone where nothing does."""

    def __init__(self, reactor: Reactor, loop_name: str) -> None:
        self._reactor = reactor
        self._loop_name = loop_name
        self._guest: Guest | None = None

    def __call__(self) -> Guest:
        if self._guest is None:
            from pellucid.net.guest import Guest  # asyncio costs memory and time, and folders do without it

            self._guest = Guest(self._reactor, self._loop_name)
        return self._guest

    def run(self) -> None:
        """Run until the reactor is stopped."""
        if self._guest is not None:
            self._guest.run()
        else:
            self._reactor.run()

    def close(self) -> None:
        """Let go of the loop; from now on the reactor runs alone."""
        if self._guest is not None:
            self._guest.close()
            self._guest = None


def _serve(lifetime: Lifetime, settings: Settings, host: _Host, seat: Seat | None, ready: Ready | None) -> None:
    grace = settings[CommandSettings].grace

    def run(begun: Callable[[], None]) -> None:
        _run(lifetime, host, begun)
        if seat is None:
            host.close()  # while the watchdog looks: nobody else would end an app that holds up the loop now

    if seat is None:
        serve_alone(lifetime, grace, run, ready)
    else:
        serve_seated(lifetime, grace, run, seat, settings[ProcessSettings])
    if lifetime.why:
        raise NotLoaded(lifetime.why)


def _run(lifetime: Lifetime, host: _Host, begun: Callable[[], None]) -> None:
    # In the first round, when signals are already heard: whoever is told that it serves may send one at once.
    lifetime.reactor.post(lambda: lifetime.begin(begun))
    _freeze()
    chosen = gc.get_threshold()
    if chosen == AS_STARTED:
        gc.set_threshold(max(YOUNG, chosen[0]), *chosen[1:])
    try:
        host.run()
    finally:
        lifetime.server.halt()
        gc.set_threshold(*chosen)


def _freeze() -> None:
    gc.collect()
    gc.freeze()  # what stands now stands to the end: the collector need not look at it again


def _bound_threads() -> None:
    # The interpreter waits for an app's threads without end; a shutdown has one.
    if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        signal.signal(signal.SIGALRM, lambda number, frame: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, LAST_THREADS)
