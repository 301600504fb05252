"""The four forms of a request target and the host rules (RFC 9112 section 3.2, RFC 9110 sections 4.2 and 7.2)."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import NamedTuple

from pellucid.protocol.fields import KEPT, KEPT_LENGTH, Broken, remember
from pellucid.protocol.grammar import ABSOLUTE, AUTHORITY, ESCAPED_DELIMITER, PATH_ACCEPTED, QUERY_ACCEPTED


class Target(NamedTuple):
    """A target taken apart. `authority` is empty where the form has none."""

    path: bytes
    query: bytes
    authority: bytes = b""


def parse_target(method: str, target: bytes) -> Target:
    """Take a target apart in the form that its method allows, or raise Broken with 400."""
    if method == "CONNECT":
        return _authority_form(target)
    if target[:1] == b"/":
        return _path_and_query(target, b"")
    if target == b"*":
        if method != "OPTIONS":
            raise Broken(400, "the target * is for OPTIONS only (RFC 9112 3.2.4)")
        return Target(b"*", b"")
    return _absolute_form(method, target)


def _path_and_query(target: bytes, authority: bytes) -> Target:
    path, _, query = target.partition(b"?")
    if path.translate(None, PATH_ACCEPTED) or query.translate(None, QUERY_ACCEPTED):
        raise Broken(400, _fault_of_characters(target))
    return Target(path, query, authority)


def _fault_of_characters(target: bytes) -> str:
    if b"#" in target:
        return "a fragment in the request target (RFC 9112 3.2)"
    return "a character in the request target that must be percent-encoded (RFC 3986 2)"


def _absolute_form(method: str, target: bytes) -> Target:
    match = ABSOLUTE.fullmatch(target)
    if match is None:
        raise Broken(400, "the request target has none of the four forms (RFC 9112 3.2)")
    if match["scheme"].lower() not in (b"http", b"https"):
        raise Broken(400, "the scheme of the request target is not http or https (RFC 9110 4.2)")
    authority = match["authority"]
    check_host(authority, "the authority of the request target")
    rest = match["rest"]
    if not rest and method == "OPTIONS":
        return Target(b"*", b"", authority)  # RFC 9112 3.2.4: how a proxy is asked for OPTIONS *
    return _path_and_query(rest if rest[:1] == b"/" else b"/" + rest, authority)


def _authority_form(target: bytes) -> Target:
    match = AUTHORITY.fullmatch(target)
    if match is None or not match["port"]:
        raise Broken(400, "CONNECT wants host:port as its target (RFC 9112 3.2.3)")
    check_host(target, "the target of CONNECT")
    return Target(b"", b"", target)


class _Hosts(dict[bytes, str]):
    """A bounded cache of what is wrong with a host; empty where it is right."""

    def __missing__(self, host: bytes) -> str:
        fault = _fault_of_host(host)
        if len(host) <= KEPT_LENGTH:
            remember(self, host, fault, KEPT)
        return fault


_hosts = _Hosts()


def check_host(host: bytes, what: str) -> None:
    """Refuse what is no `uri-host [ ":" port ]`: empty, a list, with userinfo or a path (RFC 9110 4.2, 7.2)."""
    fault = _hosts[host]
    if fault:
        raise Broken(400, f"{what} {fault}")


def _fault_of_host(host: bytes) -> str:
    match = AUTHORITY.fullmatch(host)
    if match is None:
        return _fault_of_form(host)
    if int(match["port"] or 0) > 65535:
        return "is no host (RFC 9110 7.2)"
    if match["address"] and not _is_address(match["address"]):
        return "has no IPv6 address between its brackets (RFC 3986 3.2.2)"
    if ESCAPED_DELIMITER.search(host):
        return "has an escaped delimiter or control character (RFC 3986 3.2.2)"
    return ""


def _fault_of_form(host: bytes) -> str:
    if not host or host[:1] == b":":
        return "is empty (RFC 9110 4.2.1)"
    if b"@" in host:
        return "has userinfo (RFC 9110 4.2.4)"
    if b"," in host:
        return "is a list (RFC 9112 3.2)"
    return "is no host (RFC 9110 7.2)"


def _is_address(text: bytes) -> bool:
    try:
        IPv6Address(text.decode())
    except ValueError:
        return False
    return True
