"""A body that is compressed while it is pulled is what it was, arrives as it was given, and holds little."""

import os
from pathlib import Path

import pytest
from conversing import Script
from decoding import CODINGS, decoded, decoder, pulled
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import FileChanged, WrongAnswer
from pellucid.features.compression.coded import MOST, PORTION, Coded
from pellucid.features.compression.codings import codings_of
from pellucid.message import END, End, Headers
from pellucid.piece import FileSlice, OpenFile, Portions, Source

ENCODERS = {coding.name.decode(): coding for coding in codings_of(CODINGS, [])}


def coded(name: str, source: Source, declared: int | None = None) -> Coded:
    return Coded(source, ENCODERS[name].begin(), declared, lambda: None)


PIECES = st.lists(st.one_of(st.none(), st.binary(min_size=1, max_size=300), st.just(b"abc" * 1000)), max_size=12)


@pytest.mark.parametrize("name", CODINGS)
@given(pieces=PIECES, limit=st.sampled_from([1, 7, 64, 1 << 20]))
def test_a_client_decodes_what_the_app_has_sent_however_both_are_cut(
    name: str, pieces: list[bytes | None], limit: int
) -> None:
    whole = b"".join(piece for piece in pieces if piece)
    assert decoded(name, pulled(coded(name, Script(*pieces), len(whole)), limit)) == whole


@pytest.mark.parametrize("name", CODINGS)
def test_what_an_app_has_given_arrives_before_it_gives_more(name: str) -> None:
    source = Script(b"one", None, None)
    body, decode = coded(name, source), decoder(name)
    assert decode(b"".join(_for_now(body))) == b"one"
    source.items = [None, b"two", b"three", None, None]
    assert body.pull(100) is None
    assert decode(b"".join(_for_now(body))) == b"twothree"
    assert decode(b"".join(pulled(body))) == b""
    assert body.pull(100) is END


def _for_now(body: Coded) -> list[bytes]:
    pieces = []
    while (piece := body.pull(100)) is not None:
        assert isinstance(piece, bytes)
        pieces.append(piece)
    return pieces


@pytest.mark.parametrize("name", CODINGS)
def test_never_much_is_taken_before_something_goes_out(name: str) -> None:
    # So much of the same is as nothing to an encoder, which would take all of it before it gave a byte.
    source = Portions(bytes(64 * PORTION))
    taken = 0

    class Counted:
        length = None

        def pull(self, limit: int) -> object:
            nonlocal taken
            piece = source.pull(limit)
            taken += len(piece) if isinstance(piece, bytes) else 0
            return piece

        def close(self) -> None:
            source.close()

    body = coded(name, Counted())  # type: ignore[arg-type]  # what it gives is what the other one gives
    before = 0
    while (piece := body.pull(1 << 20)) is not END:
        assert piece
        assert taken - before <= MOST
        before = taken
    assert taken == 64 * PORTION


def test_nothing_is_taken_while_something_waits_to_go_out() -> None:
    source = Script(os.urandom(PORTION), os.urandom(PORTION), b"x")
    body = coded("zstd", source)
    assert body.pull(10)
    pulls = source.pulls
    for _ in range(100):
        assert body.pull(10)
    assert source.pulls == pulls


@pytest.mark.parametrize(("declared", "why"), [(4, "longer than was said"), (6, "1 bytes shorter than was said")])
def test_a_body_of_another_length_than_was_said_is_cut(declared: int, why: str) -> None:
    body = coded("gzip", Script(b"ab", None, b"cde"), declared)
    with pytest.raises(WrongAnswer, match=why):
        pulled(body)


def test_the_trailers_stay_but_for_those_that_tell_of_other_bytes() -> None:
    trailers = Headers([(b"x-a", b"1"), (b"repr-digest", b"sha-256=:AA==:")])
    body = coded("br", Script(b"x", End(trailers)))
    while not isinstance(piece := body.pull(100), End):
        pass
    assert [*piece.trailers] == [(b"x-a", b"1")]


@pytest.mark.parametrize("name", CODINGS)
def test_a_part_of_a_file_is_read_and_let_go_of(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789" * 5000)
    file = OpenFile(os.open(path, os.O_RDONLY))
    source = Script(FileSlice(file, 10, 40_000), b"-", FileSlice(file, 0, 5))
    file.release()
    assert decoded(name, pulled(coded(name, source, 40_006))) == b"0123456789" * 4000 + b"-01234"
    with pytest.raises(ValueError, match="released"):
        file.hold()


def test_a_file_that_became_shorter_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    file = OpenFile(os.open(path, os.O_RDONLY))
    source = Script(FileSlice(file, 0, 11))
    file.release()
    with pytest.raises(FileChanged, match="shorter"):
        pulled(coded("zstd", source))
    with pytest.raises(ValueError, match="released"):
        file.hold()


def test_it_closes_what_it_was_made_of() -> None:
    closed: list[int] = []
    source = Script(b"x")
    Coded(source, ENCODERS["br"].begin(), None, lambda: closed.append(1)).close()
    assert (source.closed, closed) == (1, [1])
