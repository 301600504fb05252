"""A machine's names and addresses, as certificates for development tell them; it makes no certificate."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine by its name, empty where it has none of its own, and its addresses in private networks."""

    name: str
    addresses: tuple[Address, ...] = ()

    @property
    def names(self) -> list[str]:
        """The host names by which it is asked for; one of them is a wildcard."""
        own = [self.name] if self.name else []
        local = [f"{self.name}.local"] if self.name and "." not in self.name else []
        return ["localhost", "*.localhost", *own, *local]

    @property
    def domains(self) -> list[str]:
        """The domains in which all its names are, and those that it may have tomorrow."""
        return [*DOMAINS, *([self.name] if self.name else [])]


def this_machine(addresses: Sequence[str] = ()) -> Machine:
    """This machine; of its addresses, those of private networks. A name that DNS would not allow is left out."""
    name = socket.gethostname().lower().rstrip(".")
    label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    if name == "localhost" or len(name) > LONGEST or not re.fullmatch(rf"{label}(?:\.{label})*", name):
        name = ""
    known = [ip_address(each.partition("%")[0]) for each in ("127.0.0.1", "::1", *addresses)]
    return Machine(name, tuple(dict.fromkeys(filter(_private, known))))


def _private(address: Address) -> bool:
    return any(network.version == address.version and address in network for network in NETWORKS)
