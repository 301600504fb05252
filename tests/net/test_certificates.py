"""Certificates are chosen by name, changed files are taken up, broken ones are not, and no connection notices."""

import os
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from agreeing import Client, shaken, trusting
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from pellucid.net.certificates import EVERY, Certificates
from pellucid.net.link import PlainLink
from pellucid.net.memory import HandClock, MemoryPoller, memory_pair
from pellucid.net.reactor import Reactor
from pellucid.net.tls import HandshakeFailed, TlsLink
from pellucid.net.tlssettings import TlsSettings
from signing import Authority

GIVEN = TlsSettings(tls=("given",))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


class Site:
    """A server's certificates, and what it says of them."""

    def __init__(self, *pairs: tuple[str, str], chosen: TlsSettings = GIVEN) -> None:
        self.ahead = 0.0
        self.certificates = Certificates(pairs, chosen, wall=lambda: time.time() + self.ahead)
        self._notes: list[str] = []

    def refresh(self) -> list[str]:
        """What is said when the files are looked at; in the second look, nothing."""
        self._notes.clear()
        self.certificates.refresh(self._note)
        notes = self._notes.copy()
        self.certificates.refresh(self._note)
        assert self._notes == notes, "said twice"
        return notes

    def shake(self, client: Client, name: str = "") -> ssl.SSLObject:
        """A handshake with this client."""
        return shaken(self.certificates.context, self.certificates.choose(name).context, client)

    def _note(self, level: str, text: str) -> None:
        self._notes.append(f"{level}: {text}")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("", "first"),
        ("unknown.test", "first"),
        ("example.com", "first"),
        ("www.example.com", "second"),
        ("www.example.com.", "second"),
        ("a.example.com", "third"),
        ("a.b.example.com", "first"),
        (".example.com", "third"),
        ("example.org", "third"),
        ("com", "first"),
        ("127.0.0.1", "first"),
        ("192.0.2.1", "first"),
        ("*.example.com", "third"),
    ],
)
def test_a_name_chooses_a_certificate(authority: Authority, name: str, file: str) -> None:
    pairs = [
        authority.sign("example.com", file="first"),
        authority.sign("www.example.com", "example.com", "192.0.2.1", file="second"),
        authority.sign("*.example.com", "example.org", file="third"),
    ]
    chosen = Certificates(pairs, GIVEN).choose(name)
    assert chosen.pem == Path(authority.folder / f"{file}.pem").read_text()


def test_a_certificate_without_names_is_for_those_who_name_none_of_the_others(authority: Authority) -> None:
    certificates = Certificates([authority.sign(file="first"), authority.sign("example.com")], GIVEN)
    assert certificates.choose("example.org").names == frozenset()
    assert certificates.choose("example.com").names == {"example.com"}


def test_without_a_certificate_there_is_nothing_to_show() -> None:
    with pytest.raises(ValueError, match="--tls: no certificate is given"):
        Certificates([], GIVEN)


def test_what_cannot_be_meant_is_told(authority: Authority) -> None:
    with pytest.raises(ValueError, match="--tls-min"):
        Certificates([authority.sign("example.com")], TlsSettings(tls_min="1.0"))


def test_the_client_is_shown_what_was_chosen(authority: Authority) -> None:
    site = Site(authority.sign("example.com"), authority.sign("example.org"))
    for name in ("example.com", "example.org"):
        client = Client(trusting(authority.path, "h2"), name)
        assert site.shake(client, name).selected_alpn_protocol() == "h2"
        assert (("DNS", name),) == (client.tls.getpeercert() or {})["subjectAltName"]


