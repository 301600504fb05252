"""Which Python runs the servers: one and the same for all of them, built with profile-guided optimization if any is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv-peers"
REQUIREMENTS = PROJECT / "requirements" / "bench.txt"
COMPILED = PROJECT / "requirements" / "bench-compiled.txt"
OLDEST = (3, 11)

# Debian asks make, not configure, for the optimization, and empties the flag of it in what it ships.
ASK = """\
import platform, sys, sysconfig
asked = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
print(*sys.version_info[:2], asked or sysconfig.get_config_var("PGO_PROF_USE_FLAG") == "")
print(platform.python_implementation(), platform.python_version())
"""


def choose(named: str | None) -> str:
    """The interpreter that a person has named, or that of the peers' environment, or the one that runs this."""
    if named:
        return shutil.which(named) or named
    ours = VENV / "bin" / "python"
    return str(ours) if ours.exists() else sys.executable


def install(named: str | None) -> None:
    """Make the peers' environment from the named interpreter, else the first with PGO, and fill it from PyPI."""
    base = named or next(filter(optimized, _candidates()), sys.executable)
    pip = [f"{VENV / 'bin' / 'python'}", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run([base, "-m", "venv", "--clear", VENV], check=True)
        subprocess.run([*pip, "-r", f"{REQUIREMENTS}"], check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit("bench: the peers could not be installed; on Debian a venv needs python3-venv") from error
    if subprocess.run([*pip, "-r", f"{COMPILED}"], capture_output=True, check=False).returncode:
        print(
            "bench: bjoern could not be compiled (Debian: apt-get install gcc python3-dev libev-dev)", file=sys.stderr
        )


def describe(python: str) -> str:
    """The interpreter's kind and version, and whether it was built with PGO: that is worth 20 to 30 %."""
    name = _ask(python)[1]
    return f"{name} (built {'with' if optimized(python) else 'WITHOUT'} profile-guided optimization)"


def optimized(python: str) -> bool:
    """Whether the interpreter is new enough and was built with profile-guided optimization."""
    try:
        major, minor, answer = _ask(python)[0].split()
    except (OSError, subprocess.CalledProcessError):
        return False
    return (int(major), int(minor)) >= OLDEST and answer == "True"


def _candidates() -> list[str]:
    # The system's own first: distributions build with PGO, version managers only when they are asked to.
    names = [f"python3.{minor}" for minor in range(11, 16)]
    found = [
        shutil.which(name, path=path) for path in ("/usr/bin:/usr/local/bin", None) for name in ("python3", *names)
    ]
    return [*filter(None, found), sys.executable]


def _ask(python: str) -> list[str]:
    done = subprocess.run([python, "-c", ASK], env={"PATH": os.defpath}, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
