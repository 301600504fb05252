"""What a way to show who one is comes to; it knows neither which ways there are nor what a user may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pellucid.message import NO_FIELDS, Headers
from pellucid.server.exchange import Exchange
from pellucid.user import User


@dataclass(frozen=True, slots=True)
class Wrong:
    """Credentials that do not hold.

    `why` is for the log and never has a secret in it. `account` is whose they claimed to be, where they were a guess
    that counts: then it is answered late. `headers` go with the answer, such as Retry-After with a 503; `challenge`
    stands in the place of the scheme's own in a 401, as where that says what is wrong. With a `body` it is the whole
    answer, to be given as it is.
    """

    why: str
    status: int = 401
    account: str = ""
    headers: Headers = NO_FIELDS
    challenge: bytes = b""
    body: bytes | None = None


Found = User | Wrong | None
"""A user; credentials that do not hold; or None where none of this kind were shown."""

Tell = Callable[[Found], None]


# A lone surrogate, which JSON can tell, stands for a byte where names become bytes: it could make another name.
_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")


def is_name(text: str) -> bool:
    """Whether this can be the name of a user: not empty, not long, with no control character and no half of one."""
    return _NAME.fullmatch(text) is not None


def quoted(text: str) -> bytes:
    """A quoted-string (RFC 9110 section 5.6.4) of text that holds no control character."""
    return b'"' + text.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


class Scheme(Protocol):
    """One way to show who one is. Everything happens in the loop's thread."""

    @property
    def name(self) -> str:
        """As `auth` spells it: basic, digest, bearer, certificate, form or forward."""

    def identify(self, exchange: Exchange, tell: Tell) -> None:
        """Call `tell` once, now or later in the loop's thread."""

    def challenge(self, exchange: Exchange) -> bytes | None:
        """A value of WWW-Authenticate for a 401 (RFC 9110 section 11.6.1); None where this way has none."""
