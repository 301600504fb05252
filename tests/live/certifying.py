"""Certificates for tests of whole servers: what an authority signs, in files as `--tls` wants them."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.x509 import ExtendedKeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID

import signing

USAGE = ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM files."""

    certificate: Path
    key: Path

    @property
    def option(self) -> str:
        """As `--tls` wants them."""
        return f"{self.certificate},{self.key}"


class Authority:
    """Signs certificates for servers and for clients."""

    def __init__(self, folder: Path, name: str = "An authority of these tests") -> None:
        self._authority = signing.Authority(folder, name)
        self.path = Path(self._authority.path)

    def pair(self, name: str, *others: str, file: str = "") -> Pair:
        """A certificate for a server of these names, or for a client that is called so, in files of that name."""
        return Pair(*map(Path, self._authority.sign(name, *others, file=file, extras=[USAGE])))


def make_pair(folder: Path) -> Pair:
    """A certificate for this machine's own names."""
    return Authority(folder).pair("localhost", "127.0.0.1")
