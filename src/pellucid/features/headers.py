"""Header fields that are put on every answer: one's own, and a preset that makes browsers careful."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.errors import WrongAnswer
from pellucid.features.feature import ChangedHeaders, Feature
from pellucid.message import Field, Headers
from pellucid.protocol.fields import check_outgoing
from pellucid.setting import setting

# They frame the message or belong to one hop (RFC 9110 section 7.6.1), or are the engine's own.
ENGINES_OWN = frozenset(
    b"connection content-length date keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
)

SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), "
        b"usb=(), browsing-topics=()",
    ),
)


@dataclass(frozen=True, slots=True)
class HeaderSettings:
    """What is added to the head of every answer."""

    header: tuple[str, ...] = setting(
        (),
        "A header field for every answer, of folders and of applications, in the place of one of that name. Refusals "
        "of broken requests have no more fields than they need.",
        unit="'NAME: VALUE'",
    )
    security_headers: bool = setting(
        False,
        "Put the usual security fields on every answer that does not have them: no sniffing of types, no frames and "
        "no embedding by other sites (the latter only without cors), short referrers, and no camera, microphone, "
        "location, payment or sensors.",
    )


def header_feature(settings: HeaderSettings) -> Feature | None:
    """The feature that puts one's own fields on every answer. ValueError names the field that cannot be sent."""
    if not settings.header:
        return None
    fields = [parse_header(text) for text in settings.header]
    names = {name for name, _ in fields}

    def replaced(headers: Headers) -> Headers:
        return headers.without(*names).plus(*fields)

    return Feature(answer=ChangedHeaders(replaced).answer)


def security_feature(settings: HeaderSettings, shared: bool) -> Feature | None:
    """The feature that completes an answer with the preset; `shared` says that other sites may use what is served."""
    if not settings.security_headers:
        return None
    fields = [field for field in SECURITY if not (shared and field[0] == b"cross-origin-resource-policy")]

    def completed(headers: Headers) -> Headers:
        return headers.plus(*(field for field in fields if field[0] not in headers))

    return Feature(answer=ChangedHeaders(completed).answer)


def parse_header(text: str) -> Field:
    """A field from "Name: value". ValueError says what is wrong with it, with the RFC section."""
    name_text, colon, value_text = text.partition(":")
    if not colon:
        raise ValueError(f"the header {text!r} has no colon: write 'Name: value'")
    try:
        name, value = name_text.lower().encode("ascii"), value_text.strip(" \t").encode("ascii")
    except UnicodeEncodeError:
        raise ValueError(f"the header {text!r} is not plain ASCII (RFC 9110 5.5)") from None
    try:
        check_outgoing(name, value)
    except WrongAnswer as error:
        raise ValueError(f"the header {text!r} cannot be sent: {error}") from None
    if name in ENGINES_OWN:
        raise ValueError(f"the header {text!r} cannot be set: {name.decode()} belongs to the server itself")
    return name, value
