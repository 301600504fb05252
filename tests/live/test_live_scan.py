"""A scanner of TLS finds no weak version, cipher suite or group."""

import re
import subprocess
from pathlib import Path

import pytest
from certifying import make_pair
from programs import program
from running import PATIENCE, Running

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

SUITES = {
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
}
GROUPS = {"x25519", "x448", "secp256r1", "secp384r1", "secp521r1"}


def scanned(tmp_path: Path, *options: str) -> str:
    """What sslscan tells of a server."""
    scanner = program("sslscan")
    (tmp_path / "site").mkdir()
    command = ("serve", str(tmp_path / "site"), "--bind", "127.0.0.1:0", "--tls", make_pair(tmp_path).option)
    with Running(*command, *options) as server:
        address = f"localhost:{server.port}"
        done = subprocess.run(
            [scanner, "--no-colour", "--ipv4", address], capture_output=True, text=True, timeout=3 * PATIENCE
        )
        assert server.end()[0] == 0
    return done.stdout


@pytest.mark.parametrize(("options", "versions"), [((), {"TLSv1.2", "TLSv1.3"}), (("--tls-min", "1.3"), {"TLSv1.3"})])
def test_a_scanner_finds_nothing_weak(options: tuple[str, ...], versions: set[str], tmp_path: Path) -> None:
    told = scanned(tmp_path, *options)
    assert set(re.findall(r"^(SSLv\d|TLSv1\.\d) +enabled", told, re.MULTILINE)) == versions
    suites = re.findall(r"^(?:Preferred|Accepted) +(TLSv1\.\d) +\d+ bits +(\S+)", told, re.MULTILINE)
    assert {version for version, _ in suites} == versions
    assert {suite for _, suite in suites} <= SUITES
    groups = re.findall(r"^TLSv1\.\d +\d+ bits +(\S+)(?: \(.*\))?$", told, re.MULTILINE)
    assert "x25519" in groups
    assert GROUPS.issuperset(groups)
    assert "Session renegotiation not supported" in told
    assert not re.search(r"^(?!.*not vulnerable).*vulnerable to heartbleed", told, re.MULTILINE)
