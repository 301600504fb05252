"""Where to listen, as a person writes it, and the ports that this means; it knows no HTTP."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
from collections.abc import Sequence
from dataclasses import dataclass

from pellucid.net.access import Access
from pellucid.net.port import DEFAULT_ACCESS, Port
from pellucid.tracebacks import reason_of

DEFAULT = "127.0.0.1:8000"
DEFAULT_PORT = 8000
EXPECTED = "write HOST:PORT, PORT, :PORT, unix:PATH or fd:N"


@dataclass(frozen=True, slots=True)
class Tcp:
    """A host name or address, and a port; the host is empty for all of the machine's addresses."""

    host: str
    port: int

    def open(self) -> list[Port]:
        """A port for each address that the host has, all with the same number. Raises OSError."""
        ports: list[Port] = []
        for host in self._hosts():
            number = int(ports[0].address.rpartition(":")[2]) if ports else self.port
            try:
                ports.append(Port.tcp(host, number))
            except OSError as error:
                # Many machines have IPv6 in their files and not in their kernel: one address that works is enough.
                if ports and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    continue
                for port in ports:
                    port.close()
                raise
        return ports

    def _hosts(self) -> list[str]:
        if not self.host:
            return ["0.0.0.0", "::"]
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        return sorted({str(address[4][0]) for address in found}, key=lambda host: ":" in host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Unix:
    """A socket in the file system, and who may connect to it."""

    path: str
    access: Access = DEFAULT_ACCESS

    def open(self) -> list[Port]:
        """The port at this path. Raises OSError."""
        return [Port.unix(self.path, self.access)]

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class Inherited:
    """A socket that is open already."""

    fd: int

    def open(self) -> list[Port]:
        """The port over this descriptor. Raises OSError, or ValueError if it is none."""
        return [Port.inherited(self.fd)]

    def __str__(self) -> str:
        return f"fd:{self.fd}"


Address = Tcp | Unix | Inherited


def parse_address(text: str) -> Address:
    """The address that a text means; ValueError says what was expected."""
    if text.startswith("unix:"):
        return _unix(text)
    if text.startswith("fd:"):
        if not re.fullmatch(r"fd:[0-9]{1,6}", text):
            raise ValueError(f"{text!r} is no descriptor: write fd:3 or another number")
        return Inherited(int(text[3:]))
    if re.fullmatch(r"[0-9]+", text):
        return Tcp("127.0.0.1", _port(text, text))
    if "/" in text:
        raise ValueError(f"{text!r} is no address: {_hint(text)}")
    match = re.fullmatch(r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^\[\]:/@?#\s]*))(?::(?P<port>[^:]*))?", text)
    if not match or not text:
        raise ValueError(f"{text!r} is no address: {_hint(text)}")
    host = match["six"] or match["host"] or ""
    # `[::]` stands for all, IPv4 too, as it does for most who write it.
    return Tcp(
        "" if host in ("*", "::") else host, _port(match["port"], text) if match["port"] is not None else DEFAULT_PORT
    )


def open_ports(texts: Sequence[str], access: Access = DEFAULT_ACCESS) -> list[Port]:
    """The ports at all these addresses, or none: ValueError says in one line what is wrong and what to do. `access`
    says who may connect to those in the file system.
    """
    ports: list[Port] = []
    try:
        for address in map(parse_address, texts):
            if isinstance(address, Unix):
                address = Unix(address.path, access)
            try:
                ports += address.open()
            except UnicodeError as error:
                raise ValueError(f"cannot listen on {address}: that is no host name") from error
            except OSError as error:
                raise ValueError(_explain(address, error)) from error
    except ValueError:
        for port in ports:
            port.close()
        raise
    return ports


def addresses_of(ports: Sequence[Port]) -> list[str]:
    """The addresses of the ports. One port can have two: an inherited socket may take IPv4 and IPv6."""
    return [address for port in ports for address in _both_kinds(port)]


def _both_kinds(port: Port) -> list[str]:
    host, _, number = port.address.rpartition(":")
    if host != "[::]":
        return [port.address]
    with socket.socket(fileno=os.dup(port.fd)) as copy:
        only = copy.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    return [port.address] if only else [f"0.0.0.0:{number}", port.address]


def reachable(address: str) -> list[str]:
    """Where a port of this address can be reached: "all addresses" is spelled out, without asking DNS."""
    host, _, number = address.rpartition(":")
    if host == "0.0.0.0":
        return [f"{each}:{number}" for each in dict.fromkeys(["127.0.0.1", *_own_address(socket.AF_INET, "192.0.2.1")])]
    if host == "[::]":
        return [f"[{each}]:{number}" for each in dict.fromkeys(["::1", *_own_address(socket.AF_INET6, "2001:db8::1")])]
    return [address]


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 one, of which one line has 2^64 addresses."""
    if ":" not in address or address.startswith("::ffff:"):
        return address
    packed = socket.inet_pton(socket.AF_INET6, address.partition("%")[0])
    return socket.inet_ntop(socket.AF_INET6, packed[:8] + bytes(8))


def _own_address(family: int, elsewhere: str) -> list[str]:
    # Connecting a datagram socket sends nothing: the kernel only chooses a way, and with it the address to come from.
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            return [str(probe.getsockname()[0])]
    except OSError:
        return []


def _explain(address: Address, error: OSError) -> str:
    reason = reason_of(error)
    if isinstance(error, socket.gaierror):
        return f"cannot listen on {address}: no address is known for that host ({reason})"
    if isinstance(address, Unix) and error.errno == errno.EADDRINUSE and not _is_socket(address.path):
        kind = "folder" if os.path.isdir(address.path) else "file"
        return f"cannot listen on {address}: there is a {kind} already, which is no socket; choose another path"
    if error.errno == errno.EADDRINUSE:
        return f"cannot listen on {address}: it is taken; end what listens there, or choose another address with --bind"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"cannot listen on {address}: this machine does not have that address; :PORT takes all that it has"
    if isinstance(address, Inherited):
        return f"cannot listen on {address}: it is not an open socket ({reason}); whoever starts the server opens it"
    if error.errno in (errno.EACCES, errno.EPERM) and isinstance(address, Tcp):
        return f"cannot listen on {address}: ports below 1024 are for root; choose a higher one, such as {DEFAULT_PORT}"
    if error.errno == errno.ENOENT and isinstance(address, Unix):
        return f"cannot listen on {address}: there is no folder {os.path.dirname(address.path)}"
    if error.errno in (errno.EACCES, errno.EPERM) and isinstance(address, Unix):
        folder = os.path.dirname(address.path) or "."
        return f"cannot listen on {address}: {reason}; a socket is made by who may write into {folder}"
    return f"cannot listen on {address}: {reason}"


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _unix(text: str) -> Unix:
    path = text.removeprefix("unix:")
    if not path or "\0" in path:
        raise ValueError(f"{text!r} names no socket: write unix:PATH")
    return Unix(path)


def _port(port: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f"{text!r} has no port between 0 and 65535: {EXPECTED}")
    return int(port)


def _hint(text: str) -> str:
    six, _, port = text.rpartition(":")
    if port.isdecimal() and _is_ipv6(six):
        return f"an IPv6 address stands in brackets: write [{six}]:{port}"
    if re.fullmatch(r"[0-9A-Fa-f:.]+", text):
        return f"an IPv6 address stands in brackets, such as [{text}]:{DEFAULT_PORT}"
    match = re.match(r"https?://([^/\s]+)", text)
    if match:
        return f"write {match[1]}"
    return f"for a socket in the file system write unix:{text}" if "/" in text else EXPECTED


def _is_ipv6(text: str) -> bool:
    try:
        return bool(socket.inet_pton(socket.AF_INET6, text))
    except (OSError, ValueError):  # ValueError for characters that no address has
        return False
