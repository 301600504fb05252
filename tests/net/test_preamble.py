"""The preamble of the PROXY protocol: read whole, byte by byte and with bytes behind it, and refused if it is none."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.net.preamble import LARGEST, SIGNATURE, NoPreamble, Preamble, parse_preamble

BEHIND = [b"", b"GET / HTTP/1.1\r\n", b"\r\n", b"PROXY UNKNOWN\r\n", SIGNATURE, b"\0" * 100]


def version_2(command: int, kind: int, rest: bytes, length: int | None = None) -> bytes:
    size = len(rest) if length is None else length
    return SIGNATURE + bytes([command, kind]) + size.to_bytes(2) + rest


def ends(source: str, destination: str, port: int = 4711, local: int = 443) -> bytes:
    return ip_address(source).packed + ip_address(destination).packed + port.to_bytes(2) + local.to_bytes(2)


FOUR = ends("198.51.100.1", "192.0.2.80")
SIX = ends("2001:db8::1", "2001:db8::80")
TELLS_FOUR = ("198.51.100.1", 4711, "192.0.2.80:443", True)
TELLS_SIX = ("2001:db8::1", 4711, "[2001:db8::80]:443", True)
TELLS_NOTHING = ("", 0, "", False)

WHOLE = [
    (b"PROXY TCP4 198.51.100.1 192.0.2.80 4711 443\r\n", TELLS_FOUR),
    (b"PROXY TCP6 2001:db8::1 2001:DB8:0::80 4711 443\r\n", TELLS_SIX),
    (b"PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n", ("0.0.0.0", 0, "255.255.255.255:65535", True)),
    (b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n", None),
    (b"PROXY UNKNOWN\r\n", TELLS_NOTHING),
    (b"PROXY UNKNOWN " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n", TELLS_NOTHING),
    (version_2(0x21, 0x11, FOUR), TELLS_FOUR),
    (version_2(0x21, 0x21, SIX), TELLS_SIX),
    (version_2(0x21, 0x11, FOUR + b"\x04\x00\x03abc" * 20), TELLS_FOUR),
    (version_2(0x21, 0x21, SIX + bytes(LARGEST - 16 - 36)), TELLS_SIX),
    (version_2(0x21, 0x31, bytes(216)), ("", 0, "unix:", True)),
    (version_2(0x20, 0x00, b""), TELLS_NOTHING),
    (version_2(0x20, 0x11, FOUR), TELLS_NOTHING),
    (version_2(0x20, 0xFF, b"anything"), TELLS_NOTHING),
    (version_2(0x21, 0x00, b""), TELLS_NOTHING),
    (version_2(0x21, 0x00, b"extensions"), TELLS_NOTHING),
]


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize(("data", "told"), WHOLE)
def test_a_preamble_is_read_whole_and_what_stands_behind_is_not(
    data: bytes, told: tuple[str, int, str, bool] | None, behind: bytes
) -> None:
    preamble = parse_preamble(data + behind)
    assert preamble is not None
    assert preamble.size == len(data)
    if told is not None:
        assert preamble[1:] == told


@pytest.mark.parametrize("data", [data for data, _ in WHOLE])
def test_a_preamble_may_come_byte_by_byte(data: bytes) -> None:
    assert [parse_preamble(data[:size]) for size in range(len(data))] == [None] * len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
        b"\r\n\r\nGET",
        b"\r\n\r\n\0\r\nQUIX",
        b"POST / HTTP/1.1\r\n",
        b"PROXX",
        b"PROXY\r\n",
        b"PROXY TCP4\r\n",
        b"proxy tcp4 198.51.100.1 192.0.2.80 4711 443\r\n",
        b"PROXY  TCP4 198.51.100.1 192.0.2.80 4711 443\r\n",
        b"PROXY TCP4 198.51.100.1 192.0.2.80 4711 443 \r\n",
        b"PROXY TCP4 198.51.100.1 192.0.2.80 4711\r\n",
        b"PROXY TCP4 198.51.100.1 192.0.2.80 04711 443\r\n",
        b"PROXY TCP4 198.51.100.1 192.0.2.80 4711 65536\r\n",
        b"PROXY TCP4 198.51.100.1 192.0.2.80 +1 443\r\n",
        b"PROXY TCP4 198.51.100.256 192.0.2.80 4711 443\r\n",
        b"PROXY TCP4 198.51.100.01 192.0.2.80 4711 443\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::80 4711 443\r\n",
        b"PROXY TCP6 198.51.100.1 192.0.2.80 4711 443\r\n",
        b"PROXY TCP6 [2001:db8::1] [2001:db8::80] 4711 443\r\n",
        b"PROXY UDP4 198.51.100.1 192.0.2.80 4711 443\r\n",
        b"PROXY UNKNOWNX\r\n",
        b"PROXY UNKNOWN a\nb\r\n",
        b"PROXY TCP4 198.51.100.1 192.0.2.80 4711 443\n" + b"x" * 100,
        b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
        b"PROXY UNKNOWN " + b"x" * 1000,
        SIGNATURE + b"\x11",
        SIGNATURE + b"\x31",
        SIGNATURE + b"\x22",
        version_2(0x21, 0x11, FOUR[:-1]),
        version_2(0x21, 0x21, FOUR),
        version_2(0x21, 0x12, FOUR),
        version_2(0x21, 0x22, SIX),
        version_2(0x21, 0x31, bytes(215)),
        version_2(0x21, 0x32, bytes(216)),
        version_2(0x21, 0x41, bytes(216)),
        version_2(0x21, 0x10, FOUR),
        version_2(0x21, 0x11, b"", LARGEST - 15),
        version_2(0x20, 0x00, b"", 65535),
    ],
)
def test_what_is_no_preamble_is_refused(data: bytes) -> None:
    with pytest.raises(NoPreamble):
        parse_preamble(data)


def test_nothing_yet_is_no_fault() -> None:
    assert parse_preamble(b"") is None


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(lambda rest: SIGNATURE + rest)), st.integers(0))
def test_any_bytes_are_a_preamble_or_none_and_never_more_than_came(data: bytes, at: int) -> None:
    def outcome(part: bytes) -> Preamble | str | None:
        try:
            return parse_preamble(part)
        except NoPreamble:
            return "refused"

    whole, begun = outcome(data), outcome(data[: at % (len(data) + 1)])
    if isinstance(whole, Preamble):
        assert whole.size <= len(data)
    assert begun is None or begun == whole  # what is judged on a part is judged so on the whole
