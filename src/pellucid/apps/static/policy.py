"""The Content-Security-Policy of the pages that are made here; it knows a page's style and script alone."""

from __future__ import annotations

import base64
import hashlib


def only_style(style: str) -> bytes:
    """The policy of a page that wears this style, known by its hash, and does nothing else: no script, no request."""
    return (
        b"default-src 'none'; style-src 'sha256-%b'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        % _digest(style)
    )


def with_script(style: str, script: str) -> bytes:
    """The policy of a page that has this script as well, which asks its own site only; as its forms do."""
    return (
        b"default-src 'none'; style-src 'sha256-%b'; script-src 'sha256-%b'; connect-src 'self'; base-uri 'none'; "
        b"form-action 'self'; frame-ancestors 'none'" % (_digest(style), _digest(script))
    )


def _digest(text: str) -> bytes:
    return base64.b64encode(hashlib.sha256(text.encode()).digest())
