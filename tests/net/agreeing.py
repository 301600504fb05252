"""The other end of TLS: a client in memory, and pairs of a link that speaks TLS and its peer."""

from __future__ import annotations

import ssl
import tempfile
from functools import cache
from pathlib import Path

from linking import MemoryPeer, Peer

from pellucid.net.certificates import Certificates
from pellucid.net.link import Link
from pellucid.net.memory import memory_pair
from pellucid.net.tls import TlsLink
from pellucid.net.tlssettings import TlsSettings
from signing import Authority


class Client:
    """A client of TLS. `said` is what it has to send, `hear` takes what was sent to it."""

    def __init__(self, context: ssl.SSLContext, host: str | None = None, session: ssl.SSLSession | None = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host, session=session)
        self.ready = False
        self.alert = ""

    def hear(self, data: bytes) -> None:
        """Take what was sent, and go on with the handshake while it is not done."""
        self._incoming.write(data)
        if not self.ready:
            self.shake()

    def shake(self) -> bool:
        """Whether the handshake is done."""
        try:
            self.tls.do_handshake()
            self.ready = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.alert = str(error.reason)
        return self.ready

    def said(self) -> bytes:
        """What it sends now."""
        return self._outgoing.read()

    def read(self) -> bytes | None:
        """What it was told, b"" at the end, None where there is nothing. An alert is kept."""
        found = b""
        try:
            while part := self.tls.read(65536):
                found += part
        except ssl.SSLWantReadError:
            return found or None
        except ssl.SSLError as error:
            self.alert = str(error.reason)
        return found

    def end(self) -> None:
        """Say goodbye."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # without an answer


def trusting(authority: str, *protocols: str) -> ssl.SSLContext:
    """A client's context that trusts this authority, whatever the name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(authority)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@cache
def contexts() -> tuple[Certificates, ssl.SSLContext]:
    """A server's certificates and a client's context that trusts them, made once."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        return Certificates([authority.sign("example.com")], TlsSettings()), trusting(authority.path)


class TlsPeer:
    """A peer that speaks TLS over another one."""

    def __init__(self, inner: Peer, client: Client) -> None:
        self.inner = inner
        self.client = client
        self.ended = False
        self.broken = False

    def take(self) -> bytes:
        while True:
            data = self.inner.take()
            if data:
                self.client.hear(data)
            found = self.client.read()
            self.ended = found == b"" and not self.client.alert
            self.broken = self.inner.broken or (self.inner.ended and not self.ended)
            if found or not data:
                return found or b""

    def give(self, data: bytes) -> None:
        self.client.tls.write(data)
        self.inner.give(self.client.said())

    def end(self) -> None:
        self.client.end()
        self.inner.give(self.client.said())
        self.inner.end()

    def close(self) -> None:
        self.inner.close()

    def reset(self) -> None:
        self.inner.reset()


def shaken(context: ssl.SSLContext, chosen: ssl.SSLContext, client: Client) -> ssl.SSLObject:
    """What a server can be asked after a handshake with this client."""
    ours, theirs = memory_pair()
    return _shake(TlsLink(ours, context, chosen), ours, MemoryPeer(theirs), client)


def converse(link: Link, peer: Peer) -> tuple[TlsLink, TlsPeer]:
    """These two, speaking TLS, with the handshake behind them."""
    certificates, context = contexts()
    ours, client = TlsLink(link, certificates.context, certificates.choose("").context), Client(context)
    _shake(ours, link, peer, client)
    return ours, TlsPeer(peer, client)


def _shake(ours: TlsLink, link: Link, peer: Peer, client: Client) -> ssl.SSLObject:
    client.shake()
    while True:
        peer.give(client.said())
        while (data := link.receive()) is None:
            pass
        settled = ours.shake(data)
        client.hear(peer.take())
        if settled is not None:
            return settled
