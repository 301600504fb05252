"""Who is a trusted proxy, and who is not."""

import pytest

from pellucid.net.trusted import Trusted, parse_ip

UNIX = "unix:/run/site.sock"


@pytest.mark.parametrize(
    ("texts", "address", "trusted"),
    [
        ((), "127.0.0.1", False),
        (("10.0.0.0/8",), "10.255.0.1", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
        (("10.0.0.0/8",), "::10.1.2.3", False),
        (("::ffff:10.0.0.0/104",), "10.1.2.3", True),
        (("192.0.2.7",), "192.0.2.7", True),
        (("192.0.2.7",), "192.0.2.8", False),
        (("192.0.2.7, 192.0.2.9", "2001:db8::/32"), "192.0.2.9", True),
        (("192.0.2.7,192.0.2.9", "2001:db8::/32"), "2001:db8:1::1", True),
        (("192.0.2.7,192.0.2.9", "2001:db8::/32"), "2001:db9::1", False),
        (("loopback",), "127.8.9.1", True),
        (("loopback",), "::1", True),
        (("loopback",), "10.0.0.1", False),
        (("private",), "127.0.0.1", True),
        (("private",), "172.31.255.255", True),
        (("private",), "172.32.0.0", False),
        (("private",), "fe80::1%eth0", True),
        (("private",), "8.8.8.8", False),
        (("unix",), "127.0.0.1", False),
        (("*",), "8.8.8.8", True),
        (("*",), "2001:db8::1", True),
        (("*",), "no address", False),
        (("*",), "1" * 100, False),
    ],
)
def test_a_network_holds_its_addresses_and_no_others(texts: tuple[str, ...], address: str, trusted: bool) -> None:
    assert Trusted(texts).holds(address) is trusted
    assert Trusted(texts).peer(address, "192.0.2.80:80") is trusted


@pytest.mark.parametrize(
    ("texts", "local", "trusted"),
    [
        (("unix",), UNIX, True),
        (("*",), UNIX, True),
        (("private",), UNIX, False),
        ((), UNIX, False),
        (("unix",), "192.0.2.80:80", False),
    ],
)
def test_a_peer_without_an_address_is_trusted_on_a_unix_socket_only(
    texts: tuple[str, ...], local: str, trusted: bool
) -> None:
    assert Trusted(texts).peer("", local) is trusted


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("10.0.0.1/8", r"'10.0.0.1/8' is no network \(did you mean 10.0.0.0/8\?\): write an address, a network"),
        ("localhost", "'localhost' is no network: write an address"),
        ("10.0.0.0/33", "'10.0.0.0/33' is no network"),
    ],
)
def test_what_is_no_network_is_explained(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Trusted([text])


def test_empty_words_mean_nobody() -> None:
    assert not Trusted(["", " , "]).anybody
    assert Trusted(["unix"]).anybody


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("192.0.2.01", "None"),
        ("192.0.2", "None"),
        ("", "None"),
        ("[::1]", "None"),
        ("192.0.2.1 ", "None"),
    ],
)
def test_an_address_has_one_spelling(text: str, expected: str) -> None:
    assert str(parse_ip(text)) == expected
