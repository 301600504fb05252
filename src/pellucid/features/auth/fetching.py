"""What stands at a URL, asked for in a thread: bounded in time and size, and from nobody but that place."""

from __future__ import annotations

import http.client
import time
import urllib.request
from typing import Any
from urllib.error import HTTPError, URLError

from pellucid.features.auth.remote import Plain, Secure, read_answer, split_url

TIME = 5.0
"""How long it may take, in seconds."""

LARGEST = 1 << 20
"""How large it may be, in bytes."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_url(url: str) -> None:
    """ValueError says in one line why nothing that is believed can come from there."""
    parts = split_url(url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(f"{url!r} can be answered by anybody in between: it has to be an https URL")


def fetched(url: str) -> str:
    """What stands there. ValueError says why that cannot be had; a redirect is no answer."""
    deadline = time.monotonic() + TIME
    try:
        with urllib.request.build_opener(_Stay, _Http, _Https).open(url, timeout=TIME) as answer:
            return read_answer(answer, LARGEST, deadline, time.monotonic).decode("utf-8")
    except HTTPError as error:
        error.close()
        raise ValueError(f"{url} answers {error.code}") from None
    except URLError as error:
        reason = error.reason
        raise ValueError(f"{url} does not answer: {getattr(reason, 'strerror', None) or reason}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{url} answers what is no text in UTF-8") from None
    except OSError as error:
        raise ValueError(f"{url} does not answer: {error}") from None
    except http.client.HTTPException as error:  # its text is what came, whatever that was
        raise ValueError(f"{url} does not answer: {type(error).__name__}") from None


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(Plain, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(Secure, req)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *told: Any) -> None:
        return None
