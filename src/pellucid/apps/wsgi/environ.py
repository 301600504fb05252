"""The environ of PEP 3333: a request as CGI knew it (RFC 3875), with text that is bytes read as latin-1."""

from __future__ import annotations

import sys
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from pellucid.apps.wsgi.errors import ErrorStream
from pellucid.apps.wsgi.files import FileWrapper
from pellucid.message import Field, Headers
from pellucid.net.secured import Secured
from pellucid.protocol.fields import KEPT, KEPT_LENGTH, SECRET, remember
from pellucid.server.exchange import Exchange

Environ = dict[str, Any]

PLACES = 256
"""How many local addresses are kept taken apart."""

# RFC 3875 4.1.2, 4.1.3: these have names of their own.
PLAIN = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}

# `proxy` would be the variable that tells HTTP clients which proxy to use (CVE-2016-5385). The transfer coding has been
# taken off when the app gets the body.
NEVER = (b"proxy", b"transfer-encoding")


CHANGING = {
    **dict.fromkeys(("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "RAW_URI", "REQUEST_URI"), ""),
    **dict.fromkeys(("SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "REMOTE_PORT", "wsgi.input"), ""),
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
    "wsgi.early_hints": None,
}
"""What differs from request to request, with what it is most often."""


def key_of(name: bytes) -> str:
    """The key of a field, empty for one that an app must not see.

    With a dash or with an underscore a name would have the same key, so that a client could pass for a proxy that
    speaks in dashes. Those with underscores are dropped, as nginx does.
    """
    if name in NEVER or b"_" in name:
        return ""
    return PLAIN.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


class Known(dict[str, Any]):
    """What is the same whenever these header fields come again; kept as the memo of their Headers."""

    __slots__ = ("owner",)

    def __init__(self, owner: Environs, items: dict[str, Any]) -> None:
        super().__init__(items)
        self.owner = owner


class Environs:
    """Makes environs for one app. `root` is the path under which whoever stands in front shows it."""

    __slots__ = ("_always", "_places", "_root")

    def __init__(self, errors: ErrorStream, multithread: bool, multiprocess: bool, root: str = "") -> None:
        self._root = root.rstrip("/").encode()
        # All keys that there will be: a copy that need not grow costs half.
        self._always: Environ = {
            **CHANGING,
            "SCRIPT_NAME": text_of(self._root),
            "SERVER_SOFTWARE": "Pellucid",
            "wsgi.version": (1, 0),
            "wsgi.errors": errors,
            "wsgi.multithread": multithread,
            "wsgi.multiprocess": multiprocess,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
        }
        self._places = _Places()

    def __call__(self, exchange: Exchange, body: BinaryIO, length: int | None, early_hints: Any) -> Environ:
        """The environ of a request, whose body is `length` bytes long where its head did not say it."""
        request = exchange.request
        known = request.headers.memo
        if type(known) is not Known or known.owner is not self:
            known = request.headers.memo = Known(self, {**self._always, **variables(request.headers)})
        environ = known.copy()
        path, target = request.path, request.target
        raw = target.decode("latin-1")
        if self._root and not exchange.mount and path.startswith(self._root + b"/"):
            path = path[len(self._root) :]
        environ["REQUEST_METHOD"] = request.method
        environ["PATH_INFO"] = raw if path is target and b"%" not in path else text_of(path)
        environ["RAW_URI"] = environ["REQUEST_URI"] = raw
        environ["SERVER_NAME"], environ["SERVER_PORT"] = self._places[exchange.local, request.scheme]
        environ["REMOTE_ADDR"] = exchange.peer
        environ["wsgi.input"] = body
        environ["wsgi.early_hints"] = early_hints
        # What follows differs from what stands there already less often.
        if request.query:
            environ["QUERY_STRING"] = request.query.decode("latin-1")
        if port := exchange.peer_port:
            environ["REMOTE_PORT"] = str(port)
        if mount := exchange.mount:
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = text_of(self._root + mount), text_of(path[len(mount) :])
        elif path == b"*":
            environ["PATH_INFO"] = ""  # nothing else may stand there that begins with no slash
        if request.version != "1.1":
            environ["SERVER_PROTOCOL"] = protocol_of(request.version)
        if request.scheme != b"http":
            environ["wsgi.url_scheme"] = request.scheme.decode("latin-1")
            environ["HTTPS"] = "on"
            # Where a proxy says that its client spoke plainly, what it has settled itself would mislead.
            if (secured := exchange.secured) is not None:
                environ.update(tls_of(secured))
        if exchange.answers:  # who tells an app of sessions or users, has to do with answers too
            if exchange.session is not None:
                environ["pellucid.session"] = exchange.session
            if (user := exchange.user) is not None:  # RFC 3875 4.1.1, 4.1.11
                environ["AUTH_TYPE"], environ["REMOTE_USER"] = user.scheme, _native(user.name)
                environ["pellucid.user"] = user
        if length is not None:
            environ["CONTENT_LENGTH"] = str(length)
        return environ


def protocol_of(version: str) -> str:
    """SERVER_PROTOCOL: a minor version is wanted (RFC 3875 4.1.16), and is 0 where there is none (RFC 9110 2.5)."""
    return f"HTTP/{version}" if "." in version else f"HTTP/{version}.0"


def tls_of(secured: Secured) -> dict[str, str]:
    """What TLS has settled, by the names that Apache's mod_ssl gave it. No header field can have one of them."""
    told = {
        "SSL_PROTOCOL": secured.version,
        "SSL_CIPHER": secured.cipher,
        "SSL_TLS_SNI": secured.server_name,
        "SSL_CLIENT_VERIFY": "NONE",
    }
    if secured.client_chain:
        told["SSL_CLIENT_VERIFY"] = "SUCCESS"  # whose certificate does not hold never comes so far
        told["SSL_CLIENT_S_DN"] = _native(secured.client_subject)
        told["SSL_CLIENT_I_DN"] = _native(secured.client_issuer)
        told["SSL_CLIENT_M_SERIAL"] = secured.client_serial
        told["SSL_CLIENT_CERT"] = secured.client_chain[0]
    return told


def _native(text: str) -> str:
    # PEP 3333: text stands for bytes, each a character.
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


class _Places(dict[tuple[str, bytes], tuple[str, str]]):
    """A bounded cache of local addresses taken apart."""

    def __missing__(self, key: tuple[str, bytes]) -> tuple[str, str]:
        place = place_of(*key)
        remember(self, key, place, PLACES)
        return place


def text_of(path: bytes) -> str:
    """A path, its escapes decoded; the bytes as latin-1, as PEP 3333 wants all text."""
    return (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")


def place_of(local: str, scheme: bytes) -> tuple[str, str]:
    """SERVER_NAME and SERVER_PORT, which may not be empty (PEP 3333), of host:port, [address]:port or unix:path."""
    host, _, port = local.rpartition(":")
    if local.startswith("unix:") or not port.isdigit():
        return "localhost", "443" if scheme == b"https" else "80"
    return host.removeprefix("[").removesuffix("]") or "localhost", port


def variables(headers: Headers) -> dict[str, str]:
    """The header fields by their keys; the lines of one field joined (RFC 9110 section 5.3)."""
    found = dict(map(_variable, headers.fields))
    if len(found) != len(headers.fields):
        found = dict(map(_variable, headers.index.items()))
    found.pop("", None)
    return found


class _Variables(dict[Field, tuple[str, str]]):
    """A bounded cache from a field to its key and value; secrets stay out."""

    def __missing__(self, field: Field) -> tuple[str, str]:
        name, value = field
        # Equal keys, of which there are few, are one object: comparing them in an app's look-ups is then for free.
        variable = sys.intern(key_of(name)), value.decode("latin-1")
        if len(name) + len(value) <= KEPT_LENGTH and name not in SECRET:
            remember(self, field, variable, KEPT)
        return variable


_variable = _Variables().__getitem__
