"""A machine's names and addresses, as certificates for development tell them; it makes no certificate."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DOMAINS = ("localhost", "local", "internal", "home.arpa")
"""Domains that nobody can own (RFC 6761, 6762 and 8375; `internal` by a resolution of ICANN's)."""

NETWORKS: tuple[Network, ...] = (
    *map(IPv4Network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    *map(IPv4Network, ("100.64.0.0/10", "169.254.0.0/16")),
    *map(IPv6Network, ("::1/128", "fc00::/7", "fe80::/10")),
)
"""The networks likewise (RFC 1122, 1918, 6598, 3927, 4291 and 4193)."""

LONGEST = 60
"""How long a machine's name may be that stands in a certificate's own name, in characters."""


_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine by its name, empty where it has none of its own, its addresses in private networks, and other names by
    which somebody wants to ask for it. Where there is an authority already, it is known in that one's `bounds` only.
    """

    name: str
    addresses: tuple[Address, ...] = ()
    others: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The host names by which it is asked for; one of them is a wildcard."""
        own = [self.name] if self.name else []
        local = [f"{self.name}.local"] if self.name and "." not in self.name else []
        return list(filter(self.owns, dict.fromkeys(["localhost", "*.localhost", *own, *local, *self.others])))

    @property
    def domains(self) -> list[str]:
        """The domains in which all its names are, and those that it may have tomorrow."""
        return list(self.bounds or (*DOMAINS, *([self.name] if self.name else [])))

    def owns(self, name: str) -> bool:
        """Whether a host name is in one of its domains, or an address in a private network."""
        address = _address(name)
        if address is not None:
            return _private(address)
        return any(name == domain or name.endswith(f".{domain}") for domain in self.domains)

    def calling(self, *names: str) -> Machine:
        """The machine with other names and addresses as well. ValueError for one that its authority could not speak
        for.
        """
        others, addresses = [*self.others], [*self.addresses]
        for name in names:
            address = _address(name)
            if address is None and (len(name) > 253 or not _HOST.fullmatch(name)):
                raise ValueError(f"{name!r} is no host name")
            if not self.owns(name):
                domains = f"beneath {', '.join(self.domains[:-1])} or {self.domains[-1]}"
                raise ValueError(f"{name!r} is not {domains if address is None else 'in a private network'}")
            if address is None:
                others.append(name)
            else:
                addresses.append(address)
        return replace(self, others=tuple(dict.fromkeys(others)), addresses=tuple(dict.fromkeys(addresses)))

    def within(self, bounds: Sequence[str]) -> Machine:
        """The machine by those of its names that are in these domains. ValueError for another name that is not."""
        return replace(self, others=(), bounds=tuple(bounds)).calling(*self.others)


def this_machine(addresses: Sequence[str] = ()) -> Machine:
    """This machine; of its addresses, those of private networks. A name that DNS would not allow is left out."""
    name = socket.gethostname().lower().rstrip(".")
    if name == "localhost" or len(name) > LONGEST or not _HOST.fullmatch(name):
        name = ""
    known = [ip_address(each.partition("%")[0]) for each in ("127.0.0.1", "::1", *addresses)]
    return Machine(name, tuple(dict.fromkeys(filter(_private, known))))


def _address(text: str) -> Address | None:
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _private(address: Address) -> bool:
    return any(network.version == address.version and address in network for network in NETWORKS)
