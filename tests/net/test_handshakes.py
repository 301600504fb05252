"""A link goes on once its handshake is done; who does not speak TLS, or not in time, is told and let go."""

from __future__ import annotations

import random
import ssl
import time
from pathlib import Path

import pytest
from agreeing import Client, contexts, trusting
from test_hello import extension, host, message, record, sized

from pellucid.net.certificates import Certificates
from pellucid.net.handshakes import LAST, LINGER, PLAIN, SHARE, Handshakes
from pellucid.net.hello import LONGEST
from pellucid.net.link import Link
from pellucid.net.memory import HandClock, MemoryLink, MemoryPoller, memory_pair
from pellucid.net.port import Exhausted
from pellucid.net.reactor import Reactor
from pellucid.net.tls import TlsLink
from pellucid.net.tlscontext import Certificate
from pellucid.net.tlssettings import TlsSettings
from signing import NO_TEXT, Authority

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Gate:
    """Handshakes with their loop, and what they let through."""

    def __init__(self, chosen: TlsSettings | None = None, certificates: Certificates | None = None) -> None:
        self.clock = HandClock()
        self.poller = MemoryPoller()
        self.faults: list[str] = []
        self.reactor = Reactor(self.poller, self.clock, self.faults.append)
        self.notes: list[str] = []
        self.greeted: list[tuple[Link | None, str]] = []
        self.handshakes = Handshakes(self.reactor, certificates or contexts()[0], chosen or TlsSettings(), self._note)

    def bring(self, holds: int = 65536) -> tuple[MemoryLink, MemoryLink]:
        ours, theirs = memory_pair(holds)
        self.handshakes(ours, self.greet)
        return ours, theirs

    def greet(self, link: Link | None, refused: str = "") -> None:
        self.greeted.append((link, refused))

    def settle(self, seconds: float = 0.0) -> None:
        self.clock.advance(seconds)
        self.reactor.step(0)
        for _ in range(1000):
            if not self.poller.poll(0):
                return
            self.reactor.step(0)
        raise AssertionError("the loop spins")

    def meet(self, client: Client, theirs: MemoryLink) -> TlsLink:
        """The link after a handshake with this client."""
        for _ in range(1000):
            client.shake()
            theirs.send([client.said()])
            self.settle()
            client.hear(theirs.receive() or b"")
            if self.greeted:
                break
        link, refused = self.greeted[-1]
        assert isinstance(link, TlsLink), self.notes
        assert not refused
        return link

    @property
    def idle(self) -> bool:
        """Whether nothing is watched and nothing is due."""
        return not (self.poller._interest or self.faults or self.handshakes.under_way) and self.reactor.due() is None

    def _note(self, level: str, text: str) -> None:
        self.notes.append(f"{level}: {text}")


def client_of(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, *protocols: str, name: str | None = None) -> Client:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = version
    if protocols:
        context.set_alpn_protocols(protocols)
    return Client(context, name)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_link_goes_on_once_its_handshake_is_done(version: ssl.TLSVersion) -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    client = client_of(version, "h2", "http/1.1", name="example.com")
    link = gate.meet(client, theirs)
    assert (link.fd, link.peer, link.local, link.held) == (ours.fd, ours.peer, ours.local, False)
    assert link.secured is not None
    assert (link.secured.protocol, link.secured.server_name) == ("h2", "example.com")
    client.hear(theirs.receive() or b"")
    client.tls.write(b"question")
    theirs.send([client.said()])
    assert link.receive() == b"question"
    link.send([b"answer"])
    client.hear(theirs.receive() or b"")
    assert client.read() == b"answer"
    assert gate.idle
    assert gate.notes == []


@pytest.mark.parametrize("version", VERSIONS)
def test_it_may_come_byte_by_byte_both_ways_and_nothing_spins_meanwhile(version: ssl.TLSVersion) -> None:
    gate = Gate()
    _, theirs = gate.bring(holds=1)
    client = client_of(version)
    for _ in range(20000):
        client.shake()
        if data := client.said():
            theirs.send([data])
        elif theirs.waiting:
            theirs.send([])
        gate.settle()
        client.hear(theirs.receive() or b"")
        if gate.greeted:
            break
    ((link, _),) = gate.greeted
    assert isinstance(link, TlsLink)
    assert gate.idle


