"""What systemd and a service tell each other: the sockets that it hands over, and how the service fares.

Both are protocols of the environment: sd_listen_fds(3) and sd_notify(3). It knows neither ports nor HTTP.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from pellucid.net.reactor import Reactor

FIRST = 3
"""The number of the first descriptor that is handed over; the others follow it."""

MOST = 1024
"""How many descriptors are believed to be handed over at the most."""

WORD = "systemd"
"""What stands for the sockets that are handed over where an address is expected; systemd:NAME for those of one name."""

LISTEN = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")


@dataclass(frozen=True, slots=True)
class Handed:
    """The sockets that were handed over: the descriptor and the name of each. `why` is why there are none."""

    sockets: tuple[tuple[int, str], ...] = ()
    why: str = ""

    def addresses(self, texts: Sequence[str], *, chosen: bool = True) -> tuple[str, ...]:
        """The addresses to listen on, with fd:N for each socket that `systemd` or `systemd:NAME` stands for.

        Where nobody has chosen the addresses, whatever was handed over takes their place. ValueError if there is
        nothing that such a word could stand for.
        """
        if not chosen and self.sockets:
            texts = (WORD,)
        return tuple(address for text in texts for address in self._meant(text))

    def _meant(self, text: str) -> list[str]:
        word, colon, name = text.partition(":")
        if word != WORD:
            return [text]
        meant = [f"fd:{fd}" for fd, own in self.sockets if not colon or own == name]
        if not self.sockets:
            raise ValueError(f"cannot listen on {text}: {self.why}")
        if not meant:
            names = ", ".join(dict.fromkeys(own for _, own in self.sockets))
            raise ValueError(f"cannot listen on {text}: no socket of that name was handed over, there is {names}")
        return meant


def take_handed(environment: MutableMapping[str, str] = os.environ) -> Handed:
    """The sockets that were handed over to this process, once: the variables that tell of them are removed, so that no
    process which this one starts takes them for its own.
    """
    for_pid, count, names, _ = (environment.pop(name, "") for name in LISTEN)
    if not count:
        return Handed(why="systemd has handed over no socket; start the service by its .socket unit")
    if for_pid != str(os.getpid()):
        return Handed(
            why=f"systemd's sockets are for process {for_pid!a}, and this is {os.getpid()}; "
            "start the server itself in ExecStart, without a shell around it"
        )
    if not count.isdecimal() or len(count) > 4 or not 0 < int(count) <= MOST:
        return Handed(why=f"systemd has handed over {count!a} sockets")
    named = names.split(":") if names else []
    named += ["unknown"] * (int(count) - len(named))  # what systemd itself calls one without a name
    return Handed(tuple((FIRST + place, named[place]) for place in range(int(count))))


def notify(*lines: str) -> bool:
    """Tell the service manager, such as `notify("READY=1")`; answers whether it took it.

    Does nothing where none wants to know, never blocks and never raises: nobody stops serving because nobody listens.
    """
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path[:1] not in ("/", "@"):
        return False
    address = "\0" + path[1:] if path[0] == "@" else path  # the abstract names of Linux
    with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setblocking(False)
        manager.sendto("\n".join(_one_line(line) for line in lines).encode("utf-8", "replace"), address)
        return True
    return False


def tell_ready() -> None:
    """The ports are open and somebody serves; also the end of reloading."""
    notify("READY=1", f"MAINPID={os.getpid()}")


def tell_reloading() -> None:
    """Code and settings are read anew; `tell_ready` says that it is over."""
    # The time lets systemd tell this reloading from an earlier one (Type=notify-reload).
    notify("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")


def tell_stopping() -> None:
    """No more is accepted, and what runs is finished."""
    notify("STOPPING=1")


def tell_alive() -> None:
    """A sign of life, due every `watchdog_interval()` seconds."""
    notify("WATCHDOG=1")


def show_life(reactor: Reactor) -> None:
    """Give signs of life as long as this loop turns, where a watchdog waits for them."""
    interval = watchdog_interval()
    if interval:
        tell_alive()
        reactor.at(reactor.clock() + interval, lambda: show_life(reactor))


def watchdog_interval() -> float:
    """How often a sign of life is due, in seconds: half the time after which systemd gives this process up. 0 where no
    watchdog waits for this process.
    """
    limit, for_pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or len(limit) > 18 or for_pid not in ("", str(os.getpid())):
        return 0.0
    return int(limit) / 2_000_000


def _one_line(text: str) -> str:
    # Each line is an assignment of its own: a text with a line break in it could say READY=1.
    return " ".join(text.splitlines())
