"""Tokens, the word of another service and client certificates, as curl meets them on every kind of app and protocol."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from certifying import Authority
from curl import fetch
from minting import AUDIENCE, FAR, ISSUER, OTHER, RSA, STRANGE, forged, jwks, minted
from running import PATIENCE, Running
from siting import HELLO, KINDS, WAYS, Ask, Case, Sites, sites_of
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

PORTAL = "https://login.example/?back"

WHO = """
import json

async def asgi(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": scope["user"].display_name})
        await send({"type": "websocket.close"})
        return
    if scope["type"] != "http":
        raise RuntimeError("only these")
    length, more = 0, True
    while more:
        part = await receive()
        length, more = length + len(part.get("body", b"")), part.get("more_body")
    told = {
        "length": length,
        "name": scope["user"].display_name,
        "scopes": sorted(scope["auth"].scopes),
        "fields": {name.decode(): value.decode() for name, value in scope["headers"]},
    }
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})

def wsgi(environ, start_response):
    start_response("200 OK", [])
    fields = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    told = {"name": environ.get("REMOTE_USER"), "kind": environ.get("AUTH_TYPE"), "fields": fields}
    return [json.dumps(told).encode()]
"""


class Elsewhere(BaseHTTPRequestHandler):
    """A service that knows users by a cookie, and gives the keys of tokens."""

    protocol_version = "HTTP/1.1"
    keys = ""
    connections = 0
    asked: list[dict[str, str]] = []

    def setup(self) -> None:
        Elsewhere.connections += 1
        super().setup()

    def do_GET(self) -> None:
        who = (self.headers["Cookie"] or "").removeprefix("who=")
        if self.path == "/keys":
            self.tell(200 if self.keys else 500, self.keys.encode())
            return
        Elsewhere.asked.append(dict(self.headers))
        if who == "ada":
            self.tell(200, b"", {"Remote-User": "ada", "Remote-Groups": "admins", "X-Role": "boss"})
        elif who == "broken":
            self.tell(500)
        elif who == "banned":
            self.tell(403, b"banned\n", {"X-Why": "banned"})
        else:
            self.tell(302, b"", {"Location": PORTAL, "Set-Cookie": "state=1"})

    def tell(self, status: int, body: bytes = b"", fields: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(fields or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def elsewhere() -> Iterator[str]:
    """The URL of the service while it runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def token(**claims: Any) -> tuple[str, str]:
    return "-H", f"Authorization: Bearer {minted(exp=FAR, iat=None, **claims).decode()}"


def strange(text: bytes) -> tuple[str, str]:
    return "-H", f"Authorization: Bearer {text.decode()}"


BEARER = f'auth = "bearer"\njwt-issuer = "{ISSUER}"\njwt-audience = "{AUDIENCE}"\n'
FORWARD = 'auth = "forward"\nforward-auth = "%s/verify"\nforward-auth-headers = "X-Role"\n'


def cases(url: str) -> list[Case]:
    challenge = 'Bearer realm="this site"'
    return [
        Case(
            "bearer",
            f'{BEARER}jwt-keys = "keys.json"\n[hosts."HOST".paths."/hello.txt"]\nrequire = "scope:read"\n'
            '[hosts."HOST".paths."/who"]\nserve = "who:asgi"\n[hosts."HOST".paths."/who-wsgi"]\nserve = "who:wsgi"',
            [
                Ask(status=401, fields={"www-authenticate": f'{challenge}, scope="read"'}),
                Ask(options=token(), status=403),
                Ask(options=token(scope="read"), body=HELLO),
                Ask("/none", token(), 404),
                Ask("/none", status=401, fields={"www-authenticate": challenge}),
                Ask(options=strange(minted(STRANGE, exp=FAR)), status=401),
                Ask(options=strange(forged({"alg": "none"})), status=401),
                Ask(options=(*token(), *token()), status=400),
            ],
        ),
        Case("jwks", f'{BEARER}jwt-keys-url = "{url}/keys"', [Ask(options=token(), body=HELLO), Ask(status=401)]),
        Case(
            "forward",
            FORWARD % url + '[hosts."HOST".paths."/who"]\nserve = "who:asgi"\n'
            '[hosts."HOST".paths."/who-wsgi"]\nserve = "who:wsgi"\n'
            '[hosts."HOST".paths."/admins"]\nrequire = "group:admins"\n[hosts."HOST".paths."/staff"]\n'
            'require = "group:staff"',
            [
                Ask(options=("-H", "Cookie: who=ada"), body=HELLO),
                Ask(status=302, fields={"location": PORTAL, "set-cookie": "state=1", "cache-control": "no-store"}),
                Ask(options=("-H", "Cookie: who=banned"), status=403, fields={"x-why": "banned"}, body=b"banned\n"),
                Ask("/admins", ("-H", "Cookie: who=ada"), 404),
                Ask("/staff", ("-H", "Cookie: who=ada"), 403),
                Ask(options=("-H", "Remote-User: ada"), status=302),
                Ask(options=("-I", "-H", "Cookie: who=ada")),
            ],
        ),
    ]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    folder = tmp_path_factory.mktemp("tokens")
    (folder / "keys.json").write_text(jwks(RSA))
    (folder / "who.py").write_text(WHO)
    Elsewhere.keys = jwks(RSA)
    with elsewhere() as url, sites_of(cases(url), folder) as sites:
        yield sites


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", cases(""), ids=lambda case: case.name)
def test_tokens_and_others_words_count_however_clients_come(case: Case, way: str, sites: Sites) -> None:
    for kind in KINDS:
        sites.ask(case.host(kind), way, *case.asks)


