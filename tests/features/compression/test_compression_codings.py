"""Each coding by its library, at its level; and who asks for what is not there is told how to have it."""

import sys

import pytest
from decoding import CODINGS, decoded, decoder

from pellucid.features.compression.codings import LEVELS, codings_of

TEXT = b"".join(b"line %d of a text\n" % number for number in range(3000))


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("body", [b"", b"x", TEXT, bytes(range(256)) * 300])
def test_a_whole_body_is_decoded_to_what_it_was_again_and_again(name: str, body: bytes) -> None:
    [coding] = codings_of([name], [])
    assert coding.name == name.encode()
    for _ in range(3):
        assert decoder(name)(coding.whole(body)) == body


@pytest.mark.parametrize("name", CODINGS)
def test_what_was_flushed_can_be_decoded_before_the_end(name: str) -> None:
    encoder = codings_of([name], [])[0].begin()
    decode = decoder(name)
    for part in (b"first", b"second", TEXT):
        assert decode(encoder.encode(part) + encoder.flush()) == part
    assert decode(encoder.encode(b"last") + encoder.finish()) == b"last"


@pytest.mark.parametrize("name", CODINGS)
def test_streams_at_the_same_time_do_not_mix(name: str) -> None:
    [coding] = codings_of([name], [])
    one, other = coding.begin(), coding.begin()
    parts = [one.encode(b"one"), other.encode(b"other"), coding.whole(TEXT), one.finish(), other.finish()]
    assert decoded(name, [parts[0], parts[3]]) == b"one"
    assert decoded(name, [parts[1], parts[4]]) == b"other"
    assert decoder(name)(parts[2]) == TEXT


@pytest.mark.parametrize("name", CODINGS)
def test_a_higher_level_makes_a_smaller_body(name: str) -> None:
    least, _, most = LEVELS[name]
    sizes = [len(codings_of([name], [f"{name}={level}"])[0].whole(TEXT)) for level in (least, most)]
    assert sizes[1] < sizes[0]


def test_the_order_is_the_one_that_was_chosen() -> None:
    assert [coding.name for coding in codings_of(["gzip", "br , zstd", "gzip"], [])] == [b"gzip", b"br", b"zstd"]


@pytest.mark.parametrize(
    ("names", "levels", "complaint"),
    [
        (["deflate"], [], "compress: 'deflate' is no coding: write zstd, br, gzip"),
        (["Brotli"], [], "compress: 'Brotli' is no coding (did you mean br?): write"),
        (["zstd,"], [], "compress: '' is no coding"),
        (["gzip"], ["gzip=10"], "compress-level: 'gzip=10' is no level of gzip: they are 1 to 9"),
        (["gzip"], ["gzip"], "compress-level: 'gzip' is no level of gzip"),
        (["br"], ["br=12"], "they are 0 to 11"),
        (["zstd"], ["zstd=-1"], "they are 1 to 22"),
        (["zstd"], ["6"], "compress-level: '6' names no coding: write one such as br=6"),
    ],
)
def test_what_is_wrong_is_told(names: list[str], levels: list[str], complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        codings_of(names, levels)
    assert complaint in str(error.value)


@pytest.mark.parametrize(("name", "modules"), [("zstd", ("backports", "compression")), ("br", ("brotli",))])
def test_a_package_that_is_missing_is_named(
    name: str, modules: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError) as error:
        codings_of([name], [])
    assert str(error.value) == f'compressing by {name} takes a package: pip install "pellucid[compression]"'
