"""An interpreter that is new enough for asgion, with asgion beside it: what this one cannot import, that one can."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WANTED = (3, 12)
PINNED = Path(__file__).parent.parent.parent / "requirements" / "asgion.txt"
SAY_VERSION = "import sys; print(*sys.version_info[:2])"


def newer() -> tuple[str, str]:
    """A Python of at least WANTED, and its version; without any on this machine, the test is skipped."""
    if sys.version_info >= WANTED:
        return sys.executable, "{}.{}".format(*sys.version_info)
    for path in candidates():
        said = subprocess.run([path, "-c", SAY_VERSION], capture_output=True, text=True)
        if re.fullmatch(r"\d+ \d+\n", said.stdout) and tuple(map(int, said.stdout.split())) >= WANTED:
            return path, said.stdout.strip().replace(" ", ".")
    pytest.skip("asgion needs Python {}.{}, and this machine has none".format(*WANTED))


def candidates() -> list[str]:
    """Interpreters that may be new enough: those on the path, and those that pyenv keeps."""
    found = [shutil.which(f"python3.{minor}") for minor in (14, 13, 12)]
    pyenv = shutil.which("pyenv")
    if pyenv is not None:
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True).stdout.strip()
        found += sorted(map(str, Path(root, "versions").glob("3.1[2-9]*/bin/python3")), reverse=True)
    return [path for path in found if path]


def with_asgion(version: str, folder: Path) -> str:
    """The path on which a Python of this version finds asgion, us, and what we need."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    # Some pips compare what a package requires with the Python that they run on, whatever version they were told.
    wheels = [
        "--only-binary",
        ":all:",
        "--python-version",
        version,
        "--ignore-requires-python",
        "--target",
        str(folder),
    ]
    subprocess.run([*install, *wheels, "--requirement", str(PINNED)], check=True)
    source = Path(__file__).parent.parent.parent / "src"
    return os.pathsep.join([str(folder), str(source)])
