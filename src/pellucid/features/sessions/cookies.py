"""The cookie of a session: what it shows of one that we have signed, and how it is set; it knows no store."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from pellucid.features.sessions.records import Record
from pellucid.features.sessions.settings import SessionSettings
from pellucid.features.sessions.signing import Signing
from pellucid.message import Field, Request
from pellucid.semantics.cookies import SAME_SITE, Cookie, ended, values_of
from pellucid.semantics.host import host_of

MOST_SHOWN = 4
"""How many cookies of its name are looked at: to verify one costs time, and a client can show a thousand."""

HOST_PREFIX = "__Host-"


class Cookies:
    """Reads and sets the cookie of this name. ValueError where the settings describe none that browsers would keep."""

    __slots__ = ("_max_age", "_plain", "_same_site", "_secure", "_signing")

    def __init__(self, settings: SessionSettings, signing: Signing, max_age: int) -> None:
        name = settings.session_cookie
        self._signing = signing
        self._max_age = max_age
        self._same_site = settings.session_same_site
        self._plain = name.encode()
        self._secure = (HOST_PREFIX + name).encode()
        if self._same_site not in SAME_SITE:
            raise ValueError(f"--session-same-site: {self._same_site!r} is none of {', '.join(SAME_SITE)}")
        if name.startswith("__"):
            raise ValueError(f"--session-cookie: {name!r} has a prefix: leave it out, over https it is {HOST_PREFIX}")
        self._cookie(False, "").field()

    def shown(self, request: Request) -> str:
        """What the client shows and was signed for this host; empty for nothing of that kind."""
        field = request.headers.get(b"cookie")
        if field is None:
            return ""
        name = self._secure if request.scheme == b"https" else self._plain
        for value in values_of(field, name)[:MOST_SHOWN]:
            text = self._signing.read(value, host_of(request.authority))
            if text is not None:
                return text.decode()
        return ""

    def given(self, request: Request, text: str) -> Field:
        """The field that gives it to the client. Raises WrongAnswer where it is too long for a cookie."""
        value = self._signing.sign(text.encode(), host_of(request.authority)).decode()
        return b"set-cookie", self._cookie(request.scheme == b"https", value).field()

    def ended(self, request: Request) -> Field:
        """The field that takes it away."""
        return b"set-cookie", ended(self._cookie(request.scheme == b"https", "")).field()

    def _cookie(self, secure: bool, value: str) -> Cookie:
        name = self._secure if secure else self._plain
        same_site = "lax" if self._same_site == "none" and not secure else self._same_site
        return Cookie(name.decode(), value, self._max_age, secure=secure, same_site=same_site)


def text_of(record: Record) -> str:
    """What a cookie shows that holds all of a session: whoever has it can read it, and show it until it expires."""
    data = urlsafe_b64encode(record.data.encode()).rstrip(b"=").decode()
    return f"{record.begun:.0f}.{record.used:.0f}.{data}"


def record_in(text: str) -> Record | None:
    """The session that such a cookie shows. It was signed, so nobody else has written it."""
    begun, used, data = text.split(".")
    return Record(urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode(), 1, float(begun), float(used))