@pytest.mark.parametrize("way", WAYS)
def test_apps_are_told_who_it_is(way: str, sites: Sites) -> None:
    (asgi,) = sites.ask("bearer.folder.test", way, Ask("/who", token(scope="read write")))
    told = json.loads(asgi.body)
    assert (told["name"], told["scopes"]) == ("ada", ["authenticated", "read", "write"])
    (wsgi,) = sites.ask("bearer.folder.test", way, Ask("/who-wsgi", token()))
    told = json.loads(wsgi.body)
    assert (told["name"], told["kind"]) == ("ada", "Bearer")


@pytest.mark.parametrize("way", WAYS)
def test_apps_get_the_fields_of_the_service_and_none_of_the_client(way: str, sites: Sites) -> None:
    forging = [f"-H{name}: root" for name in ("Remote-User", "REMOTE-USER", "X-Role", "X_Role", "Remote-Groups")]
    options = ("-H", "Cookie: who=ada", *forging)
    (asgi,) = sites.ask("forward.folder.test", way, Ask("/who", options))
    told = json.loads(asgi.body)
    assert told["name"] == "ada"
    assert {name: value for name, value in told["fields"].items() if name[:6] in ("remote", "x-role", "x_role")} == {
        "remote-user": "ada",
        "remote-groups": "admins",
        "x-role": "boss",
    }
    (wsgi,) = sites.ask("forward.folder.test", way, Ask("/who-wsgi", options))
    told = json.loads(wsgi.body)
    assert (told["name"], told["kind"], told["fields"]["HTTP_X_ROLE"]) == ("ada", "forward", "boss")
    scheme = WAYS[way][0]
    assert Elsewhere.asked[-1]["X-Original-URL"] == f"{scheme}://forward.folder.test/who-wsgi"
    assert Elsewhere.connections < len(Elsewhere.asked)


