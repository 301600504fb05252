"""The Content-Security-Policy of the pages that are made here; it knows a page's style and nothing else of it."""

from __future__ import annotations

import base64
import hashlib


def only_style(style: str) -> bytes:
    """The policy of a page that wears this style, known by its hash, and does nothing else: no script, no request."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest())
    return (
        b"default-src 'none'; style-src 'sha256-%b'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        % digest
    )
