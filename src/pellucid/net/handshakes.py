"""Links on which TLS is to be spoken: held until their handshake is done. It knows no HTTP.

A client gets its state of OpenSSL, some 30 KB, only once all of its first message is there; until then it costs what it
has sent. It is given its time, and room beside so many others.
"""

from __future__ import annotations

import ssl

from pellucid.net.certificates import Certificates, Noted
from pellucid.net.greet import Greeted
from pellucid.net.hello import LONGEST, Hello, NoHello, parse_hello
from pellucid.net.link import ArrivingLink, Link
from pellucid.net.pollers import READ
from pellucid.net.port import Exhausted
from pellucid.net.reactor import Reactor, Timer
from pellucid.net.tls import HandshakeFailed, TlsLink
from pellucid.net.tlscontext import Certificate
from pellucid.net.tlsfacts import facts_of
from pellucid.net.tlssettings import TlsSettings

SHARE = 0.005
"""For how long handshakes go on in a round, in seconds, before others have their turn: by a key of RSA with 4096 bits
each of them takes as long.
"""

LAST = 1.0
"""How long a handshake that has begun may take once the server stops, in seconds."""

LINGER = 2.0
"""How long a client may take to read why it was refused, in seconds."""

PLAIN = "this is plain HTTP on a port for TLS: use https://"

# RFC 9846 6: the level fatal, and the description
HANDSHAKE_FAILURE, DECODE_ERROR, NO_APPLICATION_PROTOCOL = 40, 50, 120
_ALERT = b"\x15\x03\x03\x00\x02\x02"


