"""The folder in which the authority and its certificate are kept: the only files that are ever written, and only when
somebody asks for them.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pellucid.authority.machine import Machine
from pellucid.tracebacks import reason_of

AUTHORITY, AUTHORITY_KEY, SERVER = "authority.pem", "authority-key.pem", "server.pem"
"""What people trust, its key, and the server's certificate with its key."""

STAY = 50
"""How many names stay in a certificate that is made anew, the latest first: containers have another one each time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the authority's certificate is, and the server's with its key; `made` says that the authority is new, so
    that nobody can trust it yet.
    """

    authority: str
    server: str
    made: bool


def keep(folder: str, machine: Machine, now: datetime | None = None) -> Kept:
    """See to it that the folder holds an authority and a certificate of it for this machine. What is near its end, does
    not name all, or cannot be read, is made anew; several processes may ask for it at once.

    ValueError says in one line what stands in the way.
    """
    if importlib.util.find_spec("cryptography") is None:
        raise ValueError("it wants the package cryptography: `pip install 'pellucid[tls]'`")
    try:
        _make(folder)
        if not _private(folder):
            raise ValueError(f"the folder {folder} must be yours and for nobody else: `chmod 700` it, or remove it")
        with _alone(folder):
            made = _keep(folder, machine, now or datetime.now(UTC))
    except OSError as error:
        reason = reason_of(error)
        raise ValueError(f"its certificates cannot be kept in {folder}: {reason}") from error
    return Kept(os.path.join(folder, AUTHORITY), os.path.join(folder, SERVER), made)


def data_folder(environment: Mapping[str, str], platform: str = sys.platform) -> str:
    """Where they are kept: with a user's data by the XDG Base Directory Specification, or by the custom of macOS.
    ValueError where the user has no home.
    """
    chosen = environment.get("XDG_DATA_HOME", "")
    home = environment.get("HOME", "")
    if os.path.isabs(chosen):  # as the specification has it, others are to be ignored
        data = chosen
    elif not os.path.isabs(home) or home == "/":
        raise ValueError("there is no home to keep its certificates in: set XDG_DATA_HOME to a folder of your own")
    elif platform == "darwin":
        data = os.path.join(home, "Library", "Application Support")
    else:
        data = os.path.join(home, ".local", "share")
    return os.path.join(data, "pellucid", "tls")


def _keep(folder: str, machine: Machine, now: datetime) -> bool:
    # Whether the authority was made now.
    from pellucid.authority.issuing import authorizes, domains_of, make_authority, make_server, names_of, serves

    authority, key = _read(folder, AUTHORITY), _read(folder, AUTHORITY_KEY)
    made = not authorizes(authority, key, now)
    if made:
        authority, key = make_authority(machine, now)
        _write(folder, AUTHORITY_KEY, key, 0o600)
        _write(folder, AUTHORITY, authority, 0o644)
    else:
        # Laptops and containers change their names. Another authority would have to be trusted anew each time.
        machine = machine.within(domains_of(authority))
    server = b"" if made else _read(folder, SERVER)
    if not serves(server, authority, machine, now):
        # By the names that it tells already, another server may be asked for at this moment.
        machine = machine.calling(*list(filter(machine.owns, names_of(server)))[:STAY])
        # One file, so that nobody ever reads a certificate and a key that do not belong together.
        _write(folder, SERVER, make_server(authority, key, machine, now), 0o600)
    return made


def _make(folder: str) -> None:
    # With all above it that is missing, as the XDG specification has it. Where others may write they could put another
    # folder in its place.
    if not os.path.isdir(folder):
        _make(os.path.dirname(folder))
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)


def _private(folder: str) -> bool:
    # An authority that somebody else has put there could speak for us.
    found = os.lstat(folder)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o077


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    # The lock goes with its descriptor, so a process that dies leaves none behind.
    lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read(folder: str, name: str) -> bytes:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def _write(folder: str, name: str, content: bytes, mode: int) -> None:
    # Beside it and renamed: a server that looks at the file meanwhile sees the old one or the new one, whole.
    path = os.path.join(folder, name)
    beside = f"{path}.new"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)  # whatever the umask says
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.rename(beside, path)
