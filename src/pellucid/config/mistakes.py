"""What a person reads of a file that is wrong: lines that say where, which key, and how to mend it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from pellucid.spelling import nearest

MASK = "…"
"""What is shown of a secret."""

ALIKE = 0.7
"""How alike a guess must be to be told."""

NO_SUCH = "there is no such key"

ELSEWHERE = {
    "acme": "let certbot get certificates, and name them with tls",
    "address": 'write bind = "HOST:PORT"',
    "alias": "write aliases",
    "allow-origin": 'write cors = ["https://example.com"]',
    "allowed-origins": 'write cors = ["https://example.com"]',
    "app": 'write serve = "main:app"',
    "application": 'write serve = "main:app"',
    "auth-basic": 'write auth = "basic"',
    "auth-basic-user-file": 'write auth-users = "FILE"',
    "auth-user-file": 'write auth-users = "FILE"',
    "basic-auth": 'write auth = "basic"',
    "brotli": 'write compress = ["zstd", "br", "gzip"]',
    "cert": 'write tls = "cert.pem,key.pem"',
    "certfile": 'write tls = "cert.pem,key.pem"',
    "certificate": 'write tls = "cert.pem,key.pem"',
    "client-max-body-size": 'write body-size = "64M"',
    "compression": 'write compress = ["zstd", "br", "gzip"]',
    "cookie-name": 'write session-cookie = "NAME"',
    "cors-allow-origins": 'write cors = ["https://example.com"]',
    "cors-origins": 'write cors = ["https://example.com"]',
    "directory": 'write serve = "FOLDER"',
    "domain": 'write the name in the head of a table: [hosts."example.com"]',
    "error-log": "the log goes to standard error; see log-level and log-format",
    "folder": 'write serve = "FOLDER"',
    "gzip": 'write compress = ["zstd", "br", "gzip"]',
    "headers": 'write header = ["Name: value"]',
    "host": 'write bind = "HOST:PORT" for where to listen, or a table [hosts."example.com"] for a name',
    "htpasswd": 'write auth = "basic" and auth-users = "FILE"',
    "https": 'write tls = "cert.pem,key.pem"',
    "jwks": 'write jwt-keys = "FILE"',
    "jwks-uri": 'write jwt-keys-url = "https://…"',
    "jwks-url": 'write jwt-keys-url = "https://…"',
    "jwt-secret": "secrets stand in a file of their own, as a JWK Set; see jwt-keys and jwt-algorithms",
    "key": 'write tls = "cert.pem,key.pem"',
    "keyfile": 'write tls = "cert.pem,key.pem"',
    "limit-conn": "write concurrency-limit = 10",
    "limit-req": 'write rate-limit = "10/s"',
    "listen": 'write bind = "HOST:PORT"',
    "location": 'write a table [paths."/…"]',
    "locations": 'write tables [paths."/…"]',
    "login": 'write auth = "form"',
    "module": 'write serve = "main:app"',
    "mounts": 'write tables [paths."/…"]',
    "name": 'write the name in the head of a table: [hosts."example.com"]',
    "password": "passwords stand in a file of their own; see auth-users",
    "passwords": "passwords stand in a file of their own; see auth-users",
    "port": 'write bind = ":PORT", or bind = "PORT" for this machine only',
    "return": 'write redirect = "/old -> /new 308"',
    "root": 'write serve = "FOLDER"',
    "routes": 'write tables [paths."/…"]',
    "secret-key": "write session-key-file, or session-key",
    "server": "keys of the whole server stand at the top, without a table",
    "server-name": 'write the name in the head of a table: [hosts."example.com"]',
    "servers": 'write tables [hosts."example.com"]',
    "site": 'write a table [hosts."example.com"]',
    "sites": 'write tables [hosts."example.com"]',
    "ssl": 'write tls = "cert.pem,key.pem"',
    "ssl-certificate": 'write tls = "cert.pem,key.pem"',
    "ssl-certificate-key": 'write tls = "cert.pem,key.pem"',
    "static": 'write a table [paths."/static"] with serve = "FOLDER"',
    "target": 'write serve = "FOLDER" or serve = "main:app"',
    "targets": 'write serve = "FOLDER" or serve = "main:app"',
    "throttle": 'write rate-limit = "10/s"',
    "timeout": "write request-timeout",
    "tool": "write [tool.pellucid] in pyproject.toml only; in a file of its own the keys stand at the top",
    "username": "users stand in a file of their own; see auth-users, and require for who may come",
    "users": 'users stand in a file of their own: write auth = "basic" and auth-users = "FILE"',
    "vhosts": 'write tables [hosts."example.com"]',
    "zstd": 'write compress = ["zstd", "br", "gzip"]',
}
"""What others call a key, and what to write here."""


_SECRET = re.compile(r"([?&][^=&#]*(?:key|password|secret|token)[^=&#]*=)[^&#]+", re.IGNORECASE)


class Mistakes(ValueError):
    """All that is wrong with a file; as text it is the first of it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(map(_printable, lines))
        super().__init__(self.lines[0])


def unknown(key: str, known: Iterable[str]) -> str:
    """What to say of a key that there is not."""
    plain = key.lower().replace("_", "-")
    names = [*known]
    if plain in names:
        return f"keys are written in lower case and with dashes: {plain}"
    if plain.removeprefix("no-") in names:
        return f"{NO_SUCH}; write {plain.removeprefix('no-')} = false"
    if plain in ELSEWHERE:
        return f"{NO_SUCH}; {ELSEWHERE[plain]}"
    near = nearest(plain, names, ALIKE)
    return f"{NO_SUCH}; did you mean {near}?" if near else NO_SUCH


def spell_key(path: Sequence[str | int]) -> str:
    """A key as TOML writes it, with the tables around it."""
    return ".".join(
        each if re.fullmatch(r"[A-Za-z0-9_-]+", each) else spell_text(each) for each in path if isinstance(each, str)
    )


def spell_text(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=not text.isprintable()).replace("\x7f", "\\u007f")


def masked(text: str) -> str:
    """A text without the passwords of an address that is in it, such as redis://user:password@host?password=it."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text
    user, at, host = rest.rpartition("@")
    if at and ":" in user:
        rest = f"{user.partition(':')[0]}:{MASK}@{host}"
    return f"{scheme}://{_SECRET.sub(lambda match: match[1] + MASK, rest)}"


def in_keys(text: str, keys: Iterable[str]) -> str:
    """A sentence that was written for a command line, in the words of a file.

    >>> in_keys("give --tls too, or say --no-http2", ["tls", "http2"])
    'give tls too, or say http2 = false'
    """
    known = {*keys}
    text = re.sub(r"`pellucid serve --bind ([^` ]+)`", r'bind = "\1"', text)
    text = re.sub(r"`pellucid serve '?([^`' -][^`' ]*)'?`", lambda match: f"serve = {spell_text(match[1])}", text)
    return re.sub(r"--([a-z0-9][a-z0-9-]*)", lambda match: _in_key(match[1], known), text)


def _in_key(option: str, known: set[str]) -> str:
    positive = option.removeprefix("no-")
    if option in known:
        return option
    return f"{positive} = false" if positive in known else f"--{option}"


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
