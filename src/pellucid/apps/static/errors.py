"""The small answers that carry no file: errors and redirects, in the form that the client reads; they know no file."""

from __future__ import annotations

from html import escape

from pellucid.apps.static.policy import only_style
from pellucid.apps.static.representation import NOSNIFF
from pellucid.message import PHRASES, Field, Headers, Response
from pellucid.semantics.media import TEXT
from pellucid.semantics.negotiation import choose_type
from pellucid.semantics.path import canonical_path

ALLOW: Field = (b"allow", b"GET, HEAD, OPTIONS")
ALLOW_UPLOADS: Field = (b"allow", b"GET, HEAD, OPTIONS, POST, PUT")
HTML = b"text/html; charset=utf-8"

WHY = {
    400: "The path has a percent sign that is not followed by two hexadecimal digits (RFC 3986 section 2.1).",
    403: "The server may not read this file.",
    404: "There is nothing at this path.",
    405: "Here are files: they can be read (GET, HEAD) and nothing else.",
    412: "The file is not what the request expects it to be (RFC 9110 section 13.2).",
    416: "The file has no such part (RFC 9110 section 14.2).",
    503: "The server cannot open the file at the moment. Try again in a second.",
}

_STYLE = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1rem}"
_POLICY: Field = (b"content-security-policy", only_style(_STYLE))

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{status} {phrase}</title>
<style>{style}</style>
<h1>{phrase}</h1>
<p>{why}</p>
</html>
"""

_USUAL_FIELDS: dict[int, tuple[Field, ...]] = {503: ((b"retry-after", b"1"),)}


def error_answer(
    status: int, accept: bytes | None, *more: Field, page: tuple[bytes, bytes] | None = None
) -> tuple[Response, bytes]:
    """An error's head and body: text, HTML for those who prefer it, or the given page (its Content-Type and bytes)."""
    fields: list[Field] = [(b"vary", b"Accept"), *_USUAL_FIELDS.get(status, ()), *more]
    if page is not None and _prefers(accept, page[0].partition(b";")[0], b"text/plain"):
        content_type, body = page
    elif page is None and not _prefers(accept, b"text/plain", b"text/html"):
        content_type, body = HTML, _html(status)
        fields.append(_POLICY)
    else:
        content_type, body = TEXT, f"{status} {PHRASES[status]}\n{WHY.get(status, '')}\n".encode()
    return Response(status, _fields(content_type, *fields)), body


def redirect(segments: tuple[bytes, ...], *, folder: bool, query: bytes, mount: bytes = b"") -> Response:
    """To the canonical path of these names beneath a mount, the query kept.

    By 301, and not 308: only GET and HEAD come here, so that there is no method to preserve, and the oldest clients
    understand it.
    """
    location = mount + canonical_path(segments, folder=folder) + (b"?" + query if query else b"")
    return Response(301, _fields(TEXT, (b"location", location)))


def options(allow: Field = ALLOW) -> Response:
    """What may be asked here."""
    return Response(204, Headers([allow, NOSNIFF]))


def _fields(content_type: bytes, *more: Field) -> Headers:
    return Headers([(b"content-type", content_type), (b"cache-control", b"no-cache"), NOSNIFF, *more])


def _prefers(accept: bytes | None, first: bytes, second: bytes) -> bool:
    return first == second or choose_type(accept, (first, second)) != second


def _html(status: int) -> bytes:
    why = escape(WHY.get(status, ""))
    return _PAGE.format(status=status, phrase=escape(PHRASES[status]), style=_STYLE, why=why).encode()