def test_what_comes_with_the_end_of_the_handshake_is_held() -> None:
    gate = Gate()
    _, theirs = gate.bring()
    client = client_of()
    client.shake()
    theirs.send([client.said()])
    gate.settle()
    client.hear(theirs.receive() or b"")
    client.tls.write(b"early")
    client.tls.write(b" words")
    theirs.send([client.said()])
    gate.settle()
    ((link, _),) = gate.greeted
    assert link is not None
    assert link.held
    assert theirs.receive()  # tickets wait for nobody to read
    assert link.receive() == b"early words"
    assert not link.held
    assert link.receive() is None


def test_the_certificate_is_that_of_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pairs = [authority.sign("first.test"), authority.sign("*.second.test")]
    certificates = Certificates(pairs, TlsSettings())
    for name, shown in ((None, "first.test"), ("a.second.test", "*.second.test"), ("b.test", "first.test")):
        gate = Gate(certificates=certificates)
        _, theirs = gate.bring()
        client = Client(trusting(authority.path), name)
        link = gate.meet(client, theirs)
        assert (client.tls.getpeercert() or {})["subjectAltName"] == (("DNS", shown),)
        assert link.secured is not None
        assert link.secured.server_certificate == (tmp_path / f"{shown}.pem").read_text()


@pytest.mark.parametrize("letter", [b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"p"])
def test_who_speaks_plain_http_is_told_so(letter: bytes) -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    theirs.send([letter])
    gate.settle()
    assert gate.greeted == [(ours, PLAIN)]
    assert ours.receive() == letter
    assert gate.idle


@pytest.mark.parametrize(
    ("data", "alert", "why"),
    [
        (b"\0\0\0\0", 50, "no TLS handshake"),
        (b"\x80\x2e\x01\3\1", 50, "no TLS handshake"),
        (b" GET / HTTP/1.1\r\n\r\n", 50, "no TLS handshake"),
        (record(b"\2" + bytes(9)), 50, "no TLS handshake"),
        (
            record(message(extension(16, sized(sized(b"spdy/1", 1), 2)))),
            120,
            "none of the protocols of the client is spoken here",
        ),
        (record(message(extension(10, b"\0\2\x01\x04"))), 40, "keys of finite fields are not exchanged here"),
    ],
)
def test_what_is_no_tls_or_none_of_ours_is_told_by_an_alert(data: bytes, alert: int, why: str) -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    theirs.send([data])
    gate.settle()
    assert theirs.receive() == bytes([21, 3, 3, 0, 2, 2, alert])
    assert theirs.receive() == b""
    assert not theirs.broken
    assert gate.notes == [f"debug: 192.0.2.1 closed: {why}"]
    theirs.send([b"GET me out of here"])
    gate.settle()
    assert not ours.closed
    theirs.finish()
    gate.settle()
    assert ours.closed
    assert gate.greeted == [(None, "")]
    assert gate.idle


def test_who_does_not_go_after_an_alert_is_cut() -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    theirs.send([b"\0"])
    gate.settle(0)
    for _ in range(3):
        gate.settle(LINGER / 4)
        theirs.send([b"x" * 100])
        assert gate.greeted == []
    gate.settle(LINGER / 4)
    assert gate.greeted == [(None, "")]
    assert ours.closed
    assert gate.idle


