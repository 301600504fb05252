"""A forked child does what it is to do, ends as an interpreter ends, and never comes back to where its parent is."""

import subprocess
import sys

import pytest

SCRIPT = """
import atexit, os, signal, sys, threading, time
from pellucid.processes.child import fork

atexit.register(print, "the parent's end")
signal.signal(signal.SIGTERM, lambda number, frame: print("the parent's handler"))
print("before", end=" ")

def run():
    atexit.register(print, "the child's end")
    {does}
    return 0

try:
    pid = fork(run)
finally:
    print("came back", flush=True)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print("status", status, signal.pthread_sigmask(signal.SIG_BLOCK, ()) or "no signal blocked")
"""


@pytest.mark.parametrize(
    ("does", "status", "ends"),
    [
        ("pass", 0, True),
        ("return 7", 7, True),
        ("sys.exit(3)", 3, True),
        ("sys.exit('why')", 1, True),
        ("sys.exit()", 0, True),
        ("raise ZeroDivisionError", 1, True),
        ("raise KeyboardInterrupt", 1, True),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", -15, False),
        ("threading.Thread(target=lambda: (time.sleep(0.1), print('the thread'))).start()", 0, True),
        ("assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) and signal.set_wakeup_fd(-1) == -1", 0, True),
    ],
)
def test_a_child_ends_as_an_interpreter_does_and_its_parent_goes_on(does: str, status: int, ends: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(does=does)], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.count("before") == 1
    assert done.stdout.count("came back") == 1
    assert done.stdout.count("the child's end") == ends
    assert done.stdout.count("the parent's end") == 1
    assert done.stdout.count("the parent's handler") == 0
    assert done.stdout.count("the thread") == ("the thread" in does)
    assert f"status {status} no signal blocked" in done.stdout
    assert ("ZeroDivisionError" in done.stderr) == ("ZeroDivisionError" in does)
