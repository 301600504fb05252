"""A trusted proxy is believed about its client, one hop after the other; what anybody else says is taken out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nowhere import Nowhere
from pellucid.features.forwarded import (
    FAMILIES,
    MOST_HOPS,
    ForwardedSettings,
    forwarded_feature,
    strip,
    walk,
)
from pellucid.message import Field, Headers, Request
from pellucid.net.trusted import ProxySettings, Trusted, parse_ip
from pellucid.protocol.fields import Broken
from pellucid.server.exchange import Exchange

PROXY = "192.0.2.1"
PORT = Nowhere.peer_port
PLAIN = [(b"host", b"inner"), (b"accept", b"*/*")]
SPOKEN = [
    (b"forwarded", b"for=198.51.100.1"),
    (b"x-forwarded-for", b"198.51.100.1"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"evil.example"),
    (b"x-forwarded-user", b"root"),
    (b"x-real-ip", b"198.51.100.1"),
    (b"x_forwarded_for", b"198.51.100.1"),
    (b"x-forwarded_proto", b"https"),
    (b"x_real_ip", b"198.51.100.1"),
    (b"forwarded", b"for=198.51.100.2"),
]


def asked(
    *fields: Field,
    trusted: tuple[str, ...] = ("192.0.2.0/24",),
    family: str = "x-forwarded",
    peer: str = PROXY,
    method: str = "GET",
) -> Exchange:
    """An exchange after the feature was asked; the fields come after those of PLAIN."""
    exchange = Exchange(Request(method, b"/", b"/", b"", b"inner", Headers([*PLAIN, *fields])), Nowhere(peer), 1, 0.0)
    feature = forwarded_feature(ProxySettings(trusted), ForwardedSettings(family))
    assert feature.ask is not None
    feature.ask(exchange)
    return exchange


def believed(*fields: Field, **options: Any) -> tuple[str, int, bytes, bytes]:
    """The client's address and port, the scheme and the authority."""
    exchange = asked(*fields, **options)
    assert not exchange.answered, exchange.why
    assert exchange.request.headers.get(b"host") == exchange.request.authority
    assert len(exchange.request.headers.all(b"host")) == 1
    return exchange.peer, exchange.peer_port, exchange.request.scheme, exchange.request.authority


def refused(*fields: Field, **options: Any) -> str:
    exchange = asked(*fields, **options)
    assert exchange.status == 400
    assert exchange.why in str(exchange.body)
    return exchange.why


# Whom nobody trusts


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("trusted", "peer"), [((), PROXY), (("192.0.2.7",), PROXY), (("unix", "10.0.0.0/8"), PROXY), (("loopback",), "")]
)
def test_from_anybody_else_it_is_taken_out(trusted: tuple[str, ...], peer: str, family: str) -> None:
    exchange = asked(*SPOKEN, (b"x-request-id", b"abc"), trusted=trusted, family=family, peer=peer)
    assert list(exchange.request.headers) == [*PLAIN, (b"x-request-id", b"abc")]
    assert (exchange.peer, exchange.request.scheme, exchange.request.authority) == (peer, b"http", b"inner")
    assert exchange.request_id != "abc"
    assert not exchange.answered


def test_fields_that_are_in_order_stay_the_same_object() -> None:
    headers = Headers(PLAIN)
    for _ in range(2):
        exchange = Exchange(Request("GET", b"/", b"/", b"", b"", headers), Nowhere(), 1, 0.0)
        strip(exchange)
        assert exchange.request.headers is headers


def test_what_others_note_on_fields_that_come_again_stays() -> None:
    headers = Headers(PLAIN)
    note = object()
    exchange = Exchange(Request("GET", b"/", b"/", b"", b"", headers), Nowhere(), 1, 0.0)
    strip(exchange)
    headers.memo = note
    strip(exchange)
    assert headers.memo is note


def test_fields_that_are_not_are_taken_out_each_time() -> None:
    headers = Headers([*PLAIN, *SPOKEN])
    for _ in range(2):
        exchange = Exchange(Request("GET", b"/", b"/", b"", b"", headers), Nowhere(), 1, 0.0)
        strip(exchange)
        assert list(exchange.request.headers) == PLAIN


def test_names_that_only_resemble_stay() -> None:
    fields = [(b"x-forwarded", b"1"), (b"forwarded-for", b"1"), (b"x-real-ip-", b"1"), (b"x" * 200, b"1")]
    assert list(asked(*fields, trusted=()).request.headers) == [*PLAIN, *fields]


# X-Forwarded


