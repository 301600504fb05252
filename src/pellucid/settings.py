"""Every setting of every part in one table, and how a value is read from text; it knows no command line."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

from pellucid.accesslog import AccessLogSettings
from pellucid.apps.asgi.settings import AsgiSettings
from pellucid.apps.static.settings import StaticSettings
from pellucid.apps.wsgi.settings import WsgiSettings
from pellucid.eventlog import EventLogSettings
from pellucid.features import order
from pellucid.loading.settings import LoadingSettings
from pellucid.net.access import SocketSettings
from pellucid.net.address import DEFAULT
from pellucid.net.tlssettings import TlsSettings
from pellucid.processes.lookout import ReloadSettings
from pellucid.processes.monitor import MonitorSettings
from pellucid.processes.privileges import PrivilegeSettings
from pellucid.processes.settings import ProcessSettings
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from pellucid.protocol.websocket.limits import WebSocketLimits
from pellucid.server.server import Capacity
from pellucid.server.timeouts import Patience
from pellucid.setting import Manual, manual_of, setting
from pellucid.tracing import TracingSettings

Part = TypeVar("Part")


@dataclasses.dataclass(frozen=True, slots=True)
class CommandSettings:
    """What the command itself needs to know."""

    bind: tuple[str, ...] = setting(
        (DEFAULT,),
        "Where to listen: HOST:PORT, PORT alone for this machine only, :PORT or [::]:PORT for all its addresses, "
        "unix:PATH for a socket in the file system, or fd:N for a socket that was opened by whoever started the "
        "server; systemd for the sockets that systemd hands over, which are taken without this option too, and "
        "systemd:NAME for those of one name. Port 0 takes a free one.",
        unit="address",
    )
    grace: float = setting(
        10.0,
        "How long requests may take to finish once the server was told to stop, 0 for not at all; a second signal ends "
        "them at once.",
        unit="seconds",
    )


TOPICS: dict[str, tuple[type, ...]] = {
    "Listening and stopping": (CommandSettings, SocketSettings),
    "TLS and HTTP/2": (TlsSettings, *order.HTTPS, Http2Limits),
    "Applications": (LoadingSettings, AsgiSettings, WsgiSettings),
    "WebSockets": (WebSocketLimits,),
    "Processes": (ProcessSettings, PrivilegeSettings, MonitorSettings),
    "Files": (StaticSettings,),
    "Header fields": order.FIELDS,
    "Compression": order.COMPRESSION,
    "Errors and maintenance": order.TROUBLE,
    "Redirects": order.PATHS,
    "Who asks too often": order.LIMITS,
    "Sessions": order.SESSIONS,
    "Users": order.AUTH,
    "Behind a proxy": order.PROXIES,
    "Logs": (*order.NAMES, AccessLogSettings, EventLogSettings, TracingSettings),
    "Development": (ReloadSettings, *order.DEVELOPMENT),
    "Limits": (Limits, Capacity),
    "Timeouts": (Patience,),
}
"""The topics of the help, in its order, and the parts whose settings belong to each."""


class Reach(Enum):
    """How much of a site a setting is about, and so where it may stand in a file."""

    SERVER = "the whole server"
    HOST = "a host"
    PLACE = "a place"


REACH: dict[str, Reach] = {
    "https_port": Reach.SERVER,
    "redirect": Reach.HOST,
    "redirect_http": Reach.SERVER,
    "request_id": Reach.SERVER,
    "rewrite": Reach.HOST,
}
"""What does not reach as far as others of its kind do."""

OF_PLACES = ("pellucid.features.", "pellucid.apps.static.")
"""Where the settings of places come from."""

OF_SERVER: tuple[type, ...] = (*order.PROXIES, *order.DEVELOPMENT)
"""The features that are not of places: who is told the client's address, and what is for development."""


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """One setting of one part, as the table knows it."""

    part: type
    name: str
    default: Any
    manual: Manual
    topic: str

    @property
    def option(self) -> str:
        """Its name on a command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return "PELLUCID_" + self.name.upper()

    @property
    def key(self) -> str:
        """Its name in a file."""
        return self.name.replace("_", "-")

    @property
    def reach(self) -> Reach:
        """How much of a site it is about."""
        placed = self.part.__module__.startswith(OF_PLACES) and self.part not in OF_SERVER
        return REACH.get(self.name, Reach.PLACE if placed else Reach.SERVER)

    def read(self, text: str) -> Any:
        """A value from text, one item of it where the setting is a tuple; ValueError says what was expected."""
        if isinstance(self.default, bool):
            return read_truth(text)
        if isinstance(self.default, int | float):
            number = _READERS.get(self.manual.unit, read_count)(text)
            return number if isinstance(self.default, float) else int(number)
        return text


class Settings:
    """What was chosen, by part: `settings[Limits]`. What was not named, and is not in `chosen`, has its default.

    `origins` tell where a choice was made, each in the words of a person: pellucid.toml:3, PELLUCID_IDLE, --idle.
    """

    __slots__ = ("_parts", "chosen", "origins")

    def __init__(self, chosen: Mapping[str, Any] | None = None, origins: Mapping[str, str] | None = None) -> None:
        chosen = chosen or {}
        self.chosen = frozenset(chosen)
        self.origins: Mapping[str, str] = origins or {}
        unknown = set(chosen) - {each.name for each in all_settings()}
        if unknown:
            raise ValueError(f"unknown setting {sorted(unknown)[0]!r}")
        self._parts: dict[type, Any] = {
            part: part(**{name: chosen[name] for name in manual_of(part) if name in chosen})
            for parts in TOPICS.values()
            for part in parts
        }

    def __getitem__(self, part: type[Part]) -> Part:
        chosen: Part = self._parts[part]
        return chosen

    def having(self, part: Any) -> Settings:
        """These settings with another part in the place of its kind."""
        return self._changed({type(part): part}, self.chosen, self.origins)

    def beneath(self, chosen: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
        """These settings where more is chosen, as for a place within another; the same ones if nothing is."""
        if not chosen:
            return self
        changed = {
            part: dataclasses.replace(kept, **here)
            for part, kept in self._parts.items()
            if (here := {name: chosen[name] for name in manual_of(part) if name in chosen})
        }
        return self._changed(changed, self.chosen | chosen.keys(), {**self.origins, **origins})

    def _changed(self, parts: Mapping[type, Any], chosen: frozenset[str], origins: Mapping[str, str]) -> Settings:
        other = Settings.__new__(Settings)
        other.chosen = chosen
        other.origins = origins
        other._parts = {**self._parts, **parts}
        return other


def all_settings() -> list[Setting]:
    """Each setting of each part, in the order of the help."""
    return [
        Setting(part, field.name, field.default, manual_of(part)[field.name], topic)
        for topic, parts in TOPICS.items()
        for part in parts
        for field in dataclasses.fields(part)
    ]


def read_truth(text: str) -> bool:
    """Yes or no, in the usual words."""
    word = text.strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off", ""):
        return False
    raise ValueError(f"{text!r} is neither yes nor no")


def read_count(text: str) -> int:
    """A whole number that is not negative."""
    if not re.fullmatch(r"[0-9]{1,15}", text.strip()):
        raise ValueError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def read_size(text: str) -> int:
    """Bytes: 4096, 64K, 1.5M, 10MB or 1GiB, always by 1024."""
    return int(_measure(text, _SIZES, "a size such as 4096, 64K, 10M or 1G"))


def spell_size(size: float) -> str:
    """Bytes as `read_size` reads them: in the largest unit in which they are a whole number."""
    for unit, letter in ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
        if size and size % unit == 0:
            return f"{size // unit:.0f}{letter}"
    return f"{size:.0f}"


def read_rate(text: str) -> int:
    """Bytes per second: as a size, with /s or without."""
    return int(_measure(text.strip().removesuffix("/s"), _SIZES, "a rate such as 240, 4K or 1M/s"))


def read_time(text: str) -> float:
    """Seconds: 10, 0.5, 500ms, 10s, 2m, 1h or 7d."""
    return _measure(text, _TIMES, "a time such as 10, 500ms, 10s, 2m, 1h or 7d")


_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZES |= {
    letter + ending: size for letter, size in _SIZES.items() for ending in ("b", "ib") if letter + ending != "ib"
}
_TIMES = {"": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_READERS: dict[str, Callable[[str], float]] = {
    "bytes": read_size,
    "bytes per second": read_rate,
    "seconds": read_time,
}


def _measure(text: str, units: Mapping[str, float], expected: str) -> float:
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([a-z]*)", text.strip().lower())
    if not match or match[2] not in units:
        raise ValueError(f"{text!r} is not {expected}")
    return float(match[1]) * units[match[2]]
