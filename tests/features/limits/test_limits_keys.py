"""What a request counts for: whoever is in front of it, and never so much text that memory fills."""

import pytest

from nowhere import Nowhere
from pellucid.features.limits.keys import key_of
from pellucid.message import Field, Headers, Request
from pellucid.server.exchange import Exchange
from pellucid.user import User


def asked(*fields: Field, peer: str = "192.0.2.1", host: bytes = b"example.com", user: str = "") -> Exchange:
    exchange = Exchange(Request("GET", b"/", b"/", b"", host, Headers(fields)), Nowhere(peer), 1, 0.0)
    if user:
        exchange.user = User(user, "Basic")
    return exchange


@pytest.mark.parametrize(
    ("who", "one", "other", "same"),
    [
        ("address", asked(), asked(), True),
        ("address", asked(), asked(peer="192.0.2.2"), False),
        ("address", asked(peer="2001:db8::1"), asked(peer="2001:db8::ffff:1"), True),
        ("address", asked(peer="2001:db8::1"), asked(peer="2001:db8:0:1::1"), False),
        ("address", asked(peer=""), asked(peer=""), True),
        ("user", asked(user="a"), asked(user="a", peer="192.0.2.2"), True),
        ("user", asked(user="a"), asked(user="b"), False),
        ("user", asked(user="a"), asked(), False),
        ("user", asked(), asked(), True),
        ("user", asked(user="192.0.2.1"), asked(), False),
        ("host", asked(host=b"Example.com:80"), asked(host=b"example.COM."), True),
        ("host", asked(host=b"[::1]:80"), asked(host=b"[::1]"), True),
        ("host", asked(host=b"a.example"), asked(host=b"b.example"), False),
        ("all", asked(), asked(peer="192.0.2.2"), True),
        ("header:X-Key", asked((b"x-key", b"1")), asked((b"x-key", b"1"), peer="192.0.2.2"), True),
        ("header:X-Key", asked((b"x-key", b"1")), asked((b"x-key", b"2")), False),
        ("header:X-Key", asked(), asked(), True),
        ("header:X-Key", asked(), asked((b"x-key", b"")), True),
        ("header:X-Key", asked(), asked(peer="192.0.2.2"), False),
        ("header:X-Key", asked((b"x-key", b"192.0.2.1")), asked(), False),
    ],
)
def test_requests_count_together_or_apart(who: str, one: Exchange, other: Exchange, same: bool) -> None:
    key = key_of(who)
    assert (key(one) == key(other)) is same


def test_a_long_name_takes_no_more_memory_than_a_short_one() -> None:
    key = key_of("header:X-Key")
    assert len(key(asked((b"x-key", b"a" * 8000)))) < 50
    assert key(asked((b"x-key", b"a" * 8000))) != key(asked((b"x-key", b"a" * 8001)))
    assert len(key_of("user")(asked(user="\udcff" * 1000))) < 50


@pytest.mark.parametrize("who", ["", "ip", "header", "header:", "header:a b", "header:\u00e4", "cookie:x"])
def test_what_cannot_be_counted_by_is_explained(who: str) -> None:
    with pytest.raises(ValueError, match=r"write address, user, host, header:NAME or all$"):
        key_of(who)