@pytest.mark.parametrize(
    ("value", "client"),
    [
        (b"198.51.100.1", ("198.51.100.1", 0)),
        (b"198.51.100.1:4711", ("198.51.100.1", 4711)),
        (b"2001:db8::1", ("2001:db8::1", 0)),
        (b"[2001:DB8:0::1]", ("2001:db8::1", 0)),
        (b"[2001:db8::1]:4711", ("2001:db8::1", 4711)),
        (b"::ffff:198.51.100.1", ("198.51.100.1", 0)),
        (b"10.0.0.1, 203.0.113.9, 198.51.100.1", ("198.51.100.1", 0)),
        (b"203.0.113.9,198.51.100.1 ,192.0.2.5, 192.0.2.6", ("198.51.100.1", 0)),
        (b"192.0.2.4, 192.0.2.5", ("192.0.2.4", 0)),
        (b"\x22<script>, 198.51.100.1", ("198.51.100.1", 0)),
        (b"198.51.100.1, ,", ("198.51.100.1", 0)),
        (b"unknown", ("", 0)),
        (b"198.51.100.1, unknown", ("", 0)),
        (b"198.51.100.1, _hidden", ("", 0)),
        (b"198.51.100.1, _hidden:_port, 192.0.2.5", ("", 0)),
        (b"", (PROXY, PORT)),
        (b",", (PROXY, PORT)),
    ],
)
def test_the_first_untrusted_hop_from_the_right_is_the_client(value: bytes, client: tuple[str, int]) -> None:
    assert believed((b"x-forwarded-for", value))[:2] == client


def test_duplicate_lines_are_one_list() -> None:
    fields = [(b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"192.0.2.5")]  # fmt: skip  # noqa: E501
    assert believed(*fields)[0] == "198.51.100.1"


def test_where_everybody_is_trusted_the_furthest_hop_is_the_client() -> None:
    assert believed((b"x-forwarded-for", b"198.51.100.1, 203.0.113.9"), trusted=("*",))[0] == "198.51.100.1"


@pytest.mark.parametrize(
    "value",
    [
        b"198.51.100.256", b"198.51.100", b"198.51.100.1:", b"198.51.100.1:65536", b"198.51.100.1:123456", b"localhost",
        b"[198.51.100.1]", b"[2001:db8::1", b"2001:db8::1]", b"[::1]x", b"::1%eth0", b"1:2", b"198.51.100.1;x", b"\xff",
        b"\x22198.51.100.1\x22", b"_", b"unknown:x", b"for=198.51.100.1", b"198.51.100.01", b"_" + b"a" * 100,
    ],
)  # fmt: skip
def test_where_a_trusted_proxy_must_have_written_garbage_is_refused(value: bytes) -> None:
    for left in (b"", b"203.0.113.9, "):
        assert (
            refused((b"x-forwarded-for", left + value)) == "a trusted proxy tells an address that is none (RFC 7239 6)"
        )
    with pytest.raises(Broken):
        walk([value], Trusted(["192.0.2.0/24"]))


@pytest.mark.parametrize(("trusted", "client"), [(("192.0.2.0/24", "unix"), "198.51.100.1"), (("192.0.2.0/24",), "")])
def test_a_hop_over_a_unix_socket_is_passed_where_such_are_trusted(trusted: tuple[str, ...], client: str) -> None:
    assert believed((b"x-forwarded-for", b"10.0.0.1, 198.51.100.1, unix:"), trusted=trusted)[0] == client


def test_so_many_proxies_may_stand_in_a_row() -> None:
    assert believed((b"x-forwarded-for", b", ".join([b"192.0.2.5"] * MOST_HOPS)))[0] == "192.0.2.5"
    assert "proxies in a row" in refused((b"x-forwarded-for", b", ".join([b"192.0.2.5"] * (MOST_HOPS + 1))))


@pytest.mark.parametrize(
    ("nodes", "proto", "scheme"),
    [
        (b"", b"https", b"https"),
        (b"198.51.100.1", b"https", b"https"),
        (b"198.51.100.1", b"HTTP", b"http"),
        (b"198.51.100.1", b"wss", b"https"),
        (b"198.51.100.1", b"https, http", b"http"),
        (b"198.51.100.1, 192.0.2.5", b"https, http", b"https"),
        (b"198.51.100.1, 192.0.2.5", b"https", b"https"),
        (b"198.51.100.1, 192.0.2.5", b"https, http, http", b"http"),
        (b"198.51.100.1", b"", b"http"),
    ],
)
def test_of_schemes_as_many_are_believed_as_hops(nodes: bytes, proto: bytes, scheme: bytes) -> None:
    fields = [(b"x-forwarded-for", nodes), (b"x-forwarded-proto", proto)]
    assert believed(*fields)[2] == scheme


