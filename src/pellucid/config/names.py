"""The names of hosts and paths as a person writes them, and as requests have them."""

from __future__ import annotations

import re
import socket
import unicodedata

from pellucid.config.mistakes import spell_text
from pellucid.loading.targets import parse_mount

_NAME = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")

_DEVIANT = re.compile("[\u00df\u03c2\u200c\u200d]")
"""What browsers keep (UTS 46), and what Python's older IDNA takes for something else: sharp s is no ss."""


def host_name(text: str) -> str:
    """A host as a request names it: in ASCII lower case, without a dot at its end. ValueError says what to write."""
    name = text.strip().lower().removesuffix(".")
    if "://" in name or "/" in name:
        name = (name.partition("://")[2] or name).partition("/")[0]
        raise ValueError(f'a host is a name alone: write [hosts."{name}"]')
    if name == "*":
        raise ValueError("what is for all other hosts stands at the top, outside of any [hosts] table")
    if not name.isascii():
        name = _in_ascii(name)
    if name.count(":") == 1:
        raise ValueError(f"a host has no port here, and bind says which there are: write {name.partition(':')[0]!r}")
    if name.count(":") > 1 and not name.startswith("["):
        name = f"[{name}]"
    if name.startswith("["):
        return _address(text, name)
    if not (_NAME.fullmatch(name) and len(name) <= 253):
        star = "; a * stands for the first part of a name, as in *.example.com" if "*" in name else ""
        raise ValueError(f"{text!r} is no name of a host{star}")
    return name


def mount_name(text: str) -> str:
    """A path as a mount. ValueError says what to write."""
    if not text.startswith("/"):
        raise ValueError(f"a path begins with a slash: write [paths.{spell_text('/' + text)}]")
    if not text.strip("/*"):
        raise ValueError("what is for all paths stands in the table around this one")
    if "*" in text:
        raise ValueError(f'a path holds all that is beneath it; write [paths."{text.partition("*")[0].rstrip("/")}"]')
    return parse_mount(text)


def _address(text: str, name: str) -> str:
    # In its shortest spelling, as browsers name it (RFC 5952).
    try:
        return f"[{socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, name[1:].removesuffix(']')))}]"
    except OSError:
        raise ValueError(f"{text!r} is no name of a host") from None


def _in_ascii(name: str) -> str:
    try:
        return ".".join(map(_label, _DOTS.split(name)))
    except UnicodeError:
        raise ValueError(f"{name!r} cannot be a name of a host (RFC 5890)") from None


def _label(text: str) -> str:
    if _DEVIANT.search(text):
        return "xn--" + unicodedata.normalize("NFC", text).encode("punycode").decode("ascii")
    return text.encode("idna").decode("ascii")