class Handshakes:
    """Called with a link and whom to give it to, which then gets the link over it that speaks TLS, or None where it was
    closed. `noted` is told why, with a level.
    """

    __slots__ = (
        "_certificates",
        "_most",
        "_noted",
        "_patience",
        "_protocols",
        "_reactor",
        "_round",
        "_silent",
        "_speaking",
        "_spent",
    )

    def __init__(self, reactor: Reactor, certificates: Certificates, chosen: TlsSettings, noted: Noted) -> None:
        self._reactor = reactor
        self._certificates = certificates
        self._protocols = {each.encode("ascii") for each in certificates.protocols}
        self._patience = chosen.handshake_time
        self._most = chosen.handshakes
        self._noted = noted
        # Those of which nothing has come, and those of which something has, each in the order in which they began.
        self._silent: dict[_Handshake, None] = {}
        self._speaking: dict[_Handshake, None] = {}
        self._round = self._spent = 0.0

    @property
    def under_way(self) -> int:
        """How many there are."""
        return len(self._silent) + len(self._speaking)

    def __call__(self, link: ArrivingLink, greeted: Greeted) -> None:
        """A link has come. Raises Exhausted."""
        handshake = _Handshake(link, greeted)
        try:
            self._reactor.add(link.fd, READ, lambda mask: self._on_ready(handshake))
        except OSError as error:
            link.close()
            greeted(None)
            raise Exhausted(error.strerror or str(error)) from error
        if self._most and self.under_way >= self._most:
            oldest = next(iter(self._silent or self._speaking))
            self._cut(oldest, "info", f"handshakes: {self._most} are under way")
        self._silent[handshake] = None
        if self._patience:
            self._wait(handshake, self._patience)

    def drain(self) -> None:
        """Wait for those alone that have begun, who believe that they are served already, and for a moment."""
        for handshake in tuple(self._silent):
            if not handshake.link.peek(1):
                self._cut(handshake)
        for handshake in (*self._silent, *self._speaking):
            self._wait(handshake, LAST)

    def close(self) -> None:
        """Wait for none of them any longer."""
        for handshake in (*self._silent, *self._speaking):
            self._cut(handshake)

    def _wait(self, handshake: _Handshake, seconds: float) -> None:
        if handshake.timer is not None:
            handshake.timer.cancel()
        handshake.timer = self._reactor.at(self._reactor.now + seconds, lambda: self._on_time(handshake))

    def _on_time(self, handshake: _Handshake) -> None:
        if handshake.refused:
            self._cut(handshake)
        else:
            self._cut(handshake, "info" if handshake.taken else "debug", "handshake-time")

    def _on_ready(self, handshake: _Handshake) -> None:
        link = handshake.link
        if handshake.refused:
            if link.receive() == b"":
                self._cut(handshake)
            return
        reactor = self._reactor
        if self._round != reactor.now:
            self._round, self._spent = reactor.now, 0.0
        if self._spent >= SHARE:
            return  # the poller tells of it again in the next round
        began = reactor.clock()
        try:
            if not handshake.taken and (link.peek(1) or b"").isalpha():
                self._go_on(handshake, link, PLAIN)
            else:
                self._step(handshake)
        except NoHello as fault:
            self._refuse(handshake, "debug", str(fault), DECODE_ERROR)
        except Unwanted as fault:
            self._refuse(handshake, "debug", str(fault), fault.alert)
        except HandshakeFailed as fault:
            self._refuse(handshake, "info" if fault.unproved else "debug", f"TLS handshake: {fault}")
        except BaseException:
            if handshake in (self._speaking if handshake.taken else self._silent):
                self._cut(handshake)
            raise
        finally:
            self._spent += reactor.clock() - began

    def _step(self, handshake: _Handshake) -> None:
        link = handshake.link
        if link.waiting:
            link.send([])
        data = link.receive()
        if data:
            if not handshake.taken:
                del self._silent[handshake]
                self._speaking[handshake] = None
            handshake.taken += len(data)
            agreed = self._shake(handshake, data)
            if agreed is not None:
                self._go_on(handshake, self._secure(handshake, agreed))
                return
            if handshake.taken > LONGEST:
                raise NoHello(f"no end of a TLS handshake within {LONGEST} bytes")
        elif data is not None:
            self._cut(handshake)
            return
        interest = link.interest(True)
        if interest != handshake.interest:
            handshake.interest = interest
            self._reactor.change(link.fd, interest)

    def _shake(self, handshake: _Handshake, data: bytes) -> ssl.SSLObject | None:
        if handshake.tls is not None:
            return handshake.tls.shake(data)
        handshake.unparsed += data
        hello = parse_hello(handshake.unparsed)
        if hello is None:
            return None
        self._judge(hello)
        certificates = self._certificates
        handshake.server_name = hello.server_name
        handshake.shown = shown = certificates.choose(hello.server_name)
        handshake.tls = TlsLink(handshake.link, certificates.context, shown.context)
        data, handshake.unparsed = handshake.unparsed, b""
        return handshake.tls.shake(data)

    def _judge(self, hello: Hello) -> None:
        # What OpenSSL would let pass, since Python cannot tell it otherwise.
        if hello.finite:
            raise Unwanted("keys of finite fields are not exchanged here", HANDSHAKE_FAILURE)
        if hello.protocols and not any(each in self._protocols for each in hello.protocols):
            raise Unwanted("none of the protocols of the client is spoken here", NO_APPLICATION_PROTOCOL)

    def _secure(self, handshake: _Handshake, agreed: ssl.SSLObject) -> TlsLink:
        tls, shown = handshake.tls, handshake.shown
        assert tls is not None
        assert shown is not None
        try:
            if self._certificates.outlived(agreed):
                raise HandshakeFailed("certificate has expired since the session began", unproved=True)
            tls.secured = facts_of(agreed, handshake.server_name, shown.pem, self._certificates.numbers)
        except UnicodeDecodeError:
            raise HandshakeFailed("names in the certificate are no text", unproved=True) from None
        return tls

    def _go_on(self, handshake: _Handshake, link: Link, refused: str = "") -> None:
        self._forget(handshake)
        try:
            handshake.greeted(link, refused)
        except Exhausted as error:
            self._noted("warning", f"{error}: a connection was closed")

    def _refuse(self, handshake: _Handshake, level: str, why: str, alert: int = 0) -> None:
        # Closed at once, with bytes unread, the connection would be reset, and the reset can overtake the alert.
        link = handshake.link
        handshake.tls = handshake.shown = None
        handshake.unparsed = b""
        handshake.refused = True
        if alert:
            link.send([_ALERT + bytes([alert])])
        link.finish()
        self._note(handshake, level, why)
        self._wait(handshake, LINGER)
        if handshake.interest != READ:
            self._reactor.change(link.fd, READ)

    def _cut(self, handshake: _Handshake, level: str = "", why: str = "") -> None:
        self._forget(handshake)
        if why:
            self._note(handshake, level, why)
        handshake.link.close()
        handshake.greeted(None)

    def _note(self, handshake: _Handshake, level: str, why: str) -> None:
        self._noted(level, f"{handshake.link.peer or handshake.link.local} closed: {why}")

    def _forget(self, handshake: _Handshake) -> None:
        del (self._speaking if handshake.taken else self._silent)[handshake]
        self._reactor.remove(handshake.link.fd)
        if handshake.timer is not None:
            handshake.timer.cancel()


class Unwanted(Exception):
    """A hello that is refused here; says why, and by which alert."""

    def __init__(self, why: str, alert: int) -> None:
        super().__init__(why)
        self.alert = alert


class _Handshake:
    """A link whose handshake is under way: how many bytes it took, and `unparsed` the beginning of a hello."""

    __slots__ = ("greeted", "interest", "link", "refused", "server_name", "shown", "taken", "timer", "tls", "unparsed")

    def __init__(self, link: ArrivingLink, greeted: Greeted) -> None:
        self.link = link
        self.greeted = greeted
        self.interest = READ
        self.taken = 0
        self.unparsed = b""
        self.refused = False
        self.server_name = ""
        self.tls: TlsLink | None = None
        self.shown: Certificate | None = None
        self.timer: Timer | None = None