@pytest.mark.parametrize("way", WAYS)
def test_a_body_waits_until_it_is_known_who_sends_it(way: str, sites: Sites, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(bytes(3_000_000))
    options = ("-H", "Cookie: who=ada", "--data-binary", f"@{tmp_path}/body")
    (answer,) = sites.ask("forward.folder.test", way, Ask("/who", options))
    assert json.loads(answer.body)["length"] == 3_000_000
    (answer,) = sites.ask("forward.folder.test", way, Ask("/who", ("--data-binary", "x"), 302))


CONFIG = """
serve = "who:asgi"
access-log = "{client} {user} {status} {reason}"
"""


def site_of(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "who.py").write_text(WHO)
    (folder / "pellucid.toml").write_text(CONFIG + text)
    return ("serve", "--config", str(folder / "pellucid.toml"), "--bind", "127.0.0.1:0")


def test_the_keys_that_a_url_gives_are_believed_and_no_others(tmp_path: Path) -> None:
    Elsewhere.keys = jwks(RSA)
    (tmp_path / "keys.json").write_text(jwks(RSA))
    with elsewhere() as url, Running(*site_of(tmp_path, f'{BEARER}jwt-keys-url = "{url}/keys"')) as server:
        here = f"http://127.0.0.1:{server.port}/"
        new = strange(minted(OTHER, exp=FAR, iat=None))
        Elsewhere.keys = jwks(OTHER)  # before anybody has asked for them
        assert fetch(here, *new).status == 200
        assert fetch(here, *token()).status == 401
        status, log, errors = server.end()
    assert (status, errors) == (0, "")
    assert log.splitlines() == [
        "127.0.0.1 ada 200 -",
        "127.0.0.1 - 401 the token is not signed by a key that is known here",
    ]


def test_without_keys_and_without_a_service_nobody_passes(tmp_path: Path) -> None:
    with elsewhere() as url:
        gone = url  # nobody listens there any more when this is asked
    text = f'{BEARER}jwt-keys-url = "{gone}/keys"\n[paths."/forward"]\n{FORWARD % gone}'
    with Running(*site_of(tmp_path, text)) as server:
        here = f"http://127.0.0.1:{server.port}"
        for answer in (fetch(f"{here}/", *token()), fetch(f"{here}/forward", "-H", "Cookie: who=ada")):
            assert (answer.status, answer["retry-after"]) == (503, "2")
        status, _, errors = server.end()
    assert status == 0
    assert f"the keys of tokens cannot be had: {gone}/keys does not answer: Connection refused" in errors
    assert f"forward-auth: {gone}/verify does not do what it was asked" in errors


def test_a_websocket_opens_by_the_word_of_the_service_alone(tmp_path: Path) -> None:
    with elsewhere() as url, Running(*site_of(tmp_path, FORWARD % url)) as server:
        here = f"ws://127.0.0.1:{server.port}/"
        with connect(here, additional_headers={"Cookie": "who=ada"}, proxy=None) as socket:
            assert socket.recv(PATIENCE) == "ada"
        with pytest.raises(InvalidStatus) as caught:
            connect(here, additional_headers={"Cookie": "who=banned"}, proxy=None)
        assert caught.value.response.status_code == 403
        status, _, errors = server.end()
    assert (status, errors) == (0, "")


def test_a_service_by_https_is_believed_with_its_certificate_alone(tmp_path: Path) -> None:
    authority, strangers = Authority(tmp_path), Authority(tmp_path, "Strangers")
    site = tmp_path / "site"
    site.mkdir()
    (site / "verify").write_text("")
    pairs = {"ours": authority.pair("localhost"), "other": authority.pair("other.test", file="other")}
    pairs["strange"] = strangers.pair("localhost", file="strange")
    told = {}
    for name, pair in pairs.items():
        service = Running("serve", str(site), "--bind", "127.0.0.1:0", "--tls", pair.option, "--access-log", "off")
        with service as service:
            text = FORWARD % f"https://localhost:{service.port}"
            environment = {"SSL_CERT_FILE": str(authority.path)}
            with Running(*site_of(tmp_path, text), environment=environment) as server:
                told[name] = fetch(f"http://127.0.0.1:{server.port}/").status
    assert told == {"ours": 200, "other": 503, "strange": 503}


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_client_is_whom_its_certificate_names_and_nobody_else(version: str, tmp_path: Path) -> None:
    authority, strangers = Authority(tmp_path), Authority(tmp_path, "Strangers")
    pair, ada = authority.pair("localhost"), authority.pair("Ada", file="ada")
    eve = strangers.pair("Ada", file="eve")
    text = (
        f'auth = "certificate"\nrequire = "user:Ada"\ntls = "{pair.option}"\n'
        f'tls-client-ca = "{authority.path}"\ntls-client = "optional"\n'
    )
    with Running(*site_of(tmp_path, text)) as server:
        here = f"https://localhost:{server.port}/"
        options = (version, "--cacert", str(authority.path))
        known = fetch(here, *options, "--cert", str(ada.certificate), "--key", str(ada.key))
        assert json.loads(known.body)["name"] == "Ada"
        claim = ("-H", "X-Client-Cert: CN=Ada", "-H", "SSL_CLIENT_S_DN: CN=Ada", "-H", "X-SSL-Client-CN: Ada")
        assert fetch(here, *options, *claim).status == 403
        with pytest.raises(AssertionError):  # the handshake fails
            fetch(here, *options, "--cert", str(eve.certificate), "--key", str(eve.key))
        status, _, _ = server.end()
    assert status == 0
