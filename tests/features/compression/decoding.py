"""What a client makes of a coded body, for the tests of compression; and what is wanted for an answer that is coded."""

import zlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import brotli
from backports import zstd
from carrying import answer_to

from pellucid.features.compression.compressing import Compression
from pellucid.features.compression.settings import CompressionSettings
from pellucid.message import END, Field, Headers, Request, Response
from pellucid.piece import Body
from pellucid.server.exchange import Exchange

CODINGS = ("zstd", "br", "gzip")


def decoder(coding: str) -> Callable[[bytes], bytes]:
    """What decodes a stream bit by bit, as a browser does."""
    if coding == "zstd":
        return zstd.ZstdDecompressor().decompress
    if coding == "br":
        return partial(_unbrotli, brotli.Decompressor())
    return zlib.decompressobj(31).decompress


def _unbrotli(stream: Any, data: bytes) -> bytes:
    # It gives no more than 32 KiB at once, and the rest to whoever asks again.
    parts = [stream.process(data)]
    while part := stream.process(b""):
        parts.append(part)
    return b"".join(parts)


def decoded(coding: str, parts: Iterable[bytes]) -> bytes:
    """The whole of a body that came in parts, each byte by itself."""
    decode = decoder(coding)
    return b"".join(decode(bytes([byte])) for part in parts for byte in part)


def pulled(body: Body, limit: int = 1 << 20) -> list[bytes]:
    """All pieces of a body."""
    if isinstance(body, bytes):
        return [body]
    pieces: list[bytes] = []
    waited = 0
    while (piece := body.pull(limit)) is not END:
        if piece is None:
            waited += 1
            assert waited < 1000
        else:
            assert isinstance(piece, bytes)
            assert 0 < len(piece) <= limit
            pieces.append(piece)
    return pieces


def compression(*names: str, **others: Any) -> Compression:
    return Compression(CompressionSettings(compress=names or CODINGS, **others))


def asking(*fields: Field, method: str = "GET", accept: bytes = b"gzip, deflate, br, zstd", **others: Any) -> Request:
    """A request of somebody who takes all codings."""
    return Request(method, b"/a", b"/a", b"", b"x", Headers([(b"accept-encoding", accept), *fields]), **others)


def given(
    compression: Compression,
    body: Body,
    *fields: Field,
    request: Request | None = None,
    status: int = 200,
) -> Exchange:
    """An exchange that was answered with this, as it goes out."""
    headers = Headers([(b"content-type", b"text/html; charset=utf-8"), *fields])
    return answer_to(request or asking(), (compression.answer,), Response(status, headers), body)


def fields_of(exchange: Exchange) -> dict[bytes, bytes]:
    assert exchange.response is not None
    return dict(exchange.response.headers)
