"""The server: its ports, the connections that they bring, how many there may be, and how all of it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from pellucid.net.address import network_of
from pellucid.net.greet import Greet
from pellucid.net.link import ArrivingLink, Link
from pellucid.net.pollers import READ
from pellucid.net.port import Exhausted, Port
from pellucid.net.reactor import Reactor
from pellucid.protocol.choose import Protocols
from pellucid.protocol.limits import Limits
from pellucid.server.connection import Connection
from pellucid.server.dateline import DateLine
from pellucid.server.exchange import App
from pellucid.server.shared import Shared
from pellucid.server.timeouts import Patience
from pellucid.setting import setting
from pellucid.watch import Watch

BATCH = 64
"""How many links one port hands over in a round at the most."""

PAUSE = 0.25
"""How long a port rests when the system is out of descriptors, in seconds; the end of a connection wakes it earlier."""

YIELD = 0.001
"""How long a port rests to let other processes come first, in seconds."""

LOOK = 0.25
"""How often a server that stops looks for connections that have come to rest since, in seconds."""

QUIET = 10.0
"""For how long it is not said again that accepting rests, in seconds."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many connections a server holds. Zero stands for no limit."""

    connections: int = setting(10_000, "The most connections in all; while they are held no more are accepted.")
    connections_per_address: int = setting(
        512,
        "The most connections from one address, or from one IPv6 network (/64), trusted proxies aside; one more is "
        "answered with 503 and closed.",
    )


class Share(Protocol):
    """How several processes with the same ports share the connections that these bring."""

    def hold(self, count: int | None) -> None:
        """So many connections are held now; None once no more are accepted."""

    def batch(self, now: float) -> int:
        """How many to accept now, in the loop's seconds; 0 to let others come first, and ask again soon."""


