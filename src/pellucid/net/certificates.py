"""The certificates of a server, chosen by the name that a client asks for and taken up anew when their files change.

Connections that stand keep what they have: a context is never changed, but another one takes its place.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable, Sequence

from pellucid.net.reactor import Reactor
from pellucid.net.tlscontext import Certificate, load, make_context
from pellucid.net.tlssettings import PROTOCOLS, TlsSettings, check_tls

EVERY = 2.0
"""How often `follow` looks at the files, in seconds."""

LATE = 0.05
"""What part of its life is left of a certificate that should have been renewed by now."""

Noted = Callable[[str, str], object]
Seen = tuple[tuple[int, ...], ...]


class Certificates:
    """What a handshake needs. Make it before processes are forked: all of them then know each other's session tickets.

    `pairs` are the files of certificates and keys; the first is for names that none has, and for clients that name
    none. `protocols` is what ALPN offers. ValueError says in one line which file is wrong, and how.
    """

    __slots__ = ("_by_name", "_chosen", "_client_ca", "_fault", "_pairs", "_wall", "context", "numbers", "protocols")

    def __init__(
        self,
        pairs: Sequence[tuple[str, str]],
        chosen: TlsSettings,
        protocols: Sequence[str] = PROTOCOLS,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not pairs:
            raise ValueError("--tls: no certificate is given")
        check_tls(chosen)
        self.protocols = tuple(protocols)
        self._chosen = chosen
        self._wall = wall
        self._client_ca = look_at(chosen.tls_client_ca)
        self._fault = ""
        self._pairs = [_Pair(certificate, key, chosen, self.protocols, wall()) for certificate, key in pairs]
        # The keys of session tickets are this one's. It has no certificate of its own that could grow old.
        self.context = make_context(chosen, self.protocols)
        self.numbers = {str(each["name"]): int(each["id"]) & 0xFFFF for each in self.context.get_ciphers()}
        self._by_name = self._index()

    def choose(self, server_name: str) -> Certificate:
        """The certificate for a name in lower case, which may be empty: the one that has it, or has a wildcard in the
        place of its first label, or the first of all (RFC 9525 section 6.3).
        """
        name = server_name.rstrip(".")
        found = self._by_name.get(name) or self._by_name.get("*." + name.partition(".")[2])
        return found if found is not None else self._pairs[0].shown

    def refresh(self, noted: Noted) -> bool:
        """Take up files that have changed, and answer whether there were any. Where that cannot be, what was there
        before stays. It is said why, once, and tried again each time: clocks, passwords and descriptors change too.
        Once it is also said which certificate comes to its end.
        """
        changed = self._refresh_client_ca(noted)
        for pair in self._pairs:
            changed |= self._refresh_pair(pair, noted)
            pair.remind(noted, self._wall())
        if changed:
            self._by_name = self._index()
        return changed

    def follow(self, reactor: Reactor, noted: Noted) -> None:
        """Refresh every now and then, as long as the loop runs."""

        def look() -> None:
            reactor.at(reactor.now + EVERY, look)
            self.refresh(noted)

        reactor.at(reactor.now + EVERY, look)

    def complain(self, noted: Noted) -> None:
        """Say which of the certificates hold no longer, or not yet, or lack what clients want."""
        for pair in self._pairs:
            if why := pair.out_of_time(pair.shown, self._wall()):
                noted("warning", f"{why}; clients will refuse it")
            pair.complain(noted)
        if self._chosen.unsafe_key_log and (path := os.environ.get("SSLKEYLOGFILE")):
            noted("warning", f"--unsafe-key-log: whoever may read {path} can read all connections")

    def outlived(self, client: ssl.SSLObject) -> bool:
        """Whether a client comes back by a session that goes on beyond the end of its certificate: that is shown only
        where a session begins, and a session could go on for ever.
        """
        certificate = (client.getpeercert() if client.session_reused else None) or {}
        return bool(certificate) and self._wall() >= ssl.cert_time_to_seconds(str(certificate["notAfter"]))

    def _index(self) -> dict[str, Certificate]:
        return {name: pair.shown for pair in reversed(self._pairs) for name in pair.shown.names}

    def _refresh_pair(self, pair: _Pair, noted: Noted) -> bool:
        seen = pair.look()
        if seen == pair.seen and not pair.fault:
            return False
        pair.seen = seen  # as it was before it is read: what changes meanwhile is seen next time
        before, pair.fault = pair.fault, ""
        try:
            pair.shown = self._fresh(pair)
        except ValueError as error:
            pair.fault = f"{error}{_advice(error)}; the certificate of before stays"
            if pair.fault != before:
                noted("warning", pair.fault)
            return False
        noted("info", f"{pair.certificate} was taken up, which holds until {_spell(pair.shown.ends)}")
        pair.complain(noted)
        return True

    def _refresh_client_ca(self, noted: Noted) -> bool:
        path = self._chosen.tls_client_ca
        seen = look_at(path, self._client_ca)
        if seen == self._client_ca:
            return False
        sights = [pair.look() for pair in self._pairs]
        before, self._fault = self._fault, ""
        try:
            # With other keys for tickets: who was let in by an authority of before is not to come back by one.
            context = make_context(self._chosen, self.protocols)
            fresh = [self._fresh(pair) for pair in self._pairs]
        except ValueError as error:
            self._fault = f"{error}{_advice(error)}; the authorities of before stay"
            if self._fault != before:
                noted("warning", self._fault)
            return False
        self._client_ca, self.context = seen, context
        for pair, shown, sight in zip(self._pairs, fresh, sights, strict=True):
            pair.shown, pair.seen, pair.fault = shown, sight, ""
        noted("info", f"{path} was taken up")
        return True

    def _fresh(self, pair: _Pair) -> Certificate:
        shown = pair.load(self.protocols)
        if shown.pem != pair.shown.pem and (why := pair.out_of_time(shown, self._wall())):
            raise ValueError(why)
        return shown


def look_at(path: str, before: tuple[int, ...] = ()) -> tuple[int, ...]:
    """What changes when a file does; nothing where there is none, and what it was before where one may not look."""
    try:
        stat = os.stat(path)
    except PermissionError:
        return before
    except OSError:
        return ()
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


class _Pair:
    """The files of a certificate and its key, how they looked when they were last read, what they gave, and why the
    last of them gave nothing, else empty.
    """

    __slots__ = ("_chosen", "_reminded", "certificate", "fault", "key", "seen", "shown")

    def __init__(self, certificate: str, key: str, chosen: TlsSettings, protocols: Sequence[str], now: float) -> None:
        self.certificate = certificate
        self.key = key
        self._chosen = chosen
        self.fault = ""
        self.seen: Seen = look_at(certificate), look_at(key)
        self.shown = self.load(protocols)
        self._reminded = 2 if now >= self.shown.ends else 0  # what has expired by now is told at the start

    def look(self) -> Seen:
        certificate, key = self.seen
        return look_at(self.certificate, certificate), look_at(self.key, key)

    def load(self, protocols: Sequence[str]) -> Certificate:
        return load(self.certificate, self.key, self._chosen, protocols)

    def complain(self, noted: Noted) -> None:
        if self.shown.lacks:
            noted("warning", f"--tls: {self.certificate} {self.shown.lacks}; many clients will refuse it")

    def remind(self, noted: Noted, now: float) -> None:
        """Say that it should have been renewed by now, and once more when it is too late."""
        left = self.shown.ends - now
        stage = (left < LATE * (self.shown.ends - self.shown.begins)) + (left <= 0)
        if stage > self._reminded:
            end = "has expired" if left <= 0 else "was not renewed and expires"
            noted("warning", f"--tls: {self.certificate} {end} on {_spell(self.shown.ends)}")
        self._reminded = stage

    def out_of_time(self, shown: Certificate, now: float) -> str:
        if now >= shown.ends:
            return f"--tls: {self.certificate} has expired on {_spell(shown.ends)}"
        if now < shown.begins:
            return f"--tls: {self.certificate} holds only from {_spell(shown.begins)}"
        return ""


def _advice(error: ValueError) -> str:
    # A process that has given up its rights cannot read a new key; its parent can.
    denied = isinstance(error.__cause__, PermissionError)
    return " (a worker may not read it; its parent can, and begins new ones)" if denied else ""


def _spell(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
