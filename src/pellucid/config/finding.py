"""Where the configuration stands: a file that was named, or the one that is found; it does not read what it says."""

from __future__ import annotations

import os
import re

from pellucid.tracebacks import reason_of

OWN = "pellucid.toml"
PROJECT = "pyproject.toml"
TABLE = ("tool", "pellucid")
"""Where the keys stand in a project's file."""

LARGEST = 1 << 20
"""No file of a person is larger, in bytes; a device that never ends is not read for ever."""

_HEADER = re.compile(rb"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*pellucid[ \t]*[.\]]", re.MULTILINE)


def find(folder: str = ".") -> str:
    """The file in this folder, empty if there is none: pellucid.toml, else a pyproject.toml with [tool.pellucid]."""
    own, project = (os.path.normpath(os.path.join(folder, name)) for name in (OWN, PROJECT))
    if os.path.lexists(own):  # though it may lead nowhere: whoever has put it there would not be served without it
        return own
    return project if os.path.isfile(project) and _speaks_of_us(project) else ""


def read_text(file: str) -> str:
    """What stands in a file. ValueError says in one line why it cannot be had."""
    try:
        with open(file, "rb") as opened:
            content = opened.read(LARGEST + 1)
    except FileNotFoundError:
        raise ValueError(f"{file}: there is no such file") from None
    except IsADirectoryError:
        raise ValueError(f"{file}: this is a folder; name the file in it") from None
    except OSError as error:
        raise ValueError(f"{file}: it cannot be read: {reason_of(error)}") from None
    if len(content) > LARGEST:
        raise ValueError(f"{file}: it is larger than {LARGEST >> 20} MiB, as no configuration is")
    try:
        return content.decode("utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{file}:{line}: this is not UTF-8, as TOML is; save the file as that") from None


def refer(path: str, folder: str) -> str:
    """A path of the file, named from where we are: relative ones begin in the folder of the file, and ~ is one's home.

    >>> refer("public", "."), refer("public", "/etc/shop"), refer("/srv/www", "/etc/shop")
    ('public', '/etc/shop/public', '/srv/www')
    """
    path = os.path.expanduser(path)
    return path if folder == "." else os.path.join(folder, path)


def _speaks_of_us(file: str) -> bool:
    try:
        with open(file, "rb") as opened:
            return _HEADER.search(opened.read(LARGEST)) is not None
    except OSError:
        return False
