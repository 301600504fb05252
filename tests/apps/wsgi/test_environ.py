from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import pytest

from nowhere import Nowhere
from pellucid.apps.wsgi.environ import Environs, key_of, place_of, text_of, variables
from pellucid.apps.wsgi.errors import ErrorStream
from pellucid.apps.wsgi.files import FileWrapper
from pellucid.message import Field, Headers, Request
from pellucid.net.secured import Secured
from pellucid.protocol.fields import KEPT
from pellucid.server.exchange import Exchange
from secured_facts import ANONYMOUS, LEAF, known

HEADERS = Headers([(b"host", b"example.com")])
ERRORS = ErrorStream(lambda text: None)


def exchange_of(request: Request, peer: str = "192.0.2.1") -> Exchange:
    return Exchange(request, Nowhere(peer), 1, 0.0)


def environ_of(exchange: Exchange, length: int | None = None, environs: Environs | None = None) -> dict[str, Any]:
    environs = environs or Environs(ERRORS, True, False)
    return environs(exchange, io.BytesIO(b""), length, None)


def get(target: bytes = b"/", headers: Iterable[Field] = HEADERS, **changed: Any) -> Request:
    path, _, query = target.partition(b"?")
    return Request("GET", target, path, query, b"example.com", Headers(headers), **changed)


def test_an_environ_has_all_that_pep_3333_and_cgi_want() -> None:
    environ = environ_of(exchange_of(get(b"/a%20b/%C3%BC?c=%20d", [*HEADERS, (b"user-agent", b"me")])))
    assert environ.pop("wsgi.input").read() == b""
    assert environ.pop("wsgi.early_hints") is None
    assert environ == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/\xc3\xbc",
        "QUERY_STRING": "c=%20d",
        "RAW_URI": "/a%20b/%C3%BC?c=%20d",
        "REQUEST_URI": "/a%20b/%C3%BC?c=%20d",
        "SERVER_NAME": "192.0.2.2",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "Pellucid",
        "REMOTE_ADDR": "192.0.2.1",
        "REMOTE_PORT": "50000",
        "HTTP_HOST": "example.com",
        "HTTP_USER_AGENT": "me",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": ERRORS,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
    }
    assert type(environ) is dict  # PEP 3333: "must be a builtin Python dictionary"


@pytest.mark.parametrize(
    ("mount", "path", "script_name", "path_info"),
    [
        (b"", b"/x", "/shop", "/x"),
        (b"", b"/shop/x", "/shop", "/x"),
        (b"", b"/shopping", "/shop", "/shopping"),
        (b"/api", b"/api/x", "/shop/api", "/x"),
        (b"/api", b"/api", "/shop/api", ""),
    ],
)
def test_the_root_stands_before_the_mount_whether_or_not_it_was_taken_away(
    mount: bytes, path: bytes, script_name: str, path_info: str
) -> None:
    exchange = exchange_of(get(path))
    if mount:
        exchange.mount = mount
    environ = environ_of(exchange, environs=Environs(ERRORS, True, False, "/shop/"))
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == (script_name, path_info)


def test_an_environ_is_the_app_s_own() -> None:
    environs = Environs(ERRORS, True, False)
    headers = Headers([(b"host", b"example.com")])
    first = environ_of(exchange_of(Request("GET", b"/", b"/", b"", b"", headers)), environs=environs)
    first["HTTP_HOST"] = first["PATH_INFO"] = first["more"] = "changed"
    second = environ_of(exchange_of(Request("GET", b"/", b"/", b"", b"", headers)), environs=environs)
    assert second["HTTP_HOST"] == "example.com"
    assert second["PATH_INFO"] == "/"
    assert "more" not in second


