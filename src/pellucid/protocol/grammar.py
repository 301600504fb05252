"""The grammar of RFC 9110, 9112 and 3986 that Pellucid accepts, each set and pattern under the rule it comes from."""

from __future__ import annotations

import re
from string import ascii_letters, ascii_uppercase, digits

ALPHA = ascii_letters.encode()
DIGIT = digits.encode()

# RFC 9110 5.6.2   tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
#                          / DIGIT / ALPHA;  token = 1*tchar
TOKEN = b"!#$%&'*+-.^_`|~" + DIGIT + ALPHA

# RFC 9113 8.2     Field names MUST be converted to lowercase when constructing an HTTP/2 message.
LOWER_TOKEN = bytes(byte for byte in TOKEN if byte not in ascii_uppercase.encode())

# RFC 9110 5.5     field-value = *field-content; field-vchar = VCHAR / obs-text; SP and HTAB between
FIELD_VALUE = bytes(byte for byte in range(256) if byte == 0x09 or (byte >= 0x20 and byte != 0x7F))

# RFC 3986 2.2, 2.3, 3.3   pchar = unreserved / pct-encoded / sub-delims / ":" / "@"
UNRESERVED = ALPHA + DIGIT + b"-._~"
SUB_DELIMS = b"!$&'()*+,;="
PATH = UNRESERVED + SUB_DELIMS + b"%:@/"

# RFC 3986 3.4     query = *( pchar / "/" / "?" ). Browsers leave more than that unescaped (WHATWG URL, the query and
#                  path percent-encode sets), so what they send is taken too; no parser reads these as a delimiter.
BROWSERS_LEAVE = b"[]^|`{}"
PATH_ACCEPTED = PATH + BROWSERS_LEAVE
QUERY_ACCEPTED = PATH_ACCEPTED + b"?\\"

# RFC 3986 3.2.2   host = IP-literal / IPv4address / reg-name, and RFC 9110 7.2  Host = uri-host [ ":" port ]
#                  A reg-name may hold a comma; a list of hosts must not pass for one, so here it may not.
#                  Of what stands in brackets this tells only the characters: whether it is an address is for a parser.
AUTHORITY = re.compile(
    rb"(?P<host> \[ (?P<address> [0-9A-Fa-f:.]{2,45} ) \] | (?: [A-Za-z0-9._~!$&'()*+;=-] | %[0-9A-Fa-f]{2} ){1,255} )"
    rb"(?: : (?P<port> [0-9]{0,5} ) )?",
    re.VERBOSE,
)

# RFC 3986 3.2.2   A reg-name's escapes are for names beyond ASCII. Escaped controls (CTL), delimiters (gen-delims of
#                  2.2) and the backslash make another host of it for whoever decodes it before taking it apart.
ESCAPED_DELIMITER = re.compile(rb"%(?:[01][0-9A-Fa-f]|7[Ff]|2[3Ff]|3[AFaf]|40|5[B-Db-d])")

# RFC 3986 3.1, 3.2  scheme "://" authority, in an absolute-form target
ABSOLUTE = re.compile(rb"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?]*)(?P<rest>.*)", re.DOTALL)

# RFC 9112 2.3     HTTP-version = HTTP-name "/" DIGIT "." DIGIT
VERSION = re.compile(rb"HTTP/([0-9])\.([0-9])")

# RFC 9112 2.2     A recipient may take a bare LF for the end of a line; to one that does, this ends a head. Here it is
#                  looked for only to be refused.
BARE_END = re.compile(rb"\n\n|(?<!\r)\n\r\n")

# RFC 9112 7.1      chunk-size = 1*HEXDIG
# RFC 9112 7.1.1    chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS ( token / quoted-string ) ] )
CHUNK = re.compile(
    rb"""(?P<size> [0-9A-Fa-f]{1,15} )
    (?: [ \t]* ; [ \t]* [!#$%&'*+.^_`|~0-9A-Za-z-]+
        (?: [ \t]* = [ \t]*
            (?: [!#$%&'*+.^_`|~0-9A-Za-z-]+ | " (?: [^"\\\x00-\x08\x0a-\x1f\x7f] | \\[\t\x20-\x7e\x80-\xff] )* " )
        )?
    )*""",
    re.VERBOSE,
)


def is_token(value: bytes) -> bool:
    """Whether this is a token of RFC 9110 section 5.6.2."""
    return bool(value) and not value.translate(None, TOKEN)


def list_members(value: bytes) -> list[bytes]:
    """The members of a comma list without quoted strings, in lower case; empty ones dropped (RFC 9110 5.6.1)."""
    return [member for part in value.lower().split(b",") if (member := part.strip(b" \t"))]
