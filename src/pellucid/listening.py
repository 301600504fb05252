"""Where a server listens, and what is spoken there: certificates are read and ports opened by whoever still may.

What does TLS is imported when it is asked for: without it a process holds none of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pellucid.authority import Kept, data_folder, keep, this_machine
from pellucid.features.https import HTTPS_PORT, HttpsSettings
from pellucid.net.access import SocketSettings, access_of
from pellucid.net.address import addresses_of, open_ports, reachable
from pellucid.net.greet import Greet
from pellucid.net.port import Port
from pellucid.net.tlssettings import DEVELOPMENT, PROTOCOLS, TlsSettings, check_tls, parse_pair
from pellucid.net.trusted import ProxySettings
from pellucid.processes.systemd import take_handed
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.server.server import Server
from pellucid.settings import CommandSettings, Settings

if TYPE_CHECKING:
    from pellucid.net.certificates import Certificates

ALL_ADDRESSES = ("0.0.0.0:0", "[::]:0")

Noted = Callable[[str, str], None]
"""What a level and a text are told to."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The ports at which the site is served, those that only send clients to https, and the certificates of the former,
    None where they speak no TLS. `kept` tells of the authority for development, where one is used.
    """

    served: tuple[Port, ...] = ()
    redirecting: tuple[Port, ...] = ()
    certificates: Certificates | None = None
    kept: Kept | None = None

    @property
    def addresses(self) -> list[str]:
        """Where the site is served, as long as the ports are open."""
        return addresses_of(self.served)

    @property
    def redirected(self) -> list[str]:
        """Where clients are sent to https, likewise."""
        return addresses_of(self.redirecting)

    @property
    def ports(self) -> tuple[Port, ...]:
        """All of them."""
        return self.served + self.redirecting

    @property
    def https_port(self) -> int:
        """The port to which clients are sent: the usual one, if it is among them or nothing else is known."""
        numbers = [int(each.rpartition(":")[2]) for each in self.addresses if not each.startswith("unix:")]
        return numbers[0] if numbers and HTTPS_PORT not in numbers else HTTPS_PORT

    def refresh(self, noted: Noted) -> bool:
        """Take up certificates that have changed, and say why where that cannot be; whether there were any."""
        return self.certificates is not None and self.certificates.refresh(noted)

    def complain(self, noted: Noted) -> None:
        """Say which certificates clients will refuse."""
        if self.certificates is not None:
            self.certificates.complain(noted)

    def close(self) -> None:
        """Listen no longer."""
        for port in self.ports:
            port.close()


def open_listening(settings: Settings) -> Listening:
    """Read the certificates and open the ports. ValueError says in one line what is wrong."""
    check_https(settings)
    certificates, kept = read_certificates(settings)
    access = access_of(settings[SocketSettings])
    handed = take_handed()
    redirecting = handed.addresses(settings[HttpsSettings].redirect_http)
    by_choice = "bind" in settings.chosen
    served = handed.addresses(settings[CommandSettings].bind, chosen=by_choice)
    if not by_choice:
        served = tuple(each for each in served if each not in redirecting)  # of what systemd hands over
        if not served:
            raise ValueError("--redirect-http: no socket that systemd hands over is left to serve at")
    ports = open_ports(served, access)
    try:
        return Listening(tuple(ports), tuple(open_ports(redirecting, access)), certificates, kept)
    except ValueError as error:
        for port in ports:
            port.close()
        raise ValueError(f"--redirect-http: {str(error).replace('--bind', '--redirect-http')}") from error


def read_certificates(settings: Settings) -> tuple[Certificates | None, Kept | None]:
    """The certificates that these settings name, none where they speak no TLS. ValueError says what is wrong."""
    if not settings[TlsSettings].tls:
        return None, None
    return _read_certificates(settings[TlsSettings], settings[Http2Limits])


def with_https_port(settings: Settings, listening: Listening) -> Settings:
    """The settings, with what only the open ports could tell."""
    chosen = settings[HttpsSettings]
    if not chosen.redirect_http or chosen.https_port:
        return settings
    return settings.having(replace(chosen, https_port=listening.https_port))


def check_https(settings: Settings) -> None:
    """ValueError for what cannot be meant of TLS and of the way there, before anything is read or opened."""
    tls, https = settings[TlsSettings], settings[HttpsSettings]
    check_tls(tls)
    for name in ("tls_min", "tls_key_password_file", "unsafe_key_log"):
        if name in settings.chosen and not tls.tls:  # who says how strict TLS is to be does not want to go without
            raise ValueError(f"--{name.replace('_', '-')}: no TLS is spoken; give --tls too")
    if "tls_client" in settings.chosen and not tls.tls_client_ca:
        raise ValueError("--tls-client: say with --tls-client-ca whose certificates clients may show")
    if https.redirect_http and not tls.tls:
        raise ValueError("--redirect-http: there is no https to send clients to; give --tls too")
    if https.https_port and not https.redirect_http:
        raise ValueError("--https-port: it is where --redirect-http sends clients; give that too")
    if https.https_port > 65535:
        raise ValueError(f"--https-port: {https.https_port} is no port between 1 and 65535")
    if https.hsts_subdomains and not https.hsts:
        raise ValueError("--hsts-subdomains: say with --hsts for how long")
    if https.hsts and not tls.tls and not settings[ProxySettings].trusted_proxies:
        raise ValueError("--hsts: it is said by https only; give --tls, or name with --trusted-proxies who speaks it")
    if https.hsts and any(map(_for_development, tls.tls)):
        raise ValueError("--hsts: with --tls dev, browsers would ask all servers on this machine for https")


def tls(server: Server, *files: str, chosen: TlsSettings | None = None) -> Greet:
    """What a port of the server needs to speak TLS, as in `server.listen(port, [tls(server, "cert.pem,key.pem")])`: the
    files as for --tls, and what else is `chosen`. Whether HTTP/2 is offered is as `server.protocols` has it by now.

    Files that change are taken up while the server runs. ValueError says in one line what is wrong with them.
    """
    chosen = replace(chosen or TlsSettings(), tls=files)
    check_tls(chosen)
    certificates, _ = _read_certificates(chosen, server.protocols.http2)
    return shaking_hands(server, certificates, chosen)


def shaking_hands(server: Server, certificates: Certificates, chosen: TlsSettings) -> Greet:
    """The same with certificates that were read before."""
    from pellucid.net.handshakes import Handshakes

    certificates.follow(server.reactor, server.watch.note)
    return Handshakes(server.reactor, certificates, chosen, server.watch.note)


def _read_certificates(chosen: TlsSettings, http2: Http2Limits) -> tuple[Certificates, Kept | None]:
    from pellucid.net.certificates import Certificates

    made = [text for text in chosen.tls if _for_development(text)]
    kept = _keep([name for text in made for name in text.partition(":")[2].split(",") if name]) if made else None
    pairs = [
        (kept.server, kept.server) if kept is not None and text in made else parse_pair(text) for text in chosen.tls
    ]
    return Certificates(pairs, chosen, PROTOCOLS if http2.http2 else PROTOCOLS[1:]), kept


def _for_development(text: str) -> bool:
    return text.partition(":")[0] == DEVELOPMENT


def _keep(names: Sequence[str]) -> Kept:
    own = [each.rpartition(":")[0].strip("[]") for address in ALL_ADDRESSES for each in reachable(address)]
    try:
        return keep(data_folder(os.environ), this_machine(own).calling(*names))
    except ValueError as error:
        raise ValueError(f"--tls dev: {error}") from error