def test_two_apps_that_get_the_same_fields_each_see_their_own_environ() -> None:
    headers = Headers([(b"host", b"example.com")])
    one, other = Environs(ERRORS, True, True), Environs(ERRORS, False, False)
    for environs, multithread in ((one, True), (other, False), (one, True)):
        exchange = exchange_of(Request("GET", b"/", b"/", b"", b"", headers))
        assert environ_of(exchange, environs=environs)["wsgi.multithread"] is multithread


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([(b"accept", b"a"), (b"accept", b"b")], {"HTTP_ACCEPT": "a, b"}),
        ([(b"cookie", b"a=1"), (b"cookie", b"b=2")], {"HTTP_COOKIE": "a=1; b=2"}),
        ([(b"content-type", b"text/plain")], {"CONTENT_TYPE": "text/plain"}),
        ([(b"content-length", b"5")], {"CONTENT_LENGTH": "5"}),
        ([(b"x-latin", b"\xe9")], {"HTTP_X_LATIN": "\xe9"}),
        ([(b"x-real-ip", b"honest"), (b"x_real_ip", b"forged")], {"HTTP_X_REAL_IP": "honest"}),
        ([(b"x_real-ip", b"forged"), (b"x_y", b"forged")], {}),
        ([(b"content_length", b"5"), (b"content_type", b"forged")], {}),
        ([(b"proxy", b"http://evil.example")], {}),
        ([(b"transfer-encoding", b"chunked")], {}),
        ([(b"authorization", b"Basic YTpi")], {"HTTP_AUTHORIZATION": "Basic YTpi"}),
        ([(b"proxy-authorization", b"x")], {"HTTP_PROXY_AUTHORIZATION": "x"}),
    ],
)
def test_fields_become_variables_and_none_can_pass_for_another(fields: list[Field], expected: dict[str, str]) -> None:
    assert variables(Headers(fields)) == expected
    assert variables(Headers([*fields, (b"host", b"x")])) == {**expected, "HTTP_HOST": "x"}


@pytest.mark.parametrize(
    ("name", "key"),
    [(b"accept", "HTTP_ACCEPT"), (b"x-a-b", "HTTP_X_A_B"), (b"x-a_b", ""), (b"proxy", ""), (b"a.b", "HTTP_A.B")],
)
def test_the_key_of_a_field(name: bytes, key: str) -> None:
    assert key_of(name) == key


def test_fields_that_were_seen_are_remembered_within_bounds_and_without_secrets() -> None:
    cache = variables.__globals__["_variable"].__self__
    cache.clear()
    variables(Headers([(b"cookie", b"secret=1"), (b"authorization", b"Basic x"), (b"accept", b"*/*")]))
    assert list(cache) == [(b"accept", b"*/*")]
    for number in range(KEPT + 10):
        variables(Headers([(b"x-number", b"%d" % number)]))
        assert len(cache) <= KEPT
    cache.clear()
    variables(Headers([(b"x-long", b"x" * 1000)]))
    assert not cache


@pytest.mark.parametrize(
    ("mount", "path", "script_name", "path_info"),
    [
        (b"", b"/a", "", "/a"),
        (b"", b"/", "", "/"),
        (b"/app", b"/app", "/app", ""),
        (b"/app", b"/app/", "/app", "/"),
        (b"/a%20b", b"/a%20b/c%2Fd", "/a b", "/c/d"),
        (b"", b"*", "", ""),
        (b"", b"/%ff%00%zz", "", "/\xff\x00%zz"),
    ],
)
def test_the_path_is_parted_by_the_mount(mount: bytes, path: bytes, script_name: str, path_info: str) -> None:
    exchange = exchange_of(get(path))
    exchange.mount = mount
    environ = environ_of(exchange)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["RAW_URI"]) == (
        script_name,
        path_info,
        path.decode("latin-1"),
    )


def test_the_length_of_a_chunked_body_is_told_once_it_is_known() -> None:
    assert "CONTENT_LENGTH" not in environ_of(exchange_of(get()))
    assert environ_of(exchange_of(get()), 17)["CONTENT_LENGTH"] == "17"


@pytest.mark.parametrize(
    ("changed", "key", "value"),
    [
        ({"version": "1.0"}, "SERVER_PROTOCOL", "HTTP/1.0"),
        ({"version": "2"}, "SERVER_PROTOCOL", "HTTP/2.0"),
        ({"scheme": b"https"}, "wsgi.url_scheme", "https"),
        ({"scheme": b"https"}, "HTTPS", "on"),
    ],
)
def test_what_the_request_says_of_itself(changed: dict[str, Any], key: str, value: str) -> None:
    assert environ_of(exchange_of(get(**changed)))[key] == value


