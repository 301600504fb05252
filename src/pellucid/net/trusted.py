"""Which peers are proxies whose word about their clients is believed; it knows neither what they say nor how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from pellucid.setting import setting

LONGEST = 64
"""How long a text may be that is read as an address: longer ones are none."""

KEPT = 1024
"""How many addresses each memory of what was found out holds."""

# By RFC 1918, 6598, 3927, 4193 and 4291, what stands for "our own machines" in clouds and clusters.
WORDS: dict[str, tuple[str, ...]] = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "private": (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    ),
    "unix": (),
    "*": ("0.0.0.0/0", "::/0"),
}
"""The words that may stand for networks; `unix` is for peers on a socket in the file system, `*` for all of them."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """Who stands in front, and whether it announces its clients before it speaks HTTP."""

    trusted_proxies: tuple[str, ...] = setting(
        (),
        "Proxies whose word about their clients is believed: an address, a network such as 10.0.0.0/8, loopback, "
        "private (which holds loopback too), unix for whoever comes over a unix socket, or * for everybody; several "
        "with commas between. From all others what proxies say is taken out of the request.",
        unit="network",
    )
    proxy_protocol: bool = setting(
        False,
        "Connections from trusted proxies begin with the PROXY protocol, version 1 or 2, and only theirs.",
    )


class Trusted:
    """The networks of those who are trusted. `holds` answers for an address, `peer` for whoever is at the other end."""

    __slots__ = ("_networks", "_unix", "anybody", "holds")

    def __init__(self, texts: Iterable[str]) -> None:
        """Texts as in ProxySettings; ValueError says which is no network."""
        words = [word for text in texts for part in text.split(",") if (word := part.strip())]
        self._networks = tuple(_network(each) for word in words for each in WORDS.get(word, (word,)))
        self._unix = "unix" in words or "*" in words
        self.anybody = bool(words)
        self.holds = lru_cache(KEPT)(self._holds)

    def peer(self, address: str, local: str) -> bool:
        """Whether a peer is trusted that has this address, empty where there is none, and came to that one."""
        return self.holds(address) if address else self._unix and local.startswith("unix:")

    def _holds(self, text: str) -> bool:
        address = parse_ip(text)
        return address is not None and any(_six(address) in network for network in self._networks)


@lru_cache(KEPT)
def parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a text is, an IPv4 address that is wrapped in IPv6 unwrapped, or None."""
    try:
        address = ip_address(text.partition("%")[0]) if len(text) <= LONGEST else None
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


def _network(text: str) -> IPv6Network:
    try:
        network = ip_network(text)
    except ValueError:
        near = _near(text)
        raise ValueError(
            f"{text!r} is no network{near}: write an address, a network such as 10.0.0.0/8, {', '.join(WORDS)}"
        ) from None
    if isinstance(network, IPv6Network):
        return network
    # One kind is enough to compare: IPv4 as it is wrapped in IPv6 (RFC 4291 section 2.5.5.2).
    return IPv6Network(((0xFFFF << 32) + int(network.network_address), 96 + network.prefixlen))


def _six(address: IPv4Address | IPv6Address) -> IPv6Address:
    return address if isinstance(address, IPv6Address) else IPv6Address((0xFFFF << 32) + int(address))


def _near(text: str) -> str:
    try:
        return f" (did you mean {ip_network(text, strict=False)}?)"  # bits of a host are set behind the prefix
    except ValueError:
        return ""
