"""A link that speaks TLS: what is beyond the promises of all links, which `test_link` tries over it too."""

from __future__ import annotations

import os
import random
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agreeing import Client, contexts, converse
from linking import MemoryPeer, counted_file, slice_of

from pellucid.net.link import CAPACITY, RECEIVE
from pellucid.net.memory import memory_pair
from pellucid.net.pollers import READ, WRITE
from pellucid.net.tls import LUMP, RECORD, HandshakeFailed, TlsLink
from pellucid.piece import Piece


class Talk:
    """A link that speaks TLS, its client, and the pipe between them."""

    def __init__(self, holds: int) -> None:
        self.inner, self.pipe = memory_pair(1 << 20)
        self.link, peer = converse(self.inner, MemoryPeer(self.pipe))
        self.client: Client = peer.client
        self.pipe.holds = self.inner.holds = holds

    def say(self, *words: bytes) -> bytes:
        """What the client sends for these, in a record each."""
        for each in words:
            self.client.tls.write(each)
        return self.client.said()

    def heard(self) -> list[bytes]:
        """What has come, record by record, as it was encrypted."""
        data = b""
        while part := self.pipe.receive():
            data += part
        return records_of(data)


def records_of(data: bytes) -> list[bytes]:
    found = []
    while data:
        size = 5 + int.from_bytes(data[3:5])
        assert len(data) >= size, "a record in parts"
        found.append(data[:size])
        data = data[size:]
    return found


@pytest.fixture
def talk() -> Iterator[Talk]:
    talk = Talk(1 << 20)
    yield talk
    talk.link.abort()


def test_the_link_beneath_lends_its_names(talk: Talk) -> None:
    link, inner = talk.link, talk.inner
    assert (link.fd, link.peer, link.peer_port, link.local) == (inner.fd, inner.peer, inner.peer_port, inner.local)
    assert link.interest(True) == READ
    assert link.interest(False) == 0


def test_all_that_has_come_is_received_at_once(talk: Talk) -> None:
    talk.pipe.send([talk.say(b"one ", b"two ", b"three")])
    assert talk.link.receive() == b"one two three"
    assert talk.link.receive() is None


@pytest.mark.parametrize("size", [1, 7, 100, RECORD, RECORD + 22, RECEIVE])
def test_records_may_come_in_parts(talk: Talk, size: int) -> None:
    body = random.Random(size).randbytes(100_000 if size > 100 else 2000)
    data = talk.say(b"first", body)
    got = b""
    for at in range(0, len(data), size):
        talk.pipe.send([data[at : at + size]])
        while part := talk.link.receive():
            got += part
        assert part is None
    assert got == b"first" + body


def test_a_goodbye_behind_words_comes_after_them(talk: Talk) -> None:
    data = talk.say(b"one", b"two")
    talk.client.end()
    talk.pipe.send([data + talk.client.said() + b"whatever"])
    assert talk.link.receive() == b"onetwo"
    assert talk.link.held
    assert talk.link.receive() == b""
    assert talk.link.receive() == b""
    assert not talk.link.gone
    talk.link.send([b"answer"])
    talk.client.hear(talk.pipe.receive() or b"")
    assert talk.client.read() == b"answer"


@pytest.mark.parametrize("words", [[], [b"words"], [bytes(RECORD), bytes(RECORD), b"end"]])
def test_an_end_without_a_goodbye_is_an_end(talk: Talk, words: list[bytes]) -> None:
    talk.pipe.send([talk.say(*words)])
    talk.pipe.finish()
    assert (talk.link.receive() or b"") == b"".join(words)
    assert talk.link.receive() == b""
    assert not talk.link.gone


def test_a_goodbye_alone_is_an_end(talk: Talk) -> None:
    talk.client.end()
    talk.pipe.send([talk.client.said()])
    assert talk.link.receive() == b""
    assert talk.link.receive() == b""
    assert not talk.link.gone


def test_both_may_say_goodbye(talk: Talk) -> None:
    talk.link.finish()
    talk.client.hear(talk.pipe.receive() or b"")
    assert talk.client.read() == b""
    talk.client.end()
    talk.pipe.send([talk.client.said()])
    assert talk.link.receive() == b""
    assert not talk.link.gone
    talk.link.close()
    assert talk.heard() == []


@pytest.mark.parametrize("before", [b"", b"words", bytes(3 * RECORD)])
def test_a_broken_record_breaks_the_link(talk: Talk, before: bytes, tmp_path: Path) -> None:
    talk.inner.holds = talk.pipe.holds = 4 * RECORD + 1000
    with counted_file(tmp_path, bytes(CAPACITY)) as file:
        talk.link.send([slice_of(file)])
        data = bytearray((talk.say(before) if before else b"") + talk.say(b"more"))
        data[-1] ^= 1
        talk.pipe.send([bytes(data)])
        assert talk.link.receive() == before
        assert talk.link.gone == "TLS broke: decryption failed or bad record mac"
        assert file.slices == 0
        assert not talk.link.waiting
        assert talk.link.receive() == b""
        assert talk.link.send([b"x"]) == 0