@pytest.mark.parametrize(
    "name",
    [b"b\xc3\xbccher.test", b"\xff\xfe", b"", b"x" * 255, b"x" * 300, b"a\0b", b"..", b"*", b"a" * 64 + b".test"],
)
def test_a_hostile_name_breaks_nothing_and_is_written_nowhere(name: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    gate = Gate()
    _, theirs = gate.bring()
    plain = real_hello()
    theirs.send([with_extension(plain, host(name))])
    gate.settle()
    assert gate.faults == []
    assert capfd.readouterr() == ("", "")
    if theirs.arrived[0] == 22:  # OpenSSL goes on, with the first certificate
        assert len(theirs.arrived) > 500
    else:
        assert theirs.arrived[0] == 21
    gate.handshakes.close()
    assert gate.idle


def real_hello() -> bytes:
    client = client_of()
    client.shake()
    return client.said()


def with_extension(hello: bytes, more: bytes) -> bytes:
    """The hello, one record, with an extension more at its beginning."""
    body = hello[9:]
    at = 34
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at : at + 2])
    at += 1 + body[at]
    whole = body[:at] + sized(more + body[at + 2 :], 2)
    return record(b"\1" + sized(whole, 3))


def test_a_hello_with_a_name_more_is_still_one() -> None:
    gate = Gate()
    _, theirs = gate.bring()
    theirs.send([with_extension(real_hello(), host(b"example.com"))])
    gate.settle()
    assert theirs.arrived[0] == 22


def test_random_bytes_break_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(4)
    good = bytearray(real_hello())
    for _ in range(500):
        gate = Gate()
        _, theirs = gate.bring()
        data = good.copy()
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        theirs.send([bytes(data), chance.randbytes(chance.randrange(100))])
        gate.settle()
        gate.handshakes.close()
        assert gate.idle
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("sent", [0, 1, 300, 517])
def test_a_handshake_has_its_time(sent: int) -> None:
    gate = Gate(TlsSettings(handshake_time=10.0))
    ours, theirs = gate.bring()
    if sent:
        theirs.send([real_hello()[:sent]])
    gate.settle(9.9)
    assert gate.greeted == []
    gate.settle(0.1)
    assert gate.greeted == [(None, "")]
    assert ours.closed
    assert gate.notes == [f"{'info' if sent else 'debug'}: 192.0.2.1 closed: handshake-time"]
    assert gate.idle


def test_without_patience_it_waits_for_ever() -> None:
    gate = Gate(TlsSettings(handshake_time=0.0))
    _, theirs = gate.bring()
    gate.settle(1e6)
    gate.meet(client_of(), theirs)
    assert gate.idle


def test_where_too_many_are_under_way_the_oldest_ends() -> None:
    gate = Gate(TlsSettings(handshakes=2))
    pairs = [gate.bring() for _ in range(3)]
    assert [ours.closed for ours, _ in pairs] == [True, False, False]
    assert gate.greeted == [(None, "")]
    assert gate.notes == ["info: 192.0.2.1 closed: handshakes: 2 are under way"]
    gate.greeted.clear()
    gate.meet(client_of(), pairs[1][1])
    gate.bring()
    assert [ours.closed for ours, _ in pairs] == [True, False, False]


def test_where_too_many_are_under_way_those_who_say_nothing_end_first() -> None:
    gate = Gate(TlsSettings(handshakes=2))
    pairs = [gate.bring() for _ in range(2)]
    pairs[0][1].send([b"\x16"])
    gate.settle()
    pairs.append(gate.bring())
    assert [ours.closed for ours, _ in pairs] == [False, True, False]
    pairs[2][1].send([b"\x16"])
    gate.settle()
    pairs.append(gate.bring())
    assert [ours.closed for ours, _ in pairs] == [True, True, False, False]


def test_when_the_server_stops_those_that_have_begun_are_waited_for_a_moment() -> None:
    gate = Gate()
    pairs = [gate.bring() for _ in range(4)]
    pairs[1][1].send([b"\x16"])
    gate.settle()
    pairs[2][1].send([b"\x16"])  # which nobody has looked at yet
    gate.handshakes.drain()
    assert [ours.closed for ours, _ in pairs] == [True, False, False, True]
    gate.settle(LAST + 0.1)
    assert [ours.closed for ours, _ in pairs] == [True, True, True, True]
    assert gate.idle


def test_without_a_limit_all_are_waited_for() -> None:
    gate = Gate(TlsSettings(handshakes=0))
    for _ in range(5):
        gate.bring()
    assert gate.greeted == []


