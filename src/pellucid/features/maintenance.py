"""Maintenance: a place that is closed for a while, and says until when; those who work there get in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import ceil, inf

from pellucid.features.feature import Feature, Ground
from pellucid.message import Headers, Response
from pellucid.net.trusted import Trusted
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal
from pellucid.setting import setting

LARGEST = 256 << 10
"""How large the file may be that tells of it, in bytes."""

PAUSE = 1.0
"""After how many seconds the file is looked for again."""


@dataclass(frozen=True, slots=True)
class MaintenanceSettings:
    """What is closed for a while."""

    maintenance: str = setting(
        "",
        "Answer every request with 503 and this text, such as 'We are back at eight', and nothing else.",
        unit="text",
    )
    maintenance_file: str = setting(
        "",
        "Answer every request with 503 for as long as this file is there; its content is what is said, as a page if "
        "its name ends in .html. It is looked for once a second, so that no restart is needed.",
        unit="file",
    )
    maintenance_for: float = setting(
        300.0, "After what time clients are told to come again (Retry-After), 0 to tell nothing.", unit="seconds"
    )
    maintenance_except: tuple[str, ...] = setting(
        (),
        "Who gets in all the same: an address, a network such as 10.0.0.0/8, loopback, private, or unix for whoever "
        "comes over a unix socket; several with commas between.",
        unit="network",
    )


def maintenance_feature(settings: MaintenanceSettings, ground: Ground) -> Feature | None:
    """The feature that closes a place. ValueError tells which of the exceptions is no network."""
    if not (settings.maintenance or settings.maintenance_file):
        return None
    return Feature(ask=ground.shared(("maintenance", settings), lambda: Maintenance(settings, ground)).ask)


class Maintenance:
    """Answers in the place of whatever is served, but for those who get in."""

    __slots__ = ("_again", "_file", "_found", "_insiders", "_note", "_seen", "_seen_at", "_text")

    def __init__(self, settings: MaintenanceSettings, ground: Ground) -> None:
        try:
            self._insiders = Trusted(settings.maintenance_except)
        except ValueError as error:
            raise ValueError(f"--maintenance-except: {error}") from error
        self._note = ground.note
        self._again = ceil(settings.maintenance_for)
        self._text = f"{settings.maintenance}\n".encode() if settings.maintenance else b""
        self._file = os.path.join(ground.here, settings.maintenance_file) if settings.maintenance_file else ""
        self._found: tuple[Response, bytes] | None = None
        self._seen: tuple[int, ...] = ()
        self._seen_at = -inf

    def ask(self, exchange: Exchange) -> None:
        """Answer, if the place is closed and this client is not of those who get in."""
        answer = self._closed(exchange.now)
        if answer is None or self._insiders.peer(exchange.peer, exchange.local):
            return
        response, body = answer
        exchange.why = "maintenance"
        exchange.respond(Response(503, response.headers), body)

    def _closed(self, now: float) -> tuple[Response, bytes] | None:
        if self._file and now - self._seen_at >= PAUSE:
            self._seen_at = now
            self._look()
        if self._found is None and self._text:
            self._found = self._spell(b"text/plain; charset=utf-8", self._text)
        return self._found

    def _look(self) -> None:
        # The file says more than the text, where both are there.
        try:
            status = os.stat(self._file)
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                self._found = self._read()
                self._seen = seen
        except (FileNotFoundError, NotADirectoryError):
            self._found, self._seen = None, ()
        except OSError as error:  # who can see that it is there, but not read it, has closed the place all the same
            if self._found is None:
                self._note("warning", f"the maintenance-file {self._file} cannot be read: {error.strerror}")
            self._found, self._seen = self._spell(b"text/plain; charset=utf-8", b""), ()

    def _read(self) -> tuple[Response, bytes]:
        with open(self._file, "rb") as file:
            content = file.read(LARGEST)
        page = self._file.lower().endswith((".html", ".htm"))
        return self._spell(b"text/html; charset=utf-8" if page else b"text/plain; charset=utf-8", content)

    def _spell(self, kind: bytes, content: bytes) -> tuple[Response, bytes]:
        fields = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
        if self._again:
            fields.append((b"retry-after", b"%d" % self._again))
        return Response(503, Headers(fields)), content.strip() + b"\n" if content.strip() else refusal(503)[1]
