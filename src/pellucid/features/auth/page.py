"""The pages at which one logs in and out; small, for keyboards and screen readers too, and with no script."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from pellucid.features.auth.followed import Followed
from pellucid.message import Headers, Response

Page = tuple[Response, bytes]

STYLE = """\
:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center}
main{width:min(22rem,90vw)}
h1{font-size:1.4rem}
label{display:block;margin-top:1rem}
input,button{box-sizing:border-box;width:100%;padding:.6rem;font:inherit;border:1px solid GrayText;border-radius:.3rem}
button{margin-top:1.5rem;cursor:pointer}
:focus-visible{outline:3px solid LinkText;outline-offset:2px}
[role=alert]{border-left:.3rem solid #c00;padding-left:.8rem}
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

OWN_POLICY = "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
"""For a page of the site's own: it may look as it likes, and sends nothing to others."""

POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; {OWN_POLICY}"


class Pages:
    """The pages of a place. `realm` is what one logs in to; `own` a page of the site's own for that, if it has one."""

    __slots__ = ("_own", "_realm")

    def __init__(self, realm: str, own: Followed[str] | None) -> None:
        self._realm = realm
        self._own = own

    def login(self, token: str, back: str, message: str = "", status: int = 200, name: str = "") -> Page:
        """The form to log in with. `back` is where one goes after it, `name` what was filled in before."""
        fields = _hidden("token", token) + _hidden("next", back)
        if self._own is not None:
            text = self._own.what.replace("{{message}}", escape(message)).replace("{{fields}}", fields)
            return _page(text, status, OWN_POLICY)
        alert = f'<p role="alert">{escape(message)}</p>' if message else ""
        known, first, second = (f' value="{escape(name)}"', "", " autofocus") if name else ("", " autofocus", "")
        body = f"""{alert}<form method="post">{fields}
<label for="user">Name</label>
<input id="user" name="user"{known} autocomplete="username" autocapitalize="none" spellcheck="false" required{first}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{second}>
<button>Log in</button></form>"""
        return _page(_document(f"Log in to {self._realm}", body), status, POLICY)

    def logout(self, token: str, name: str, message: str = "", status: int = 200) -> Page:
        """The button to log out with."""
        alert = f'<p role="alert">{escape(message)}</p>' if message else ""
        body = f"""{alert}<p>You are logged in as <b>{escape(name)}</b>.</p>
<form method="post">{_hidden("token", token)}<button autofocus>Log out</button></form>"""
        return _page(_document(f"Log out of {self._realm}", body), status, POLICY)


def read_page(text: str, name: str) -> str:
    """A page of a site's own; ValueError where nothing that it sends could count."""
    if "{{fields}}" not in text:
        raise ValueError(f"{name}: this page lacks {{{{fields}}}}, without which its form is not taken")
    return text


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _document(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style>
<main><h1>{escape(title)}</h1>
{body}</main></html>
"""


def _page(text: str, status: int, policy: str) -> Page:
    headers = Headers(
        [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"same-origin"),
        ]
    )
    return Response(status, headers), text.encode()