class Server:
    """One thread's worth of HTTP: `listen` on ports, `run`, and `stop` from a callback or by `reactor.post`."""

    def __init__(
        self,
        app: App,
        capacity: Capacity | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        watch: Watch | None = None,
        reactor: Reactor | None = None,
    ) -> None:
        self.watch = watch if watch is not None else Watch()
        self.reactor = reactor if reactor is not None else Reactor(failed=self._failed)
        self.connections: set[Connection] = set()
        self._capacity = capacity if capacity is not None else Capacity()
        self._shared = Shared(self.reactor, app, patience if patience is not None else Patience(), self.watch)
        self.protocols = Protocols(
            limits if limits is not None else Limits(), DateLine(self.reactor, time.time), lambda: self.reactor.now
        )
        self._ports: list[Port] = []
        self._welcomes: dict[Port, Callable[[ArrivingLink], object]] = {}
        self._greets: list[Greet] = []
        self._of_address: dict[str, int] = {}
        self._paused = False
        self._quiet_until = 0.0
        self._stopping = False
        self._replaced = False
        self._over = False
        self.ended: Callable[[], None] = self.reactor.stop
        self.share: Share | None = None
        self.exempt: Callable[[str], bool] = _nobody
        self._greeting = 0

    def listen(self, port: Port, greets: Sequence[Greet] = ()) -> None:
        """Take the links that this port brings, each of them greeted in these ways, in their order, before its first
        request. The port and the greets are the server's from now on.
        """
        self._ports.append(port)
        self._greets += [greet for greet in greets if greet not in self._greets]
        self._welcomes[port] = partial(self._welcome, tuple(greets)) if greets else self.adopt
        self._tell_share()
        self.reactor.add(port.fd, 0 if self._paused else READ, lambda mask: self._accept(port))

    def adopt(self, link: Link) -> Connection | None:
        """Begin a connection over a link, or turn it away if its address has too many; then None. Raises Exhausted."""
        held = self._count(link.peer, 1)
        secured, protocols = link.secured, self.protocols
        if secured is not None:
            connection = Connection(self._shared, link, protocols.agreed(secured.protocol), self._closed)
        else:
            connection = Connection(self._shared, link, protocols.assumed(), self._closed, protocols.opening())
        self.connections.add(connection)
        self._tell_share()
        try:
            connection.open()
        except OSError as error:
            self._closed(connection)
            link.close()
            raise Exhausted(error.strerror or str(error)) from error
        if self._is_too_many(held, link.peer):
            most = self._capacity.connections_per_address
            connection.turn_away(503, f"connections-per-address: {most} from this address are open already")
            return None
        return connection

    def _is_too_many(self, held: int, address: str) -> bool:
        most = self._capacity.connections_per_address
        return bool(most and held > most and address) and not self.exempt(address)

    def _count(self, address: str, by: int) -> int:
        network = network_of(address)
        held = self._of_address.pop(network, 0) + by
        if held:
            self._of_address[network] = held
        return held

    def run(self) -> None:
        """Serve until `stop` has come to its end."""
        self.reactor.open_to_posts()
        try:
            self.reactor.run()
        finally:
            self.halt()
            self.reactor.close()

    def stop(self, grace: float, rest: float = 0.0) -> None:
        """Accept no more, finish what runs, and cut what still runs after `grace` seconds. Called again: `halt`.

        Each client is told with its next answer. A connection that rests may ask for so many seconds more: what its
        client has just sent is then not lost. `ended` is called when no connection is left.
        """
        if self._stopping:
            self.halt()
            return
        self._stopping = True
        self._close_ports()
        self._replaced = 0 < grace <= rest  # it only gives way to another, which nobody waits for
        for connection in tuple(self.connections):
            connection.drain(self._replaced)
        if rest > 0:
            self.reactor.at(self.reactor.now + rest, self._end_rest)
        else:
            self._end_rest()
        if not self._replaced:
            self.reactor.soon(lambda: self._tell_stopping(grace))  # when the idle ones have gone
        self.reactor.at(self.reactor.now + grace, self._out_of_grace)
        self._end_if_done()

    def accept_waiting(self) -> None:
        """Accept those who wait at the ports already: when nobody will come for them any more."""
        self.share = None
        for port in tuple(self._ports):
            self._accept(port)

    def halt(self) -> None:
        """Cut everything now."""
        self._stopping = True
        self._close_ports()
        for greet in self._greets:
            greet.close()
        for connection in tuple(self.connections):
            connection.abort("the server stops")
        self._end_if_done()

    def _end_rest(self) -> None:
        for greet in self._greets:
            greet.drain()
        self._close_idle()

    def _close_idle(self) -> None:
        for connection in tuple(self.connections):
            connection.close_if_idle()
        if self.connections and not self._over:  # an answer that was under way may end, and its client ask for no other
            self.reactor.at(self.reactor.now + LOOK, self._close_idle)

    def _tell_stopping(self, grace: float) -> None:
        busy = sum(not connection.idle for connection in self.connections)
        if busy:
            self.watch.note(
                "info", f"stopping: {_connections(busy)} to finish within {grace:g} s; a second signal ends it at once"
            )

    def _out_of_grace(self) -> None:
        if self.connections:
            self.watch.note("warning", f"grace: {_connections(len(self.connections))} cut at the end of it")
        self.halt()

    def _close_ports(self) -> None:
        for port in self._ports:
            self.reactor.remove(port.fd)
            port.close()
        self._ports.clear()
        self._tell_share()

    def _end_if_done(self) -> None:
        if self._stopping and not self.connections and not self._greeting and not self._over:
            self._over = True
            self.ended()

    def _accept(self, port: Port) -> None:
        most, welcome = self._capacity.connections, self._welcomes[port]
        batch = BATCH if self.share is None else self.share.batch(self.reactor.now)
        if not batch:
            self.reactor.change(port.fd, 0)
            self.reactor.at(self.reactor.now + YIELD, lambda: self._ask_again(port))
        try:
            for _ in range(batch):
                if most and len(self.connections) + self._greeting >= most:
                    self._pause(f"connections: {most} are open, so no more are accepted until one ends")
                    return
                link = port.accept()
                if link is None:
                    return
                welcome(link)
        except Exhausted as error:
            self._pause(f"{error}: accepting rests until a connection ends")
            self.reactor.at(self.reactor.now + PAUSE, self._resume)

    def _welcome(self, greets: tuple[Greet, ...], link: ArrivingLink) -> None:
        address = link.peer  # which may be another's after the greeting
        if self._is_too_many(self._count(address, 1), address):
            self._count(address, -1)
            link.close()  # there is no word yet that its client would understand
            return
        self._greeting += 1
        self._greet(greets, link, address)

    def _greet(self, greets: tuple[Greet, ...], link: ArrivingLink, address: str) -> None:
        first, *others = greets

        def greeted(link: Link | None, refused: str = "") -> None:
            if others and link is not None and not refused:
                # It is the link that has arrived: only TLS, which is the last, makes another.
                self._greet(tuple(others), cast("ArrivingLink", link), address)
            else:
                self._count(address, -1)
                self._greeted(link, refused)

        first(link, greeted)

    def _greeted(self, link: Link | None, refused: str) -> None:
        self._greeting -= 1
        connection = self.adopt(link) if link is not None else None
        if connection is not None and refused:
            connection.turn_away(400, refused)
        elif connection is not None and self._stopping:
            connection.drain(self._replaced)
        if self._paused and link is None:
            self._resume()
        self._end_if_done()

    def _ask_again(self, port: Port) -> None:
        if port in self._ports and not self._paused:
            self.reactor.change(port.fd, READ)

    def _tell_share(self) -> None:
        if self.share is not None:
            self.share.hold(len(self.connections) if self._ports and not self._paused else None)

    def _pause(self, why: str) -> None:
        if not self._paused:
            self._paused = True
            self._tell_share()
            if self.reactor.now >= self._quiet_until:
                self._quiet_until = self.reactor.now + QUIET
                self.watch.note("warning", why)
            for port in self._ports:
                self.reactor.change(port.fd, 0)

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._tell_share()
            for port in self._ports:
                self.reactor.change(port.fd, READ)

    def _closed(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._count(connection.peer, -1)
        self._tell_share()
        if self._paused:
            self._resume()
        self._end_if_done()

    def _failed(self, words: str) -> None:
        try:
            self.watch.note("error", f"a fault in the server\n{words}")
        except Exception:
            pass  # standard error itself is gone: there is nobody left to tell, and serving goes on


def _nobody(address: str) -> bool:
    return False


def _connections(count: int) -> str:
    return "1 connection" if count == 1 else f"{count} connections"
