"""The certificates that all servers show alike, made afresh for each run; who shows them is not known here."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """Where a certificate and its key lie, in PEM; the key is in PKCS #8, which every server reads."""

    file: Path
    key: Path


# The curve that every client knows, and the size of RSA that those have who stay with RSA.
KEYS = {
    "ecdsa": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    "rsa": ("-newkey", "rsa:2048"),
}


def certificate(folder: Path, kind: str = "ecdsa") -> Certificate:
    """The certificate of that kind in the folder, made by the openssl command if it is not there."""
    made = Certificate(folder / f"{kind}.pem", folder / f"{kind}.key")
    if not made.file.exists():
        name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        files = ("-keyout", f"{made.key}", "-out", f"{made.file}")
        command = ["openssl", "req", "-x509", "-noenc", "-days", "2", *KEYS[kind], *name, *files]
        subprocess.run(command, check=True, capture_output=True)
    return made
