"""The name of a host, in one spelling; it knows no request, and no host that is served."""

from __future__ import annotations


def host_of(authority: bytes) -> bytes:
    """The host in an authority (RFC 3986 section 3.2.2): in lower case, without its port and without the dot that may
    end a name; an IPv6 address keeps its brackets. The authority is one: whoever has parsed the request has seen to it.

    >>> host_of(b"WWW.Example.com.:8080"), host_of(b"[2001:DB8::1]:443")
    (b'www.example.com', b'[2001:db8::1]')
    """
    end = authority.find(b"]") + 1
    host = authority[:end] if end else authority.partition(b":")[0]
    return host.lower().removesuffix(b".")
