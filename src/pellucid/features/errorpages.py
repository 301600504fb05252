"""Pages of one's own in the place of plain errors, for those who go to a page and not for programs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from pellucid.features.feature import Feature, Ground
from pellucid.message import PHRASES, Headers, Response
from pellucid.piece import Body, close
from pellucid.semantics.negotiation import choose_type, varying
from pellucid.server.exchange import Exchange
from pellucid.setting import setting
from pellucid.tracebacks import reason_of

LARGEST = 256 << 10
"""How large a page may be, in bytes: all of them are kept."""

NAME = re.compile(r"([45])(?:[0-9]{2}|xx)\.html")

# What was said of the plain text, and does not hold for a page.
OUTDATED = frozenset(
    b"accept-ranges content-digest content-language content-length content-md5 content-type digest etag last-modified "
    b"repr-digest".split()
)


@dataclass(frozen=True, slots=True)
class ErrorPageSettings:
    """Pages for errors."""

    error_pages: str = setting(
        "",
        "A folder with pages for errors: 404.html for one status, 4xx.html and 5xx.html for all others of their kind. "
        "Browsers get them in the place of the plain text with which the server, a folder or an app tells an error; "
        "pages and JSON of an app's own are left as they are. {status}, {phrase} and {request-id} in them are filled "
        "in. They are read at the start.",
        unit="folder",
    )


def error_pages_feature(settings: ErrorPageSettings, ground: Ground) -> Feature | None:
    """The feature that puts pages in the place of plain errors. ValueError tells what is wrong with the folder."""
    if not settings.error_pages:
        return None
    folder = os.path.join(ground.here, settings.error_pages)
    pages = ground.shared(("error-pages", folder), lambda: ErrorPages(read_pages(folder)))
    return Feature(pages.ask, pages.answer)


class ErrorPages:
    """Pages by the names of their files without the ending."""

    __slots__ = ("_pages",)

    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self._pages = pages

    def ask(self, exchange: Exchange) -> None:
        """Be at hand where the app fails."""
        exchange.error_pages = partial(self.answer, exchange)

    def answer(self, exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        """The page for this error, if it is one that is told in plain text, and its client would rather have a page."""
        page = self._page(response.status)
        if page is None or not is_plain(response) or exchange.request.method == "CONNECT":
            return response, body
        kept = [field for field in response.headers if field[0] not in OUTDATED]
        accept = exchange.request.headers.get(b"accept")
        if choose_type(accept, (b"text/plain", b"text/html")) != b"text/html":
            return Response(response.status, varying(response.headers, b"Accept")), body
        close(body)
        fields = varying(Headers([(b"content-type", b"text/html; charset=utf-8"), *kept]), b"Accept")
        return Response(response.status, fields), _filled(page, exchange, response.status)

    def _page(self, status: int) -> bytes | None:
        return self._pages.get(str(status)) or self._pages.get(f"{status // 100}xx") if status >= 400 else None


def read_pages(folder: str) -> dict[str, bytes]:
    """The pages of a folder by their names without the ending; ValueError where there are none, or one is too large."""
    try:
        names = [name for name in sorted(os.listdir(folder)) if NAME.fullmatch(name)]
        pages = {name.removesuffix(".html"): _read(os.path.join(folder, name)) for name in names}
    except OSError as error:
        reason = reason_of(error)
        raise ValueError(f"--error-pages: {error.filename or folder} cannot be read: {reason}") from error
    if not pages:
        raise ValueError(f"--error-pages: there is no page in {folder}: one is named 404.html, 4xx.html or 5xx.html")
    return pages


def is_plain(response: Response) -> bool:
    """Whether an answer is an error that nobody has made a page of."""
    kind = response.headers.get(b"content-type", b"text/plain") or b""
    return (
        response.status >= 400
        and kind.partition(b";")[0].strip().lower() == b"text/plain"
        and b"content-encoding" not in response.headers
    )


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        page = file.read(LARGEST + 1)
    if not 0 < len(page) <= LARGEST:
        raise ValueError(f"--error-pages: {path} is empty, or larger than {LARGEST >> 10} KiB")
    return page


def _filled(page: bytes, exchange: Exchange, status: int) -> bytes:
    if b"{" not in page:
        return page
    page = page.replace(b"{status}", b"%d" % status).replace(b"{phrase}", PHRASES.get(status, "").encode())
    if b"{request-id}" in page:  # which a trusted proxy may have given
        from html import escape  # 0.4 MB of names of characters

        page = page.replace(b"{request-id}", escape(exchange.request_id).encode())
    return page
