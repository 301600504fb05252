"""Cookies (6265bis): read as browsers send them, and written so that browsers keep them; it knows no exchange."""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import ascii_lowercase, ascii_uppercase

from pellucid.errors import WrongAnswer

LARGEST = 4096
"""How long a name and its value may be together, in bytes; browsers drop a cookie that is longer (6265bis 5.6)."""

LARGEST_ATTRIBUTE = 1024
"""How long the value of an attribute may be, in bytes; browsers ignore a longer one (6265bis 5.6)."""

LONGEST_LIFE = 400 * 86400
"""For how many seconds browsers keep a cookie at the most, whatever it says (6265bis 5.5)."""

SAME_SITE = ("strict", "lax", "none")

# RFC 9110 5.6.2  token, which the name of a cookie is
NAME_OCTETS = b"!#$%&'*+-.^_`|~0123456789" + (ascii_lowercase + ascii_uppercase).encode()

# 6265bis 4.1.1  cookie-octet = %x21 / %x23-2B / %x2D-3A / %x3C-5B / %x5D-7E: no controls, white space, double quote,
#                comma, semicolon and backslash
OCTETS = bytes(octet for octet in range(0x21, 0x7F) if octet not in b'",;\\')

# 6265bis 4.1.1  av-octet = %x20-3A / %x3C-7E: any character but controls and the semicolon
ATTRIBUTE_OCTETS = bytes(octet for octet in range(0x20, 0x7F) if octet != 0x3B)

# 6265bis 4.1.3, and those for what no script may write. Browsers compare them without regard to case.
SECURE_PREFIXES = (b"__secure-", b"__host-", b"__http-", b"__host-http-")
HOST_PREFIXES = (b"__host-",)
HTTP_ONLY_PREFIXES = (b"__http-", b"__host-http-")


def read_cookies(field: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values of a Cookie field, in its order, in which browsers name those of longer paths first.

    Nothing is refused: a part without `=` is a value without a name, as browsers send it; other than that, values are
    as they stand, without quotes around them. Linear in the length of the field.

    >>> read_cookies(b'a=1; b="two"; three; a=x=y')
    [(b'a', b'1'), (b'b', b'two'), (b'', b'three'), (b'a', b'x=y')]
    """
    cookies = []
    for part in field.split(b";"):
        part = part.strip(b" \t")
        if part:
            name, equals, value = part.partition(b"=")
            cookies.append((name.rstrip(b" \t"), _unquoted(value.lstrip(b" \t"))) if equals else (b"", _unquoted(part)))
    return cookies


def values_of(field: bytes, name: bytes) -> list[bytes]:
    """The values of the cookies of this name, in their order: somebody may have planted others beside one's own."""
    if name not in field:  # most requests have none of it, and many have a lot of others
        return []
    return [value for other, value in read_cookies(field) if other == name]


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to be set: for the host that sets it alone where there is no domain, for as long as the browser runs
    where there is no `max_age`. It begins as carefully as it can; what is not to be careful has to be said.
    """

    name: str
    value: str
    max_age: int | None = None
    path: str = "/"
    domain: str = ""
    secure: bool = True
    http_only: bool = True
    same_site: str = "lax"
    partitioned: bool = False

    def field(self) -> bytes:
        """The value of a Set-Cookie field. Raises WrongAnswer for what browsers would drop, or take for more than it
        is: a character that no cookie has, what is too long, and what its prefix or SameSite forbids.
        """
        name, value = self.name.encode("utf-8", "surrogatepass"), self.value.encode("utf-8", "surrogatepass")
        self._check(name, value)
        parts = [b"%b=%b" % (name, value)]
        if self.max_age is not None:
            parts.append(b"Max-Age=%d" % max(0, min(self.max_age, LONGEST_LIFE)))
        if self.domain:
            parts.append(b"Domain=" + self.domain.encode("ascii"))
        parts.append(b"Path=" + self.path.encode("ascii"))
        switches = {"Secure": self.secure, "HttpOnly": self.http_only, "Partitioned": self.partitioned}
        parts += [switch.encode() for switch, on in switches.items() if on]
        if self.same_site:
            parts.append(b"SameSite=" + self.same_site.capitalize().encode())
        return b"; ".join(parts)

    def _check(self, name: bytes, value: bytes) -> None:
        if not name or name.translate(None, NAME_OCTETS):
            raise WrongAnswer(f"the name of the cookie {self.name!r} is no token (6265bis 4.1.1)")
        if value.translate(None, OCTETS):
            raise WrongAnswer(f"the value of the cookie {self.name} has a character that no cookie has (6265bis 4.1.1)")
        if len(name) + len(value) > LARGEST:
            raise WrongAnswer(f"the cookie {self.name} is longer than {LARGEST} bytes (6265bis 5.6)")
        for attribute in (self.path, self.domain):
            if attribute.encode("utf-8", "surrogatepass").translate(None, ATTRIBUTE_OCTETS):
                raise WrongAnswer(f"the cookie {self.name} has {attribute!r} in an attribute (6265bis 4.1.1)")
            if len(attribute) > LARGEST_ATTRIBUTE:
                raise WrongAnswer(f"an attribute of the cookie {self.name} is too long (6265bis 5.6)")
        if self.same_site not in ("", *SAME_SITE):
            raise WrongAnswer(f"SameSite is strict, lax or none, not {self.same_site!r} (6265bis 4.1.2.7)")
        self._check_promises(name.lower())

    def _check_promises(self, name: bytes) -> None:
        # What a browser takes only with other attributes beside it.
        if not self.secure:
            if name.startswith(SECURE_PREFIXES):
                raise WrongAnswer(f"the cookie {self.name} must be Secure, as its prefix says (6265bis 4.1.3)")
            if self.same_site == "none" or self.partitioned:
                raise WrongAnswer(f"the cookie {self.name} goes to other sites and must be Secure (6265bis 5.7)")
        if name.startswith(HOST_PREFIXES) and (self.path != "/" or self.domain):
            raise WrongAnswer(f"the cookie {self.name} must have the path / and no domain (6265bis 4.1.3.2)")
        if name.startswith(HTTP_ONLY_PREFIXES) and not self.http_only:
            raise WrongAnswer(f"the cookie {self.name} must be HttpOnly, as its prefix says (6265bis 4.1.3)")


def ended(cookie: Cookie) -> Cookie:
    """The cookie that takes this one away; attributes beside name, path and domain do not matter for that."""
    return replace(cookie, value="", max_age=0)


def _unquoted(value: bytes) -> bytes:
    return value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b'"' else value
