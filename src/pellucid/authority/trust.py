"""How to make clients trust the authority: what a person types, where."""

from __future__ import annotations

import shlex
import sys


def how_to_trust(authority: str, platform: str = sys.platform) -> list[tuple[str, str]]:
    """Pairs of who is to trust the certificate in this file, and what to do for that."""
    path = shlex.quote(authority)
    curl = ("curl", f"curl --cacert {path} …")
    if platform == "darwin":
        keychain = "security add-trusted-cert -k ~/Library/Keychains/login.keychain-db"
        return [curl, ("Safari, Chrome", f"{keychain} {path}"), ("Firefox", "takes it from the keychain")]
    return [
        curl,
        ("Chrome", f"mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n pellucid -i {path}"),
        ("Firefox", f"Settings > View Certificates > Authorities > Import {path}"),
        (
            "Debian, Ubuntu",
            f"sudo cp {path} /usr/local/share/ca-certificates/pellucid.crt && sudo update-ca-certificates",
        ),
    ]
