"""The first words of a TLS client are read as far as they are needed, however they come and whatever they hold."""

from __future__ import annotations

import random
import ssl

import pytest

from pellucid.net.hello import Hello, NoHello, parse_hello


def extension(kind: int, content: bytes) -> bytes:
    return kind.to_bytes(2) + sized(content, 2)


def sized(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width) + content


def host(name: bytes, kind: int = 0) -> bytes:
    return extension(0, sized(bytes([kind]) + sized(name, 2), 2))


def message(*extensions: bytes) -> bytes:
    """A hello of these extensions, with its own head."""
    body = b"\3\3" + bytes(32) + sized(b"session", 1) + sized(b"\x13\x01", 2) + sized(b"\0", 1)
    return b"\1" + sized(body + sized(b"".join(extensions), 2), 3)


def record(content: bytes, kind: int = 22) -> bytes:
    return bytes([kind, 3, 1]) + sized(content, 2)


def real(name: str | None, *protocols: str) -> bytes:
    """What OpenSSL says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if protocols:
        context.set_alpn_protocols(protocols)
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (real("Example.COM", "h2", "http/1.1"), Hello("example.com", (b"h2", b"http/1.1"))),
        (real(None), Hello()),
        (record(message()), Hello()),
        (record(message()[:-2]), None),
        (record(message(host(b"a.test"))), Hello("a.test")),
        (record(message(host(b"a.test", kind=1))), Hello()),
        (record(message(host(b""))), Hello()),
        (record(message(host(b"x" * 300))), Hello()),
        (record(message(host("bücher.test".encode()))), Hello()),
        (record(message(host(b"a\0b"))), Hello()),
        (record(message(host(b"a b"))), Hello()),
        (record(message(host(b"a\nb"))), Hello()),
        (record(message(extension(0, b"\0"))), Hello()),
        (record(message(extension(16, sized(sized(b"h2", 1) + b"\x09h", 2)))), Hello("", (b"h2", b"h"))),
        (record(message(extension(51, b"\0"))), Hello()),
        (record(message() + b"\1\0"), Hello()),
        (record(b"\1" + sized(b"\3\3", 3)), Hello()),
        (record(b"\1" + sized(b"\3\3" + bytes(32) + b"\xff", 3)), Hello()),
    ],
)
def test_what_is_read(data: bytes, expected: Hello | None) -> None:
    assert parse_hello(data) == expected


CURVE, FIELD, UNKNOWN = b"\0\x1d", b"\x01\x04", b"\x0a\x0a"


@pytest.mark.parametrize(
    ("groups", "finite"),
    [
        ([], False),
        ([CURVE], False),
        ([FIELD], True),
        ([UNKNOWN], False),
        ([CURVE, FIELD], False),
        ([FIELD, CURVE], False),
        ([UNKNOWN, FIELD], True),
    ],
)
def test_who_names_no_curve_wants_keys_of_finite_fields(groups: list[bytes], finite: bool) -> None:
    assert parse_hello(record(message(extension(10, sized(b"".join(groups), 2))))) == Hello(finite=finite)


@pytest.mark.parametrize(
    ("groups", "finite"),
    [
        ([], False),
        ([CURVE], False),
        ([FIELD], True),
        ([UNKNOWN], False),
        ([CURVE, FIELD], False),
        ([FIELD, CURVE], True),
        ([UNKNOWN, FIELD, CURVE], True),
        ([UNKNOWN, CURVE, FIELD], False),
    ],
)
def test_whose_first_key_is_of_a_finite_field_wants_one(groups: list[bytes], finite: bool) -> None:
    shares = b"".join(group + sized(b"key", 2) for group in groups)
    assert parse_hello(record(message(extension(51, sized(shares, 2))))) == Hello(finite=finite)


def test_a_hello_may_come_byte_by_byte() -> None:
    data = real("example.com", "h2")
    for end in range(len(data)):
        assert parse_hello(data[:end]) is None
    assert parse_hello(data + b"and more") == Hello("example.com", (b"h2",))


@pytest.mark.parametrize("size", [2, 3, 4, 5, 64])
def test_a_hello_may_be_spread_over_records(size: int) -> None:
    whole = message(host(b"a.test"))
    data = b"".join(record(whole[at : at + size]) for at in range(0, len(whole), size))
    assert parse_hello(data) == Hello("a.test")
    assert parse_hello(data[:-1]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x80\x2e\x01\0\2",
        b"\x16\2",
        record(b"\2" + bytes(9)),
        record(message(), kind=23),
        record(message()[:10]) + record(message()[10:], kind=20),
        b"\x16\3\1\x40\1",
        b"\0",
        record(b""),
    ],
)
def test_what_begins_no_handshake_is_refused(data: bytes) -> None:
    with pytest.raises(NoHello, match="no TLS handshake"):
        parse_hello(data)


def test_a_hello_in_so_many_records_is_refused() -> None:
    whole = b"\1" + sized(bytes(1000), 3)
    with pytest.raises(NoHello, match="in more than 64 records"):
        parse_hello(b"".join(record(whole[at : at + 1]) for at in range(100)))


def test_no_bytes_break_it() -> None:
    chance = random.Random(9)
    data = bytearray(real("example.com", "h2", "http/1.1"))
    for _ in range(5000):
        broken = data.copy()
        for _ in range(chance.randrange(1, 6)):
            broken[chance.randrange(9, len(broken))] = chance.randrange(256)
        found = parse_hello(bytes(broken[: chance.choice((len(broken), chance.randrange(len(broken))))]))
        assert found is None or found.server_name.isascii()