def test_an_alert_breaks_the_link(talk: Talk) -> None:
    talk.link.send([b"hello"])
    data = bytearray(talk.pipe.receive() or b"")
    data[-1] ^= 1
    talk.client.hear(bytes(data))
    talk.client.read()
    talk.pipe.send([talk.client.said()])
    assert talk.link.receive() == b""
    assert talk.link.gone == "TLS broke: the peer says: bad record mac"


def test_random_bytes_break_no_more_than_the_link() -> None:
    chance = random.Random(7)
    for _ in range(200):
        talk = Talk(1 << 20)
        talk.pipe.send([b"\x17\3\3" + chance.randbytes(chance.randrange(300))])
        for _ in range(3):
            talk.link.receive()
        talk.link.send([b"x"])
        talk.link.close()


def test_small_pieces_share_a_record_and_large_ones_fill_theirs(talk: Talk, tmp_path: Path) -> None:
    assert talk.link.send([b"head", b"body"]) == 8
    assert len(talk.heard()) == 1
    with counted_file(tmp_path, bytes(3 * RECORD)) as file:
        total = 4 + 3 * RECORD + 3
        assert talk.link.send([b"head", slice_of(file), b"end"]) == total
    sizes = [len(each) - 22 for each in talk.heard()]
    assert sizes == [RECORD, RECORD, RECORD, 7]


def test_a_view_is_sent_as_what_it_shows(talk: Talk) -> None:
    pieces: list[Piece] = [memoryview(b"hello")[1:3]]  # type: ignore[list-item]  # as what is left of a piece
    assert talk.link.send(pieces) == 2
    talk.client.hear(talk.pipe.receive() or b"")
    assert talk.client.read() == b"el"


@pytest.mark.parametrize("holds", [1, 100, 1000])
def test_a_file_is_encrypted_no_sooner_than_it_is_taken(holds: int, tmp_path: Path) -> None:
    talk = Talk(holds)
    with counted_file(tmp_path, bytes(10 * LUMP)) as file:
        piece = slice_of(file)
        sent = talk.link.send([piece])
        assert sent == holds
        assert piece.offset == LUMP
        assert talk.link.waiting
        assert talk.link.interest(False) == WRITE
        talk.pipe.receive()
        assert talk.link.send([]) == holds
        assert piece.offset == LUMP
        talk.link.abort()


def test_a_file_that_cannot_be_read_breaks_the_link(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    with counted_file(tmp_path, bytes(100)) as file:
        monkeypatch.setattr(os, "pread", fails)
        assert talk.link.send([b"the head", slice_of(file)]) == 0
        assert file.slices == 0
    assert talk.link.gone == "Input/output error"
    assert not talk.link.waiting


def test_what_is_told_to_be_sent_is_in_all_what_was_given() -> None:
    talk = Talk(1000)
    total = talk.link.send([bytes(300_000), b"end"])
    got = b""
    while talk.link.waiting or talk.pipe.arrived:
        talk.client.hear(talk.pipe.receive() or b"")
        got += talk.client.read() or b""
        total += talk.link.send([]) if talk.link.waiting else 0
        assert talk.link.room <= CAPACITY
    assert total == 300_003
    assert got == bytes(300_000) + b"end"
    assert talk.link.room == CAPACITY


def test_there_is_no_room_above_where_there_is_none_beneath(talk: Talk) -> None:
    talk.pipe.holds = 0
    talk.inner.other.holds = 0
    talk.inner.holds = 0
    talk.link.send([b"waits"])
    assert 0 < talk.link.room < CAPACITY
    talk.inner.send([bytes(CAPACITY)])
    assert talk.link.room == 0


def test_a_goodbye_is_said_once_and_never_behind_what_was_dropped(talk: Talk) -> None:
    talk.link.finish()
    talk.link.close()
    assert len(talk.heard()) == 1
    other = Talk(100)
    other.link.send([bytes(1000)])
    other.link.close()
    other.pipe.holds = 1 << 20
    assert other.pipe.receive() != b""
    assert other.pipe.receive() == b""  # an end, in the middle of a record


@pytest.mark.parametrize("end", [TlsLink.close, TlsLink.abort])
def test_after_its_end_it_holds_nothing_of_openssl_and_bears_every_question(
    talk: Talk, end: Callable[[TlsLink], None]
) -> None:
    link = talk.link
    openssl = weakref.ref(link._tls)
    end(link)
    assert openssl() is None
    assert link.receive() == b""
    assert link.send([b"too late"]) == 0
    link.finish()
    assert (link.room, link.interest(True), link.held, link.waiting) == (CAPACITY, READ, False, False)


def test_before_the_handshake_there_is_nobody_to_say_goodbye_to() -> None:
    ours, theirs = memory_pair()
    TlsLink(ours, contexts()[0].context).close()
    assert theirs.receive() == b""


def test_a_handshake_that_fails_says_why_to_both() -> None:
    certificates, _ = contexts()
    ours, theirs = memory_pair()
    link = TlsLink(ours, certificates.context, certificates.choose("").context)
    with pytest.raises(HandshakeFailed, match="unexpected message"):
        link.shake(b"\x16\3\1\0\5\2\0\0\1\0")
    assert (theirs.receive() or b"")[0] == 21
