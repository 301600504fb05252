"""What clients offer in lists: read strictly, bounded, and spelled as it was read."""

import pytest

from pellucid.protocol.fields import Broken
from pellucid.protocol.websocket.extensions import Extension, read_extensions, read_subprotocols, spell_extension

EXTENSIONS: list[tuple[bytes, tuple[Extension, ...]]] = [
    (b"foo", (Extension("foo"),)),
    (b"foo, bar", (Extension("foo"), Extension("bar"))),
    (b" , foo ,, bar,", (Extension("foo"), Extension("bar"))),
    (b"", ()),
    (b"foo; a; b=1", (Extension("foo", (("a", None), ("b", "1"))),)),
    (b'foo;a="1"', (Extension("foo", (("a", "1"),)),)),
    (b"foo ; a = 1 , foo", (Extension("foo", (("a", "1"),)), Extension("foo"))),
    (rb'foo; a="\1\2"', (Extension("foo", (("a", "12"),)),)),
    (
        b"permessage-deflate; client_max_window_bits",
        (Extension("permessage-deflate", (("client_max_window_bits", None),)),),
    ),
]


@pytest.mark.parametrize(("value", "extensions"), EXTENSIONS)
def test_extensions_are_read(value: bytes, extensions: tuple[Extension, ...]) -> None:
    assert read_extensions(value) == extensions
    assert read_extensions(b", ".join(map(spell_extension, extensions))) == extensions


@pytest.mark.parametrize(
    "value",
    [
        *[b"fo o", b"foo;", b"foo; =1", b"foo; a=", b'foo; a="', b'foo; a=""', b'foo; a="b c"', b'foo; a="b,c"', b";a"],
        *[b"foo; a b", b"foo; a==b", b'foo; a=b"c"', b"f\xc3\xbc", b'foo; a="\\"', b'foo; a="\\""', b"foo/1"],
    ],
)
def test_extensions_that_are_malformed_are_refused(value: bytes) -> None:
    with pytest.raises(Broken, match=r"\(RFC "):
        read_extensions(value)


def test_lists_are_bounded() -> None:
    assert len(read_extensions(b",".join([b"a"] * 64))) == 64
    for value in (b",".join([b"a"] * 65), b"a" + b";b" * 64, b"," * 100_000):
        with pytest.raises(Broken, match="more than 64"):
            read_extensions(value)
    with pytest.raises(Broken, match="more than 64"):
        read_subprotocols(b",".join(b"%d" % number for number in range(65)))


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (b"chat", ("chat",)),
        (b"chat, superchat", ("chat", "superchat")),
        (b",a ,\tb,", ("a", "b")),
        (b"v1.x+y", ("v1.x+y",)),
    ],
)
def test_subprotocols_are_read_in_their_order(value: bytes, names: tuple[str, ...]) -> None:
    assert read_subprotocols(value) == names


@pytest.mark.parametrize("value", [b"", b",", b"a b", b"a, a", b"a/b", b"\xc3\xbc", b'"a"', b"a=b", b"a;b"])
def test_subprotocols_that_are_no_tokens_are_refused(value: bytes) -> None:
    with pytest.raises(Broken, match=r"\(RFC 6455"):
        read_subprotocols(value)