def test_a_scheme_of_another_kind_is_refused() -> None:
    why = "a trusted proxy tells a scheme that is neither http nor https (RFC 7239 5.4)"
    assert refused((b"x-forwarded-proto", b"javascript")) == why


@pytest.mark.parametrize(
    ("fields", "authority"),
    [
        ([(b"x-forwarded-host", b"example.com")], b"example.com"),
        ([(b"x-forwarded-host", b"example.com:8443")], b"example.com:8443"),
        ([(b"x-forwarded-host", b"evil.example, example.com")], b"example.com"),
        ([(b"x-forwarded-host", b"example.com"), (b"x-forwarded-port", b"8443")], b"example.com:8443"),
        ([(b"x-forwarded-host", b"[::1]"), (b"x-forwarded-port", b"8443")], b"[::1]:8443"),
        ([(b"x-forwarded-host", b"example.com:1"), (b"x-forwarded-port", b"8443")], b"example.com:1"),
        ([(b"x-forwarded-host", b"example.com"), (b"x-forwarded-port", b"443"), (b"x-forwarded-proto", b"https")], b"example.com"),  # noqa: E501
        ([(b"x-forwarded-port", b"8443")], b"inner"),
    ],
)  # fmt: skip
def test_a_host_is_believed_where_that_is_asked_for(fields: list[Field], authority: bytes) -> None:
    assert believed(*fields, family="x-forwarded-host")[3] == authority
    assert believed(*fields, family="x-forwarded")[3] == b"inner"


@pytest.mark.parametrize(
    "fields",
    [
        [(b"x-forwarded-host", b"example.com/path")],
        [(b"x-forwarded-host", b"me@example.com")],
        [(b"x-forwarded-host", b"example.com"), (b"x-forwarded-port", b"x")],
        [(b"x-forwarded-host", b"example.com"), (b"x-forwarded-port", b"99999")],
    ],
)
def test_a_host_that_is_none_is_refused(fields: list[Field]) -> None:
    assert refused(*fields, family="x-forwarded-host").startswith("the host that a trusted proxy tells ")


def test_the_target_of_connect_stays() -> None:
    exchange = asked((b"x-forwarded-host", b"example.com"), family="x-forwarded-host", method="CONNECT")
    assert exchange.request.authority == b"inner"


def test_an_app_sees_of_x_forwarded_what_was_believed() -> None:
    exchange = asked(
        *SPOKEN[:1],
        (b"x-forwarded-for", b"10.0.0.1, 198.51.100.1, 192.0.2.5"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"evil.example"),
        (b"x-forwarded-user", b"alice"),
        *SPOKEN[5:],
        family="x-forwarded",
    )
    assert list(exchange.request.headers) == [
        *PLAIN,
        (b"x-forwarded-user", b"alice"),
        (b"x-forwarded-for", b"198.51.100.1, 192.0.2.5"),
        (b"x-forwarded-proto", b"https"),
        (b"x-real-ip", b"198.51.100.1"),
    ]


# Forwarded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"for=198.51.100.1", ("198.51.100.1", 0, b"http", b"inner")),
        (b'For="[2001:db8:cafe::17]:4711"', ("2001:db8:cafe::17", 4711, b"http", b"inner")),
        (b"for=198.51.100.1;proto=https;by=203.0.113.43", ("198.51.100.1", 0, b"https", b"inner")),
        (b'for=198.51.100.1; host="example.com:8443"', ("198.51.100.1", 0, b"http", b"example.com:8443")),
        (b"for=203.0.113.9;host=evil.example, for=198.51.100.1", ("198.51.100.1", 0, b"http", b"inner")),
        (
            b'for=198.51.100.1;proto=https;host=example.com, for="192.0.2.5";proto=http;host=middle',
            ("198.51.100.1", 0, b"https", b"example.com"),
        ),
        (b"for=198.51.100.1, for=192.0.2.5;proto=https", ("198.51.100.1", 0, b"https", b"inner")),
        (b"for=198.51.100.1, for=unknown", ("", 0, b"http", b"inner")),
        (b"for=198.51.100.1, for=_SEVKISEK", ("", 0, b"http", b"inner")),
        (b"for=198.51.100.1, proto=https", ("", 0, b"https", b"inner")),
        (rb'for="198.51.100\.1"', ("198.51.100.1", 0, b"http", b"inner")),
        (b'for=198.51.100.1;ext="a, b; for=10.0.0.1"', ("198.51.100.1", 0, b"http", b"inner")),
        (b"", (PROXY, PORT, b"http", b"inner")),
        (b"for=198.51.100.1;", ("198.51.100.1", 0, b"http", b"inner")),
    ],
)
def test_elements_of_forwarded_are_read_as_rfc_7239_says(value: bytes, expected: tuple[Any, ...]) -> None:
    assert believed((b"forwarded", value), family="forwarded") == expected


