"""One worker as its parent sees it: a process, the channel to it, and what it writes where its stack goes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from collections.abc import Callable
from typing import Protocol

from pellucid.net.pollers import READ
from pellucid.net.reactor import Reactor
from pellucid.processes.board import Board
from pellucid.processes.channel import Channel
from pellucid.processes.child import fork
from pellucid.processes.seat import Seat

GATHER = 0.1
"""For how long what is written of a stack is gathered, in seconds: it comes in many pieces."""


class Listener(Protocol):
    """Who hears of a worker."""

    def ready(self, number: int) -> None:
        """It is ready to serve."""

    def serves(self, number: int) -> None:
        """It accepts connections now."""

    def recycle(self, number: int, why: str) -> None:
        """It has served long enough."""

    def traced(self, number: int, text: str) -> None:
        """It has written its stack."""


class WorkerProcess:
    """A worker that was forked. `why` is what it said before it failed, `wrong` whether a setting is the reason."""

    __slots__ = ("_channel", "_listener", "_reactor", "_stack", "_traces", "number", "pid", "why", "wrong")

    def __init__(
        self, number: int, reactor: Reactor, listener: Listener, board: Board, run: Callable[[Seat], int]
    ) -> None:
        """Start it. `run` is what it does, in the child, with the seat that it gets. Raises OSError."""
        self.number = number
        self.why = ""
        self.wrong = False
        self._reactor = reactor
        self._listener = listener
        self._stack = b""
        ours, theirs = socket.socketpair()
        try:
            self._traces, writes = os.pipe()
        except OSError:
            ours.close()
            theirs.close()
            raise

        def child() -> int:
            ours.close()
            os.close(self._traces)
            return run(Seat(number, theirs, board, writes))

        board.open(number - 1)
        try:
            self.pid = fork(child)
        except OSError:
            ours.close()
            os.close(self._traces)
            raise
        finally:
            theirs.close()
            os.close(writes)
        os.set_blocking(self._traces, False)
        self._channel = Channel(reactor, ours, self._heard, lambda: None)  # its end is told by the system
        reactor.add(self._traces, READ, self._on_traces)

    def say(self, line: str) -> None:
        """Tell it something."""
        self._channel.say(line)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def exit_status(self) -> int | None:
        """How it ended, as waitpid tells, once; None while it runs."""
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return 0  # somebody else has asked before
        return status if pid else None

    def close(self) -> None:
        """Hear what it still said, and let go of it."""
        self._channel.listen()
        self._channel.close()
        self._on_traces(READ)
        self._tell_stack()
        self._reactor.remove(self._traces)
        os.close(self._traces)

    def abandon(self) -> None:
        """In a forked child: close what the parent has open of it."""
        self._channel.abandon()
        os.close(self._traces)

    def _heard(self, line: str) -> None:
        word, _, text = line.partition(" ")
        if word == "ready":
            self._listener.ready(self.number)
        elif word == "serving":
            self._listener.serves(self.number)
        elif word == "recycle":
            self._listener.recycle(self.number, json.loads(text))
        elif word in ("failed", "wrong"):
            self.why, self.wrong = json.loads(text), word == "wrong"

    def _on_traces(self, mask: int) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._traces, 65536):
                if not self._stack:
                    self._reactor.at(self._reactor.clock() + GATHER, self._tell_stack)
                self._stack += data
            self._reactor.change(self._traces, 0)  # its end: nothing more will come

    def _tell_stack(self) -> None:
        if self._stack:
            text, self._stack = self._stack.decode("utf-8", "replace"), b""
            self._listener.traced(self.number, text)
