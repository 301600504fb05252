"""Sites of a file pellucid.toml for the live tests: what is said of hosts, at a folder, a WSGI and an ASGI app."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from certifying import Authority
from curl import Answer, fetch, fetch_all
from running import Running

KINDS = ("folder", "wsgi", "asgi")
"""What each case is tried on, as the last names of its hosts say: cors.folder.test, cors.wsgi.test and so on."""

WAYS = {
    "h1": ("http", "--http1.1"),
    "h2": ("http", "--http2-prior-knowledge"),
    "tls-h1": ("https", "--http1.1"),
    "tls-h2": ("https", "--http2"),
}
"""How clients come."""

APPS = """
from pathlib import Path

FILES = {path.name: path.read_bytes() for path in Path(__file__).with_name("public").iterdir()}

def answer(path, user):
    if path == "/who":
        return 200, "text/plain", user.encode() or b"nobody"
    found = FILES.get(path.lstrip("/") or "index.html")
    status = 200 if found is not None else 404
    return status, "text/html" if path == "/" else "text/plain", found or b"absent"

def wsgi(environ, start_response):
    status, kind, body = answer(environ["PATH_INFO"], environ.get("REMOTE_USER", ""))
    start_response(f"{status} x", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http")
    user = scope["user"].identity if "user" in scope else ""
    status, kind, body = answer(scope["path"].removeprefix(scope["root_path"]), user)
    fields = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
"""

# The password is `secret`; hashed fast, as no real one should be.
USERS = "alice:$2b$04$OocTvGEHeYnduzSne7KIQuoVN79T/teNgYk8Xrd/CSPHot20VU9uO\n"
DIGESTS = f"alice:this site:{sha256(b'alice:this site:secret').hexdigest()}\n"
GROUPS = "admins: alice\n"

HELLO = b"hello\n"
PAGE = b"<!doctype html><title>Not here</title>"
"""What a browser gets for 404, from the folder pages."""

LARGE = b"".join(b"line %d of a text that is large enough\n" % number for number in range(2000))

SERVES = {"folder": "public", "wsgi": "apps:wsgi", "asgi": "apps:asgi"}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request by curl, and what its answer must have; a field that is None must not be there. A body that is None may
    be any.
    """

    path: str = "/hello.txt"
    options: tuple[str, ...] = ()
    status: int = 200
    fields: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None

    def judge(self, answer: Answer, where: str) -> None:
        """Whether the answer is that."""
        assert answer.status == self.status, (where, answer)
        for name, value in self.fields.items():
            assert answer.fields.get(name) == value, (where, name, answer)
        assert self.body is None or answer.body == self.body, (where, answer)


@dataclass(frozen=True, slots=True)
class Case:
    """What is said of a host in the file, and what is asked of it then, in a row. HOST in the text stands for the name
    of the host, as in [hosts."HOST".paths."/admin"].
    """

    name: str
    text: str
    asks: Sequence[Ask]
    kinds: Sequence[str] = KINDS

    def host(self, kind: str) -> str:
        """Its host for what is served."""
        return f"{self.name}.{kind}.test"

    def spell(self) -> str:
        """Its part of the file."""
        tables = (
            f'[hosts."{host}"]\nserve = "{SERVES[kind]}"\n{self.text.replace("HOST", host)}\n'
            for kind in self.kinds
            for host in (self.host(kind),)
        )
        return "\n".join(tables)


class Sites:
    """A server of all cases in the clear, and one by TLS."""

    def __init__(self, plain: Running, secured: Running, authority: Path) -> None:
        self._ports = {"http": plain.port, "https": secured.port}
        self._authority = authority

    def ask(self, host: str, way: str, *asks: Ask) -> list[Answer]:
        """The answers of a host to requests that come in this way, one after the other."""
        scheme, version = WAYS[way]
        options = (version, "--connect-to", f"::127.0.0.1:{self._ports[scheme]}", "--cacert", str(self._authority))
        requests = [(f"{scheme}://{host}{ask.path}", *options, *ask.options) for ask in asks]
        # Some releases of curl cannot go on with a connection of HTTP/2 in the clear.
        answers = [fetch(*each) for each in requests] if way == "h2" else fetch_all(*requests)
        for ask, answer in zip(asks, answers, strict=True):
            ask.judge(answer, f"{host} by {way}")
        return answers


@contextmanager
def sites_of(cases: Sequence[Case], folder: Path, top: str = "") -> Iterator[Sites]:
    """Serve the cases from a new folder. `top` is what the file says of all of them."""
    (folder / "public").mkdir()
    for name, content in (
        ("index.html", b"<!doctype html><title>x</title>"),
        ("hello.txt", HELLO),
        ("large.txt", LARGE),
    ):
        (folder / "public" / name).write_bytes(content)
    (folder / "apps.py").write_text(APPS)
    for name, text in (("users", USERS), ("digests", DIGESTS), ("groups", GROUPS)):
        (folder / name).write_text(text)
    (folder / "pages").mkdir()
    (folder / "pages" / "404.html").write_bytes(PAGE)
    file = folder / "pellucid.toml"
    file.write_text("\n".join([top, *(case.spell() for case in cases)]))
    authority = Authority(folder)
    pair = authority.pair("localhost", *(f"*.{kind}.test" for kind in KINDS))
    common = ("serve", "--config", str(file), "--bind", "127.0.0.1:0", "--access-log", "off")
    with Running(*common) as plain, Running(*common, "--tls", pair.option) as secured:
        yield Sites(plain, secured, authority.path)
        for server in (plain, secured):
            status, _, errors = server.end()
            assert (status, errors) == (0, ""), errors
