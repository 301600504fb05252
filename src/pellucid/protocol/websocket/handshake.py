"""How a WebSocket begins: what a request for one must say, why it is refused, and the answer that opens it."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass

from pellucid.errors import WrongAnswer
from pellucid.message import NO_FIELDS, Field, Headers, Request, Response
from pellucid.protocol.fields import Broken
from pellucid.protocol.grammar import list_members
from pellucid.protocol.websocket.extensions import Extension, read_extensions, read_subprotocols, spell_extension

PROTOCOL = b"websocket"
VERSION = b"13"

_UPGRADE = (b"upgrade", PROTOCOL)
_VERSION = (b"sec-websocket-version", VERSION)

# RFC 6455 section 1.3: what is put behind the key before it is hashed, to prove that the handshake was understood.
_PROOF = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

# What the handshake itself says, and an app may not.
_OWN = frozenset(
    b"upgrade connection sec-websocket-accept sec-websocket-extensions sec-websocket-protocol "
    b"sec-websocket-version content-length".split()
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A request for a WebSocket that is as it must be. `key` is b"" over HTTP/2, which has none."""

    key: bytes
    subprotocols: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request for a WebSocket that breaks a rule: the head of the answer, and the rule for its body and the log."""

    response: Response
    why: str


def asks(request: Request) -> bool:
    """Whether a request is for a WebSocket: Upgrade names it (RFC 6455 section 4.1), or :protocol (RFC 8441)."""
    upgrade = request.upgrade
    return upgrade == PROTOCOL or (bool(upgrade) and PROTOCOL in list_members(upgrade))


def judge(request: Request) -> Offer | Refusal:
    """Judge a request that `asks` for a WebSocket (RFC 6455 section 4.2.1, RFC 8441 section 5)."""
    over_http1 = request.version[0] == "1"
    index = request.headers.index
    try:
        if over_http1:
            _check_method(request)
        _check_version(index.get(b"sec-websocket-version"), over_http1)
        key = _key(index.get(b"sec-websocket-key")) if over_http1 else b""
        subprotocols, extensions = index.get(b"sec-websocket-protocol"), index.get(b"sec-websocket-extensions")
        return Offer(
            key,
            read_subprotocols(subprotocols) if subprotocols is not None else (),
            read_extensions(extensions) if extensions is not None else (),
        )
    except Broken as broken:
        return Refusal(Response(broken.status, Headers(_beside(broken.status))), broken.why)


def accept(
    offer: Offer, subprotocol: str | None = None, extension: Extension | None = None, headers: Headers = NO_FIELDS
) -> Response:
    """The answer that opens the WebSocket (RFC 6455 section 4.2.2, RFC 8441 section 5): 101, or 200 over HTTP/2.

    `extension` is what was agreed on, `headers` what the app adds. Raises WrongAnswer for a subprotocol that was not
    offered, and for a field that is the handshake's own.
    """
    if subprotocol is not None and subprotocol not in offer.subprotocols:
        raise WrongAnswer(f"the subprotocol {subprotocol!r} was not offered (RFC 6455 4.2.2)")
    for name, _ in headers:
        if name in _OWN:
            raise WrongAnswer(f"{name.decode('latin-1')} is the handshake's own field (RFC 6455 4.2.2)")
    fields: list[Field] = []
    if offer.key:
        fields += [_UPGRADE, (b"sec-websocket-accept", proof(offer.key))]
    if subprotocol is not None:
        fields.append((b"sec-websocket-protocol", subprotocol.encode()))
    if extension is not None:
        fields.append((b"sec-websocket-extensions", spell_extension(extension)))
    return Response(101 if offer.key else 200, Headers([*fields, *headers]))


def proof(key: bytes) -> bytes:
    """What a server answers to a key (RFC 6455 section 4.2.2, 5.4)."""
    from hashlib import sha1  # it loads OpenSSL, 4 MB that a process without WebSockets may do without

    return b64encode(sha1(key + _PROOF, usedforsecurity=False).digest())


def _beside(status: int) -> list[Field]:
    # RFC 6455 4.4: who cannot speak a version is told which ones can be. RFC 9110 15.5.22: 426 comes with Upgrade.
    if status == 405:
        return [(b"allow", b"GET")]
    return [_VERSION, _UPGRADE] if status == 426 else [_VERSION]


def _check_method(request: Request) -> None:
    if request.method != "GET":
        raise Broken(405, "a WebSocket is asked for with GET (RFC 6455 4.1)")
    if request.length != 0:
        raise Broken(400, "a request for a WebSocket with content (RFC 6455 4.1)")


def _check_version(version: bytes | None, over_http1: bool) -> None:
    if version is None:
        raise Broken(400, "no Sec-WebSocket-Version (RFC 6455 4.2.1)")
    if version != VERSION:
        # RFC 9113 8.2.2: HTTP/2 has no Upgrade, which 426 may not come without.
        raise Broken(426 if over_http1 else 400, "a Sec-WebSocket-Version that is not 13 (RFC 6455 4.4)")


def _key(key: bytes | None) -> bytes:
    if key is None:
        raise Broken(400, "no Sec-WebSocket-Key (RFC 6455 4.2.1)")
    try:
        nonce = b64decode(key, validate=True)
    except binascii.Error:
        nonce = b""
    if len(nonce) != 16 or len(key) != 24:
        raise Broken(400, "a Sec-WebSocket-Key that is not 16 bytes in base64 (RFC 6455 4.2.1)")
    return key
