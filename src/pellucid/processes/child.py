"""Forking: a child that runs a function and leaves, without touching what its parent is at."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

HEARD = tuple(
    getattr(signal, f"SIG{name}") for name in ("TERM", "INT", "QUIT", "HUP", "CHLD", "TTIN", "TTOU", "USR1", "USR2")
)


def fork(run: Callable[[], int]) -> int:
    """Start a child that does `run` and leaves with its answer as its exit status; answers the child's process number.

    Whoever calls this has no threads. What it has open is open in the child too, until `run` closes it. Raises OSError.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()  # or what waits there would be written twice
    # A signal that comes in between would be handled in the child by the parent's handlers.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = -1
    try:
        pid = os.fork()
        if pid == 0:
            _be_a_child(run, before)
    finally:
        if pid != 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _be_a_child(run: Callable[[], int], mask: set[int]) -> None:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in HEARD:
            signal.signal(number, signal.SIG_DFL)
        _private(atexit, "_clear")  # what the parent wants done at its end is not ours to do
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        status = run()
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        _leave(status)


def _leave(status: int) -> None:
    # As an interpreter ends, in its order, but without going back to where the parent stands: threads that are not
    # daemons are waited for, and what apps and libraries want done at the end is done.
    try:
        _private(threading, "_shutdown")
        _private(atexit, "_run_exitfuncs")
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
    finally:
        os._exit(status)


def _private(module: Any, name: str) -> None:
    # These have no public name; multiprocessing ends its children with the same ones.
    call = getattr(module, name, None)
    if call is not None:
        call()
