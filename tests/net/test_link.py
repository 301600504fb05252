"""One battery over every link: over a socket pair, over TCP and in memory, plain and in TLS, they promise the same."""

import contextlib
import os
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from linking import Peer, SocketPeer, carry, counted_file, linked, received, slice_of, tcp_pair

from pellucid.net import link as module
from pellucid.net.link import CAPACITY, LOW_WATER, NOT_SENT, RECEIVE, SHORT, Link, PlainLink, room_beside
from pellucid.piece import Piece

LARGE = 8 << 20

Pair = tuple[Link, Peer]


@pytest.fixture(params=["unix", "tcp", "memory", "tls unix", "tls tcp", "tls memory"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with linked(request.param) as ends:
        yield ends


@pytest.fixture(params=["tcp", "memory", "tls tcp", "tls memory"])
def breaking_pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    # A unix socket knows no reset: its peer's end is an end, unless bytes were left unread.
    with linked(request.param) as ends:
        yield ends


def numbered(count: int) -> bytes:
    """Bytes of which no part looks like another."""
    return b"".join(b"%07d " % number for number in range(count // 8))


def test_nothing_is_none_and_not_the_end(pair: Pair) -> None:
    link, _ = pair
    assert link.receive() is None
    assert not link.gone


def test_what_the_peer_gives_is_received(pair: Pair) -> None:
    link, peer = pair
    peer.give(b"hello")
    assert received(link) == b"hello"
    assert link.receive() is None


def test_one_receive_is_bounded(pair: Pair) -> None:
    link, peer = pair
    data = numbered(RECEIVE)
    peer.give(data)
    peer.end()
    got = b""
    while part := received(link):
        assert len(part) <= RECEIVE
        got += part
    assert got == data


def test_a_small_piece_goes_out_at_once(pair: Pair) -> None:
    link, peer = pair
    assert link.send([b"hello"]) == 5
    assert not link.waiting
    assert link.room == CAPACITY
    assert carry(link, peer, 5) == b"hello"


def test_pieces_of_all_kinds_arrive_in_their_order(pair: Pair, tmp_path: Path) -> None:
    link, peer = pair
    content = numbered(300_000)
    with counted_file(tmp_path, content) as file:
        pieces: list[Piece] = [b"<%d>" % number for number in range(40)]
        pieces += [slice_of(file, 8, 16), b"-", slice_of(file), content, slice_of(file, 0, 8)]
        expected = b"".join(b"<%d>" % number for number in range(40))
        expected += content[8:24] + b"-" + content + content + content[:8]
        link.send(pieces)
        assert carry(link, peer, len(expected)) == expected
        assert not link.waiting
        assert link.room == CAPACITY


@pytest.mark.parametrize(("empty", "place"), [("bytes", 0), ("bytes", 1), ("bytes", 2), ("file", 0), ("file", 1)])
def test_an_empty_piece_holds_nothing_up(pair: Pair, tmp_path: Path, empty: str, place: int) -> None:
    link, peer = pair
    with counted_file(tmp_path, b"content") as file:
        pieces: list[Piece] = [b"one", b"two"]
        pieces.insert(place, b"" if empty == "bytes" else slice_of(file, 0, 0))
        link.send(pieces)
        for _ in range(3):
            if link.waiting:
                link.send([])
        assert not link.waiting
        assert carry(link, peer, 6) == b"onetwo"
    assert link.send([b""]) == 0


@pytest.mark.parametrize(
    ("waiting", "room"),
    [
        (0, CAPACITY),
        (CAPACITY - LOW_WATER, LOW_WATER),
        (CAPACITY - LOW_WATER + 1, 0),
        (CAPACITY, 0),
        (CAPACITY * 8, 0),
    ],
)
def test_a_link_that_is_nearly_full_asks_for_nothing(waiting: int, room: int) -> None:
    assert room_beside(waiting) == room


def test_what_the_peer_does_not_take_waits_and_takes_room(pair: Pair) -> None:
    link, peer = pair
    sent = link.send([bytes(LARGE)])
    assert 0 < sent < LARGE
    assert link.waiting
    assert link.room == room_beside(LARGE - sent)
    assert len(carry(link, peer, LARGE)) == LARGE
    assert link.room == CAPACITY


def test_more_can_be_given_while_something_waits(pair: Pair) -> None:
    link, peer = pair
    first, second = numbered(LARGE), numbered(1 << 20)
    link.send([first])
    link.send([second])
    assert carry(link, peer, len(first) + len(second)) == first + second


def test_a_large_body_is_not_copied_when_it_is_sent_in_parts(pair: Pair) -> None:
    link, peer = pair
    body = bytes(LARGE)
    link.send([body])
    tracemalloc.start()
    try:
        while link.waiting:
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            link.send([])
            assert tracemalloc.get_traced_memory()[1] - before < 1 << 20
            peer.take()
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("end", ["close", "abort"])
def test_a_file_that_waits_is_let_go_at_the_end(pair: Pair, tmp_path: Path, end: str) -> None:
    link, _ = pair
    with counted_file(tmp_path, bytes(LARGE)) as file:
        link.send([slice_of(file), b"between", slice_of(file, 5)])
        assert file.slices == 2
        getattr(link, end)()
        assert file.slices == 0


def test_a_file_is_let_go_when_it_was_sent(pair: Pair, tmp_path: Path) -> None:
    link, peer = pair
    with counted_file(tmp_path, b"content") as file:
        link.send([slice_of(file)])
        assert file.slices == 0
        assert carry(link, peer, 7) == b"content"


def test_a_file_is_let_go_when_the_peer_went_away(pair: Pair, tmp_path: Path) -> None:
    link, peer = pair
    with counted_file(tmp_path, bytes(LARGE)) as file:
        link.send([slice_of(file)])
        peer.reset()
        while not link.gone:
            link.send([slice_of(file, 0, 10)])
        assert not link.waiting


def test_a_link_that_is_gone_takes_nothing(pair: Pair, tmp_path: Path) -> None:
    link, peer = pair
    peer.reset()
    while not link.gone:
        link.send([b"x"])
    with counted_file(tmp_path, b"content") as file:
        assert link.send([b"x", slice_of(file)]) == 0
    assert not link.waiting


@pytest.mark.parametrize("left", [0, 100])
def test_a_file_that_shrinks_breaks_the_link_and_sends_nothing_wrong(pair: Pair, tmp_path: Path, left: int) -> None:
    link, peer = pair
    content = numbered(4096)
    with counted_file(tmp_path, content) as file:
        piece = slice_of(file)
        os.truncate(tmp_path / "counted", left)
        link.send([piece, b"behind"])
        if not link.gone:
            link.send([])
        assert "shorter" in link.gone
        assert not link.waiting
        assert peer.take() == content[:left]


def test_after_finish_the_peer_sees_the_end_and_is_still_heard(pair: Pair) -> None:
    link, peer = pair
    link.send([b"last words"])
    link.finish()
    assert carry(link, peer, 10) == b"last words"
    assert peer.take() == b""
    assert peer.ended
    peer.give(b"answer")
    assert received(link) == b"answer"


def test_a_peer_that_ends_is_not_gone_and_still_hears(pair: Pair) -> None:
    link, peer = pair
    peer.give(b"question")
    peer.end()
    assert received(link) == b"question"
    assert received(link) == b""
    assert received(link) == b""
    assert not link.gone
    link.send([b"answer"])
    assert carry(link, peer, 6) == b"answer"


def test_a_reset_is_a_fact(breaking_pair: Pair) -> None:
    link, peer = breaking_pair
    peer.reset()
    assert received(link) == b""
    assert "reset" in link.gone


def test_sending_to_a_peer_that_went_away_is_a_fact(pair: Pair) -> None:
    link, peer = pair
    peer.close()
    for _ in range(3):
        link.send([b"x"])
        received(link)
    assert link.gone
    assert not link.waiting


def test_after_an_abort_the_peer_sees_a_break(breaking_pair: Pair) -> None:
    link, peer = breaking_pair
    link.send([b"part of it"])
    link.abort()
    while not (peer.broken or peer.ended):
        peer.take()
    assert peer.broken


def test_after_a_close_the_peer_sees_the_end(pair: Pair) -> None:
    link, peer = pair
    link.send([b"all of it"])
    link.close()
    got = b""
    while not (peer.broken or peer.ended):
        got += peer.take()
    assert got == b"all of it"
    assert peer.ended


@pytest.mark.parametrize("first", ["close", "abort"])
def test_a_closed_link_can_be_asked_anything(pair: Pair, tmp_path: Path, first: str) -> None:
    link, _ = pair
    getattr(link, first)()
    link.close()
    link.abort()
    link.finish()
    assert link.receive() == b""
    with counted_file(tmp_path, b"content") as file:
        assert link.send([slice_of(file)]) == 0
        assert link.send([b"x"]) == 0
    assert link.gone
    assert not link.waiting


def test_finish_after_the_peer_went_away_is_no_error(pair: Pair) -> None:
    link, peer = pair
    peer.reset()
    received(link)
    link.finish()
    link.close()


def test_the_peer_sees_the_end_though_a_child_of_an_app_holds_the_socket() -> None:
    ours, theirs = socket.socketpair()
    with theirs, ours.dup():
        PlainLink(ours, "", "").close()
        theirs.setblocking(False)
        assert theirs.recv(1) == b""


def test_a_plain_link_does_not_wait() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        link = PlainLink(ours, "", "")
        assert ours.getblocking() is False
        assert link.fd == ours.fileno()
        link.close()


def test_a_piece_that_the_kernel_takes_nothing_of_waits_whole() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                ours.send(bytes(65536))
        link = PlainLink(ours, "", "")
        assert link.send([b"hello"]) == 0
        assert link.waiting
        assert link.room == CAPACITY - 5
        link.close()


def test_where_sendfile_differs_files_are_read_and_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_sendfile", module._sendfile_by_reading)
    content = numbered(400_000)
    with linked("unix") as (link, peer), counted_file(tmp_path, content) as file:
        link.send([b"head", slice_of(file), b"tail"])
        assert carry(link, peer, 400_008) == b"head" + content + b"tail"
        os.truncate(tmp_path / "counted", 10)
        link.send([slice_of(file, 0, 20)])
        link.send([])
        assert "shorter" in link.gone


def test_one_call_gives_the_kernel_a_bounded_share_of_files(tmp_path: Path) -> None:
    ours, theirs = tcp_pair()
    with ours, theirs, counted_file(tmp_path, b"") as file:
        os.truncate(tmp_path / "counted", 8 << 20)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 << 20)
        link = PlainLink(ours, "", "")
        pieces: list[Piece] = [slice_of(file) for _ in range(8)]
        assert link.send(pieces) <= 2 * module.AT_ONCE
        link.close()


class Noting(socket.socket):
    """A socket that notes with which flags it was sent to."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__(connected.family, connected.type, connected.proto, connected.detach())
        self.flags: list[int] = []

    def send(self, data: Any, flags: int = 0, /) -> int:
        self.flags.append(flags)
        return super().send(data, flags)

    def sendmsg(self, buffers: Any, ancillary: Any = (), flags: int = 0, address: Any = None, /) -> int:
        self.flags.append(flags)
        return super().sendmsg(buffers, ancillary, flags)


@pytest.mark.skipif(not hasattr(socket, "MSG_MORE"), reason="the system cannot be told that more follows")
@pytest.mark.parametrize("heads", [1, 2])
def test_a_head_shares_a_packet_with_its_file_and_nothing_waits_for_what_does_not_come(
    heads: int, tmp_path: Path
) -> None:
    ours, theirs = tcp_pair()
    noting = Noting(ours)
    link = PlainLink(noting, "", "")
    with theirs, noting, counted_file(tmp_path, b"content") as file:
        link.send([*[b"head"] * heads, slice_of(file)])
        link.send([*[b"head"] * heads, slice_of(file), b"end"])
        link.send([b"one", b"two"])
        link.send([b"last"])
        assert noting.flags == [socket.MSG_MORE, socket.MSG_MORE, 0, 0, 0]
        expected = (b"head" * heads + b"content") * 2 + b"endonetwolast"
        assert carry(link, SocketPeer(theirs), len(expected)) == expected


def test_little_waits_in_the_system_where_that_is_asked_for() -> None:
    connected, peer = tcp_pair()
    link = PlainLink(connected, "127.0.0.1", "127.0.0.1:80")
    link.shorten()
    if NOT_SENT is not None:
        assert connected.getsockopt(socket.IPPROTO_TCP, NOT_SENT) == SHORT
    peer.close()
    link.close()
    link.shorten()  # which is late, and does no harm