@pytest.mark.parametrize(
    "words",
    [
        record(b"\1" + (1 << 23).to_bytes(3) + bytes(1000)) + record(bytes(16384)) * 4,
        record(b"\1") * 20000,
    ],
)
def test_a_hello_without_an_end_is_refused(words: bytes) -> None:
    gate = Gate()
    ours, theirs = gate.bring()
    theirs.send([words])
    while theirs.waiting and not theirs.arrived:
        gate.settle()
        theirs.send([])
    gate.settle()
    assert len(gate.notes) == 1
    assert gate.notes[0].startswith("debug: 192.0.2.1 closed: ")
    assert len(words) - sum(map(len, theirs._outbox)) < 3 * LONGEST
    assert not ours.closed


def test_so_many_bytes_without_an_end_of_the_handshake_are_refused() -> None:
    gate = Gate()
    _, theirs = gate.bring()
    theirs.send([real_hello()])
    gate.settle()
    ignored = b"\x14\3\3\0\1\1"  # a change of cipher, which TLS 1.3 overlooks
    theirs.send([ignored * (LONGEST // 6 + 1)])
    while theirs.waiting:
        gate.settle()
        theirs.send([])
    gate.settle()
    assert len(gate.notes) == 1
    assert gate.notes[0].startswith("debug: 192.0.2.1 closed: ")


@pytest.mark.parametrize("sent", [0, 1, 100, 517])
def test_a_peer_that_goes_away_is_no_news(sent: int) -> None:
    for end in (MemoryLink.finish, MemoryLink.abort):
        gate = Gate()
        ours, theirs = gate.bring()
        theirs.send([real_hello()[:sent]])
        gate.settle()
        end(theirs)
        gate.settle()
        assert gate.greeted == [(None, "")]
        assert ours.closed
        assert gate.notes == []
        assert gate.idle


def test_what_fails_is_told_by_its_alert() -> None:
    gate = Gate(certificates=contexts()[0])
    _, theirs = gate.bring()
    client = client_of(ssl.TLSVersion.TLSv1_2)
    client.tls.context.set_ciphers("ECDHE+AES:!AESGCM")
    client = Client(client.tls.context)
    client.shake()
    theirs.send([client.said()])
    gate.settle()
    client.hear(theirs.receive() or b"")
    assert client.alert in ("SSLV3_ALERT_HANDSHAKE_FAILURE", "SSL/TLS_ALERT_HANDSHAKE_FAILURE")
    assert gate.notes == ["debug: 192.0.2.1 closed: TLS handshake: no shared cipher"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_without_a_certificate_hears_why_though_it_sends_on(version: ssl.TLSVersion, tmp_path: Path) -> None:
    # By TLS 1.3 it takes the handshake for done, and sends its request, before it can be told.
    authority = Authority(tmp_path)
    chosen = TlsSettings(tls=("given",), tls_client_ca=authority.path)
    gate = Gate(chosen, Certificates([authority.sign("example.com")], chosen))
    ours, theirs = gate.bring()
    client = client_of(version)
    client.shake()
    theirs.send([client.said()])
    gate.settle()
    client.hear(theirs.receive() or b"")
    if client.ready:
        client.tls.write(b"GET / HTTP/1.1\r\n\r\n" * 1000)
    theirs.send([client.said()])
    gate.settle()
    theirs.send([b"more"])
    gate.settle()
    client.hear(theirs.receive() or b"")
    if client.ready:
        client.read()
    assert client.alert in ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_HANDSHAKE_FAILURE")
    assert not theirs.broken
    assert gate.notes == ["info: 192.0.2.1 closed: TLS handshake: peer did not return a certificate"]
    gate.settle(LINGER)
    assert ours.closed
    assert gate.idle


def test_a_client_whose_names_are_no_text_does_not_come_in(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    chosen = TlsSettings(tls=("given",), tls_client_ca=authority.path)
    gate = Gate(chosen, Certificates([authority.sign("example.com")], chosen))
    context = trusting(authority.path)
    context.load_cert_chain(*authority.sign(extras=[NO_TEXT]))
    client, (_, theirs) = Client(context), gate.bring()
    for _ in range(3):
        client.shake()
        theirs.send([client.said()])
        gate.settle()
        client.hear(theirs.receive() or b"")
    assert gate.greeted == []
    assert gate.faults == []
    assert gate.notes == ["info: 192.0.2.1 closed: TLS handshake: names in the certificate are no text"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("later", "comes_in"), [(0, True), (2, False)])
def test_nobody_comes_back_by_a_session_beyond_the_end_of_the_certificate(
    version: ssl.TLSVersion, later: float, comes_in: bool, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    chosen = TlsSettings(tls=("given",), tls_client_ca=authority.path)
    ahead = [0.0]
    certificates = Certificates([authority.sign("example.com")], chosen, wall=lambda: time.time() + ahead[0])
    context = trusting(authority.path)
    context.maximum_version = version
    context.load_cert_chain(*authority.sign("ada", days=1))
    first = Client(context)
    gate = Gate(chosen, certificates)
    gate.meet(first, gate.bring()[1])
    first.read()
    ahead[0] = later * 86400.0
    again = Client(context, session=first.tls.session)
    gate = Gate(chosen, certificates)
    _, theirs = gate.bring()
    for _ in range(3):
        again.shake()
        theirs.send([again.said()])
        gate.settle()
        again.hear(theirs.receive() or b"")
    assert again.tls.session_reused
    assert bool(gate.greeted) == comes_in
    late = "info: 192.0.2.1 closed: TLS handshake: certificate has expired since the session began"
    assert gate.notes == ([] if comes_in else [late])


@pytest.mark.parametrize(("cost", "at_once"), [(SHARE / 4, 4), (SHARE * 20, 1)])
def test_a_round_has_so_much_time_for_handshakes_and_the_others_wait_for_the_next(
    cost: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    choose = Certificates.choose

    def choose_slowly(certificates: Certificates, name: str) -> Certificate:
        gate.clock.advance(cost)
        return choose(certificates, name)

    monkeypatch.setattr(Certificates, "choose", choose_slowly)
    pairs = [gate.bring() for _ in range(6)]
    for _, theirs in pairs:
        theirs.send([real_hello()])
    answered = []
    for _ in range(3):
        gate.clock.advance(0.001)
        gate.reactor.step(0)
        answered.append(sum(bool(theirs.arrived) for _, theirs in pairs))
    assert answered == [min(6, at_once * rounds) for rounds in (1, 2, 3)]


def test_at_the_end_none_is_waited_for() -> None:
    gate = Gate()
    pairs = [gate.bring() for _ in range(3)]
    gate.handshakes.close()
    assert gate.greeted == [(None, "")] * 3
    assert all(ours.closed for ours, _ in pairs)
    assert gate.notes == []
    assert gate.idle


def test_where_nothing_more_can_be_watched_the_link_is_closed() -> None:
    gate = Gate()

    def full(fd: int, interest: int) -> None:
        raise OSError(28, "No space left on device")

    gate.poller.add = full  # type: ignore[method-assign]  # a poller that is full
    with pytest.raises(Exhausted):
        gate.bring()
    assert gate.greeted == [(None, "")]
    assert gate.handshakes.under_way == 0


def test_a_fault_of_ours_ends_the_handshake_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setattr("pellucid.net.handshakes.parse_hello", lambda words: 1 // 0)
    ours, theirs = gate.bring()
    theirs.send([real_hello()])
    gate.settle()
    assert ours.closed
    assert gate.greeted == [(None, "")]
    assert len(gate.faults) == 1
    gate.faults.clear()
    assert gate.idle


def test_one_whose_connection_cannot_be_had_is_told() -> None:
    gate = Gate()

    def exhausted(link: Link | None, refused: str = "") -> None:
        raise Exhausted("Too many open files")

    ours, theirs = memory_pair()
    gate.handshakes(ours, exhausted)
    theirs.send([b"GET"])
    gate.settle()
    assert gate.notes == ["warning: Too many open files: a connection was closed"]