@pytest.mark.parametrize(
    "value",
    [
        b'for="_x, for=198.51.100.1',
        b'for=", for="[2001:db8::1]:80"',
        b'for=1.1.1.1;x=", for="198.51.100.1";proto=http',
        b"198.51.100.1",
        b"for = 198.51.100.1",
        b"for=198.51.100.1;for=10.0.0.1",
        b"for=198.51.100.1:80",
        b"for=[2001:db8::1]",
        b"for=example.com",
        b"for=",
        b"for=198.51.100.1;host=a/b",
        b"for=198.51.100.1;proto=ftp",
    ],
)
def test_a_forwarded_that_cannot_be_read_is_refused(value: bytes) -> None:
    assert refused((b"forwarded", value), family="forwarded")


def test_an_app_sees_of_forwarded_what_was_believed() -> None:
    exchange = asked(
        (b"forwarded", b"for=10.0.0.1, for=198.51.100.1;proto=https"),
        (b"forwarded", b"for=192.0.2.5"),
        *SPOKEN[1:9],
        family="forwarded",
    )
    assert list(exchange.request.headers) == [*PLAIN, (b"forwarded", b"for=198.51.100.1;proto=https, for=192.0.2.5")]


# The rest


def test_where_no_field_is_believed_all_are_taken_out_of_a_trusted_request_too() -> None:
    exchange = asked(*SPOKEN, family="off")
    assert list(exchange.request.headers) == PLAIN
    assert exchange.peer == PROXY


def test_a_proxy_that_says_nothing_is_the_client_itself() -> None:
    assert believed() == (PROXY, PORT, b"http", b"inner")


def test_a_proxy_on_a_unix_socket_is_trusted_by_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Nowhere, "local", "unix:/run/site.sock")
    assert believed((b"x-forwarded-for", b"198.51.100.1"), trusted=("unix",), peer="")[0] == "198.51.100.1"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"7f3a-9b.c_d", "7f3a-9b.c_d"),
        (b"a" * 128, "a" * 128),
        (b"a" * 129, None),
        (b"a b", None),
        (b'a"', None),
        (b"a\xff", None),
        (b"", None),
        (b"a, b", None),
    ],
)
def test_a_request_keeps_the_name_that_a_trusted_proxy_gave_it(value: bytes, name: str | None) -> None:
    given = asked((b"x-request-id", value)).request_id
    assert given == name if name is not None else given != value.decode("latin-1")


NODES = st.sampled_from(
    [b"198.51.100.1", b"192.0.2.5", b"[2001:db8::1]:80", b"unknown", b"_x", b"unix:", b"for=", b'"', b";", b", "]
)


@given(
    st.sampled_from(FAMILIES),
    st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in SPOKEN]),
            st.one_of(st.binary(max_size=40), st.lists(NODES).map(b"".join), st.lists(NODES).map(b", ".join)),
        ),
        max_size=6,
    ),
)
def test_whatever_is_said_is_understood_or_refused(family: str, fields: list[Field]) -> None:
    exchange = asked(*fields, family=family)
    assert exchange.status in (0, 400)
    if not exchange.answered:
        assert exchange.peer == "" or parse_ip(exchange.peer) is not None
        assert exchange.request.scheme in (b"http", b"https")
        assert not any(b"_" in name for name, _ in exchange.request.headers)


def test_a_hostile_list_costs_little() -> None:
    assert believed((b"x-forwarded-for", b"," * 30_000 + b"198.51.100.1"))[0] == "198.51.100.1"
    assert refused((b"forwarded", b'for="' * 6_000), family="forwarded")


@pytest.mark.parametrize(
    ("proxies", "settings", "complaint"),
    [
        (ProxySettings(("nonsense",)), ForwardedSettings(), "'nonsense' is no network"),
        (ProxySettings(), ForwardedSettings("x"), "unknown family of fields 'x' for forwarded: it is x-forwarded, x-f"),
    ],
)
def test_what_cannot_be_understood_is_explained(
    proxies: ProxySettings, settings: ForwardedSettings, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        forwarded_feature(proxies, settings)
