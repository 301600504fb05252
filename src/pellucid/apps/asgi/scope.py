"""What an ASGI app is told of a request, or of a WebSocket, before it begins: the scope. It knows no messages."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from pellucid.apps.asgi.types import VERSION, Scope
from pellucid.apps.asgi.user import Asking, Credentials
from pellucid.net.secured import Secured
from pellucid.protocol.fields import remember
from pellucid.server.exchange import Exchange

SPEC_VERSION = "2.3"
"""The version of the HTTP part. Later ones only add that `send` raises once the client is gone, which it does here all
the same: frameworks that read 2.4 listen for the client's end no longer, and a stream that waits would outlive it.
"""

KEPT = 1024
"""How many paths, and how many addresses, are kept as they are told to apps."""

KEPT_LENGTH = 256
"""How long a path is that is kept, in bytes."""

Server = tuple[str, int | None]


def scope_of(exchange: Exchange, root: bytes, state: dict[str, Any]) -> Scope:
    """The scope of a request. Nothing in it is shared with another one, so an app may write into it.

    `root` is the path under which whoever stands in front shows all of this; a path that does not begin with it is told
    as if it did, since it was taken away on the way.
    """
    request = exchange.request
    path, peer = request.path, exchange.peer
    scope: Scope = {
        "type": "http",
        "asgi": {"version": VERSION, "spec_version": SPEC_VERSION},
        "http_version": request.version,
        "method": request.method.upper(),
        "scheme": request.scheme.decode(),
        "path": _paths[path if not root else whole_path(root, path)],
        "raw_path": path,
        "query_string": request.query,
        "root_path": _paths[root + exchange.mount],
        "headers": list(request.headers.fields),
        "client": (peer, exchange.peer_port) if peer else None,
        "server": _servers[exchange.carrier.local],
        "state": state.copy(),
        "extensions": {
            "http.response.pathsend": {},
            "http.response.zerocopysend": {},
            "http.response.early_hint": {},
            "http.response.trailers": {},
            "http.response.debug": {},
        },
    }
    if exchange.answers:  # who tells an app of sessions or users, has to do with answers too
        if exchange.session is not None:
            scope["session"] = exchange.session  # where Starlette's request.session looks
        if exchange.identified:
            scope["user"] = Asking(exchange.user)  # and its request.user, and @requires
            scope["auth"] = Credentials(exchange.user)
    # Where a proxy says that its client spoke plainly, what it has settled itself would mislead.
    if request.scheme == b"https" and (secured := exchange.secured) is not None:
        scope["extensions"]["tls"] = tls_of(secured)
    return scope


def websocket_scope_of(exchange: Exchange, root: bytes, state: dict[str, Any], subprotocols: tuple[str, ...]) -> Scope:
    """The scope of a request for a WebSocket, likewise; `subprotocols` are those that the client offers."""
    scope = scope_of(exchange, root, state)
    del scope["method"]
    scope["type"] = "websocket"
    scope["scheme"] = "wss" if scope["scheme"] == "https" else "ws"
    scope["subprotocols"] = list(subprotocols)
    if exchange.request.version == "2":  # :protocol takes their place there (RFC 8441 4), and Socket.IO looks for them
        scope["headers"] += [(b"connection", b"upgrade"), (b"upgrade", exchange.request.upgrade)]
    extensions: dict[str, Any] = {"websocket.http.response": {}}
    if "tls" in scope["extensions"]:
        extensions["tls"] = scope["extensions"]["tls"]
    scope["extensions"] = extensions
    return scope


def tls_of(secured: Secured) -> dict[str, Any]:
    """What ASGI's extension `tls` tells. A client whose certificate does not hold never comes so far."""
    return {
        "server_cert": secured.server_certificate or None,
        "client_cert_chain": secured.client_chain,
        "client_cert_name": secured.client_subject if secured.client_chain else None,
        "client_cert_error": None,
        "tls_version": secured.version_number,
        "cipher_suite": secured.cipher_number,
    }


def whole_path(root: bytes, path: bytes) -> bytes:
    """The path with its root, which it may have or not."""
    return path if path == root or path.startswith(root + b"/") else root + path


def decode_path(path: bytes) -> str:
    """A path decoded from percent-encoding and UTF-8; what is no UTF-8 is replaced."""
    return unquote_to_bytes(path).decode("utf-8", "replace")


def server_of(local: str) -> Server | None:
    """Host and port, or the path of a unix socket and None; None for what is neither."""
    if local.startswith("unix:"):
        return local.removeprefix("unix:"), None
    host, _, port = local.rpartition(":")
    return (host.strip("[]"), int(port)) if port.isdigit() else None


class _Paths(dict[bytes, str]):
    def __missing__(self, path: bytes) -> str:
        text = decode_path(path)
        if len(path) <= KEPT_LENGTH:
            remember(self, path, text, KEPT)
        return text


class _Servers(dict[str, Server | None]):
    def __missing__(self, local: str) -> Server | None:
        server = server_of(local)
        remember(self, local, server, KEPT)
        return server


_paths = _Paths()
_servers = _Servers()