def test_another_certificate_is_taken_up_and_connections_that_stand_do_not_notice(authority: Authority) -> None:
    site = Site(authority.sign("example.com"))
    ours, theirs = memory_pair()
    link = TlsLink(ours, site.certificates.context, site.certificates.choose("").context)
    client = Client(trusting(authority.path))
    for _ in range(3):
        client.shake()
        theirs.send([client.said()])
        data = ours.receive()
        if data:
            link.shake(data)
        client.hear(theirs.receive() or b"")
    before = site.certificates.choose("")
    authority.sign("example.org", file="example.com")
    (note,) = site.refresh()
    assert note.startswith("info: ")
    assert "example.com.pem was taken up, which holds until 20" in note
    after = site.certificates.choose("example.org")
    assert after.pem != before.pem
    assert after.names == {"example.org"}
    link.send([b"still here"])
    client.hear(theirs.receive() or b"")
    assert client.read() == b"still here"


def test_files_that_stay_the_same_are_not_read_again(authority: Authority) -> None:
    site = Site(authority.sign("example.com"))
    before = site.certificates.choose("").context
    assert site.refresh() == []
    assert site.certificates.choose("").context is before


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def unlink(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("breaking", [half, unlink, empty])
@pytest.mark.parametrize("file", ["example.com.pem", "example.com.key"])
def test_a_broken_file_is_told_once_and_the_certificate_of_before_stays(
    authority: Authority, breaking: Callable[[Path], None], file: str
) -> None:
    site = Site(authority.sign("example.com"))
    before = site.certificates.choose("")
    breaking(authority.folder / file)
    (note,) = site.refresh()
    assert note.startswith("warning: --tls: ")
    assert note.endswith("; the certificate of before stays")
    assert site.certificates.choose("example.com") is before
    site.shake(Client(trusting(authority.path)))
    authority.sign("example.com")
    assert len(site.refresh()) == 1
    assert site.certificates.choose("example.com") is not before


def test_a_key_that_comes_later_than_its_certificate_is_waited_for(authority: Authority) -> None:
    certificate, key = authority.sign("example.com")
    site = Site((certificate, key))
    new, new_key = authority.sign("example.com", file="new")
    os.replace(new, certificate)
    (note,) = site.refresh()
    assert "does not belong to the certificate" in note
    os.replace(new_key, key)
    (note,) = site.refresh()
    assert "was taken up" in note


def test_one_that_has_expired_is_not_taken_up(authority: Authority) -> None:
    site = Site(authority.sign("example.com"))
    before = site.certificates.choose("")
    authority.sign("example.com", days=-1)
    (note,) = site.refresh()
    assert "example.com.pem has expired on 20" in note
    assert site.certificates.choose("") is before


def test_one_that_does_not_hold_yet_is_taken_up_once_it_does(authority: Authority) -> None:
    # As where the clock of who signs is ahead of ours.
    site = Site(authority.sign("example.com"))
    site.ahead = -7 * 86400
    authority.sign("example.com")
    (note,) = site.refresh()
    assert "example.com.pem holds only from 20" in note
    site.ahead = 0.0
    (note,) = site.refresh()
    assert "example.com.pem was taken up" in note


def test_of_a_certificate_that_is_not_renewed_one_hears_before_its_end_and_at_it(authority: Authority) -> None:
    site = Site(authority.sign("example.com", days=90))
    told = []
    for day in (0, 80, 86, 89, 91, 92):
        site.ahead = day * 86400.0
        told.append(["expires" if "was not renewed and expires on 20" in note else note[:8] for note in site.refresh()])
    assert told == [[], [], ["expires"], [], ["warning:"], []]
    site.ahead = 0.0
    authority.sign("example.com", days=90)
    assert len(site.refresh()) == 1
    site.ahead = 86 * 86400.0
    assert len(site.refresh()) == 1


def test_a_fault_that_lies_elsewhere_passes(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(authority.sign("example.com"))
    authority.sign("example.com")

    def exhausted(*_: object, **__: object) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("pellucid.net.tlscontext.open", exhausted, raising=False)
        (note,) = site.refresh()
        assert "too many open files" in note
    (note,) = site.refresh()
    assert "example.com.pem was taken up" in note


def test_a_password_may_come_later_than_its_key(authority: Authority, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("old")
    pair = authority.sign("example.com", password="old")
    site = Site(pair, chosen=TlsSettings(tls=("given",), tls_key_password_file=str(password)))
    authority.sign("example.com", password="new")
    (note,) = site.refresh()
    assert "not the password of" in note
    password.write_text("new")
    (note,) = site.refresh()
    assert "example.com.pem was taken up" in note


@pytest.mark.parametrize(
    ("days", "now", "complaint"),
    [(-1, 0, "has expired on 20"), (1, -3 * 86400, "holds only from 20"), (1, 0, "")],
)
def test_at_the_start_one_that_does_not_hold_is_served_and_told(
    authority: Authority, days: float, now: float, complaint: str
) -> None:
    certificates = Certificates([authority.sign("example.com", days=days)], GIVEN, wall=lambda: time.time() + now)
    notes: list[str] = []
    certificates.complain(lambda level, text: notes.append(f"{level}: {text}"))
    assert len(notes) == bool(complaint)
    assert all(note.startswith("warning: ") and complaint in note for note in notes)
    certificates.refresh(lambda level, text: notes.append(f"{level}: {text}"))
    assert len(notes) == bool(complaint), "said twice"


def from_afar() -> x509.AuthorityInformationAccess:
    """What tells where the certificate of whoever has signed it lies, as those for the world have it."""
    place = x509.UniformResourceIdentifier("http://example.net/authority.der")
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)])