def tls_variables(
    secured: Secured | None, scheme: bytes = b"https", headers: Iterable[Field] = HEADERS
) -> dict[str, str]:
    exchange = Exchange(get(headers=headers, scheme=scheme), Nowhere(secured=secured), 1, 0.0)
    return {key: value for key, value in environ_of(exchange).items() if key.startswith(("SSL", "HTTPS"))}


def test_an_environ_tells_what_tls_has_settled() -> None:
    assert tls_variables(known()) == {
        "HTTPS": "on",
        "SSL_PROTOCOL": "TLSv1.2",
        "SSL_CIPHER": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "SSL_TLS_SNI": "example.com",
        "SSL_CLIENT_VERIFY": "SUCCESS",
        "SSL_CLIENT_S_DN": "CN=Ada,O=Engines",
        "SSL_CLIENT_I_DN": "CN=Root",
        "SSL_CLIENT_M_SERIAL": "1F",
        "SSL_CLIENT_CERT": LEAF,
    }


def test_a_client_without_a_certificate_is_not_verified() -> None:
    assert tls_variables(ANONYMOUS) == {
        "HTTPS": "on",
        "SSL_PROTOCOL": "TLSv1.3",
        "SSL_CIPHER": "TLS_AES_256_GCM_SHA384",
        "SSL_TLS_SNI": "example.com",
        "SSL_CLIENT_VERIFY": "NONE",
    }


def test_a_name_beyond_latin_1_stands_as_its_bytes() -> None:
    name = tls_variables(known("CN=\u674e"))["SSL_CLIENT_S_DN"]
    assert name.encode("latin-1").decode() == "CN=\u674e"


@pytest.mark.parametrize(
    ("secured", "scheme", "told"),
    [
        pytest.param(None, b"http", {}, id="in the clear"),
        pytest.param(None, b"https", {"HTTPS": "on"}, id="a proxy in front speaks TLS with the client"),
        pytest.param(ANONYMOUS, b"http", {}, id="a proxy in front speaks TLS with us alone"),
    ],
)
def test_no_header_field_passes_for_a_fact_of_tls(secured: Secured | None, scheme: bytes, told: dict[str, str]) -> None:
    names = ("https", "ssl-client-verify", "ssl_client_verify", "ssl-client-s-dn", "ssl_client_s_dn", "ssl-protocol")
    assert tls_variables(secured, scheme, [*HEADERS, *((name.encode(), b"on") for name in names)]) == told


def test_what_tls_has_settled_on_one_connection_is_not_told_on_another() -> None:
    environs = Environs(ERRORS, True, False)
    for secured, scheme, told in ((known(), b"https", True), (None, b"http", False)):
        exchange = Exchange(
            Request("GET", b"/", b"/", b"", b"", HEADERS, scheme=scheme), Nowhere(secured=secured), 1, 0.0
        )
        environ = environ_of(exchange, environs=environs)
        assert ("SSL_CLIENT_S_DN" in environ, "HTTPS" in environ) == (told, told)


def test_a_client_without_an_address_has_an_empty_one() -> None:
    exchange = exchange_of(get(), peer="")
    exchange.peer, exchange.peer_port = "", 0
    environ = environ_of(exchange)
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("", "")


@pytest.mark.parametrize(
    ("local", "scheme", "place"),
    [
        ("127.0.0.1:8000", b"http", ("127.0.0.1", "8000")),
        ("[::1]:8000", b"http", ("::1", "8000")),
        ("unix:/run/site.sock", b"http", ("localhost", "80")),
        ("unix:/run/site.sock:5", b"https", ("localhost", "443")),
        ("", b"http", ("localhost", "80")),
    ],
)
def test_a_server_has_a_name_and_a_port_that_are_never_empty(local: str, scheme: bytes, place: tuple[str, str]) -> None:
    assert place_of(local, scheme) == place


@pytest.mark.parametrize(("path", "text"), [(b"/a", "/a"), (b"/%41", "/A"), (b"/%C3%BC", "/\xc3\xbc"), (b"/%", "/%")])
def test_a_path_as_text(path: bytes, text: str) -> None:
    assert text_of(path) == text