@pytest.mark.parametrize(
    ("names", "extras", "between", "complaint"),
    [
        ([], [], False, "names no host (subjectAltName); many clients will refuse it"),
        (["a"], [from_afar()], False, "as fullchain.pem of certbot does; many clients will refuse it"),
        (["a"], [from_afar()], True, ""),
        (["a"], [], False, ""),
    ],
)
def test_what_a_certificate_lacks_is_told_at_the_start_and_when_it_is_taken_up(
    authority: Authority, names: list[str], extras: list[x509.ExtensionType], between: bool, complaint: str
) -> None:
    site = Site(authority.sign("a", file="a"))
    certificate, key = authority.sign(*names, file="a", extras=extras)
    if between:
        Path(certificate).write_bytes(Path(certificate).read_bytes() + Path(authority.path).read_bytes())
    taken, *refreshed = site.refresh()
    notes: list[str] = []
    Certificates([(certificate, key)], GIVEN).complain(lambda level, text: notes.append(f"{level}: {text}"))
    assert "was taken up" in taken
    assert notes == refreshed
    assert len(notes) == bool(complaint)
    assert all(note.startswith("warning: --tls: ") and note.endswith(complaint) for note in notes)


@pytest.mark.parametrize(("unsafe", "told"), [(True, 1), (False, 0)])
def test_where_keys_are_written_down_that_is_told(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unsafe: bool, told: int
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    notes: list[str] = []
    certificates = Certificates([authority.sign("a")], TlsSettings(tls=("given",), unsafe_key_log=unsafe))
    certificates.complain(lambda level, text: notes.append(f"{level}: {text}"))
    line = f"warning: --unsafe-key-log: whoever may read {tmp_path / 'keys'} can read all connections"
    assert notes == [line] * told


def test_a_key_with_a_password_that_comes_later_is_told_and_asks_nobody(authority: Authority) -> None:
    site = Site(authority.sign("example.com"))
    authority.sign("example.com", password="secret")
    (note,) = site.refresh()
    assert "give it with --tls-key-password-file" in note


def test_a_worker_that_may_not_read_a_key_says_who_may(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(authority.sign("example.com"))
    authority.sign("example.com")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pellucid.net.tlscontext.open", denied, raising=False)
    (note,) = site.refresh()
    assert "permission denied (a worker may not read it; its parent can, and begins new ones)" in note


def test_where_one_may_not_look_nothing_has_changed(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = TlsSettings(tls=("given",), tls_client_ca=str(authority.path))
    site = Site(authority.sign("example.com"), chosen=chosen)

    def denied(path: str) -> os.stat_result:
        raise PermissionError(13, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", denied)
        assert site.refresh() == []
    authority.sign("example.com")
    assert len(site.refresh()) == 1


def test_it_is_told_whether_something_was_taken_up(authority: Authority) -> None:
    pair = authority.sign("example.com")
    certificates = Certificates([pair], GIVEN)
    told = [certificates.refresh(lambda level, text: None)]
    authority.sign("example.com")
    told += [certificates.refresh(lambda level, text: None) for _ in range(2)]
    Path(pair[0]).write_text("no certificate")
    told.append(certificates.refresh(lambda level, text: None))
    assert told == [False, True, False, False]


def test_files_are_followed(authority: Authority) -> None:
    clock = HandClock()
    reactor = Reactor(MemoryPoller(), clock)
    certificates = Certificates([authority.sign("example.com")], GIVEN)
    notes: list[str] = []
    certificates.follow(reactor, lambda level, text: notes.append(text))
    for number in range(3):
        authority.sign("example.com")
        clock.advance(EVERY - 0.1)
        reactor.step(0)
        assert len(notes) == number
        clock.advance(0.1)
        reactor.step(0)
        assert len(notes) == number + 1


# Sessions


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("change", [False, True])
def test_a_session_goes_on_even_after_another_certificate_was_taken_up(
    authority: Authority, version: ssl.TLSVersion, change: bool
) -> None:
    site = Site(authority.sign("example.com"), authority.sign("example.org"))
    context = trusting(authority.path)
    context.maximum_version = version
    client = Client(context, "example.org")
    assert not site.shake(client, "example.org").session_reused
    client.read()
    if change:
        authority.sign("example.org")
        assert len(site.refresh()) == 1
    again = Client(context, "example.org", client.tls.session)
    assert site.shake(again, "example.org").session_reused


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # of those who run the tests
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_goes_on_in_another_process(authority: Authority, version: ssl.TLSVersion) -> None:
    certificates = Certificates([authority.sign("example.com")], GIVEN)
    context = trusting(authority.path)
    context.maximum_version = version
    session = None
    for reused in (False, True):
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            _serve_one(certificates, ours, theirs)
        ours.close()
        with context.wrap_socket(theirs, session=session) as client:
            assert client.recv(100) == b"hello"  # tickets come before it
            assert client.session_reused == reused
            session = client.session
        assert os.waitpid(child, 0)[1] == 0


def _serve_one(certificates: Certificates, ours: socket.socket, theirs: socket.socket) -> None:
    # In a child, which must not come back to the tests.
    try:
        theirs.close()
        plain = PlainLink(ours, "", "")
        ours.setblocking(True)
        link = TlsLink(plain, certificates.context, certificates.choose("").context)
        while link.shake(plain.receive() or b"") is None:
            pass
        link.send([b"hello"])
        link.close()
    except BaseException:
        os._exit(1)
    os._exit(0)


# Clients that show certificates


@pytest.fixture
def people(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "people")


def with_certificate(authority: Authority, files: tuple[str, str] | None, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = trusting(authority.path)
    context.maximum_version = version
    if files:
        context.load_cert_chain(*files)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("demand", "shown", "complaint"),
    [
        ("required", "people", ""),
        ("required", "", "peer did not return a certificate"),
        ("required", "stranger", "unable to get local issuer certificate|self-signed certificate in certificate chain"),
        ("required", "expired", "certificate has expired"),
        ("optional", "people", ""),
        ("optional", "", ""),
        ("optional", "stranger", "unable to get local issuer certificate|self-signed certificate in certificate chain"),
    ],
)
def test_who_shows_what(
    authority: Authority, people: Authority, version: ssl.TLSVersion, demand: str, shown: str, complaint: str
) -> None:
    files = None
    if shown:
        files = (authority if shown == "stranger" else people).sign("ada", days=-1 if shown == "expired" else 90)
    chosen = TlsSettings(tls=("given",), tls_client_ca=people.path, tls_client=demand)
    site = Site(authority.sign("example.com"), chosen=chosen)
    client = Client(with_certificate(authority, files, version))
    if not complaint:
        assert bool(site.shake(client).getpeercert()) == bool(shown)
        return
    with pytest.raises(HandshakeFailed, match=complaint) as failed:
        site.shake(client)
    assert failed.value.unproved


def test_an_authority_is_believed_though_another_one_has_signed_it_and_that_one_is_not(
    authority: Authority, people: Authority, tmp_path: Path
) -> None:
    engineers = Authority(tmp_path, "engineers", above=people)
    site = Site(authority.sign("example.com"), chosen=TlsSettings(tls=("given",), tls_client_ca=engineers.path))
    site.shake(Client(with_certificate(authority, engineers.sign("ada"), ssl.TLSVersion.TLSv1_3)))
    with pytest.raises(HandshakeFailed):
        site.shake(Client(with_certificate(authority, people.sign("bob"), ssl.TLSVersion.TLSv1_3)))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_comes_back_by_a_session_is_still_known(
    authority: Authority, people: Authority, version: ssl.TLSVersion
) -> None:
    chosen = TlsSettings(tls=("given",), tls_client_ca=people.path)
    site = Site(authority.sign("example.com"), chosen=chosen)
    context = with_certificate(authority, people.sign("ada"), version)
    client = Client(context)
    site.shake(client)
    client.read()
    again = site.shake(Client(context, session=client.tls.session))
    assert again.session_reused
    assert (again.getpeercert() or {})["subject"] == ((("commonName", "ada"),),)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_other_authorities_are_taken_up_and_nobody_comes_back_by_a_session(
    authority: Authority, people: Authority, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    chosen = TlsSettings(tls=("given",), tls_client_ca=people.path)
    site = Site(authority.sign("example.com"), chosen=chosen)
    context = with_certificate(authority, people.sign("ada"), version)
    client = Client(context)
    site.shake(client)
    client.read()
    others = Authority(tmp_path, "others")
    os.replace(others.path, people.path)
    assert site.refresh() == [f"info: {people.path} was taken up"]
    with pytest.raises(HandshakeFailed):
        site.shake(Client(context, session=client.tls.session))
    site.shake(Client(with_certificate(authority, others.sign("bob"), version)))


def test_broken_authorities_are_told_once_and_those_of_before_stay(authority: Authority, people: Authority) -> None:
    chosen = TlsSettings(tls=("given",), tls_client_ca=people.path)
    site = Site(authority.sign("example.com"), chosen=chosen)
    good = Path(people.path).read_bytes()
    Path(people.path).write_bytes(good[:100])
    (note,) = site.refresh()
    assert note.endswith("; the authorities of before stay")
    site.shake(Client(with_certificate(authority, people.sign("ada"), ssl.TLSVersion.TLSv1_3)))
    Path(people.path).write_bytes(good + good)
    assert site.refresh() == [f"info: {people.path} was taken up"]


def test_authorities_are_taken_up_once_the_certificate_is_whole_again(
    authority: Authority, people: Authority, tmp_path: Path
) -> None:
    chosen = TlsSettings(tls=("given",), tls_client_ca=people.path)
    site = Site(authority.sign("example.com"), chosen=chosen)
    others = Authority(tmp_path, "others")
    os.replace(others.path, people.path)
    (tmp_path / "example.com.pem").write_bytes(b"")
    assert [note.rpartition("; ")[2] for note in site.refresh()] == [
        "the authorities of before stay",
        "the certificate of before stays",
    ]
    authority.sign("example.com")
    assert f"info: {people.path} was taken up" in site.refresh()
    site.shake(Client(with_certificate(authority, others.sign("bob"), ssl.TLSVersion.TLSv1_3)))
