"""asgion inspects every message that we give to an ASGI application, and finds nothing."""

import json
import socket
import time
from pathlib import Path

import pytest
from launching import hosted
from newer import newer, with_asgion
from visiting import BYTES, PATIENCE, Ask, visit

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

HERE = Path(__file__).parent
LARGE = bytes(range(256)) * (1 << 12)  # 1 MiB

# Not OPTIONS *: its path is the asterisk, as under uvicorn, and asgion wants every path to begin with a slash.
CASES = [
    (Ask("GET", "/facts?a=1"), b"GET /facts True"),
    (Ask("GET", "/caf%C3%A9/%2e/x"), b"GET /caf\xc3\xa9/./x True"),
    (Ask("GET", "http://other.example/absolute"), b"GET /absolute True"),
    (Ask("HEAD", "/facts"), b""),
    (Ask("OPTIONS", "/facts"), b"OPTIONS /facts True"),
    (Ask("DELETE", "/facts"), b"DELETE /facts True"),
    (Ask("POST", "/facts", BYTES, b"a body"), b"POST /facts True"),
    (Ask("POST", "/facts", BYTES, LARGE), b"POST /facts True"),
    (Ask("POST", "/echo", BYTES, b"a body"), b"a body"),
    (Ask("POST", "/echo", BYTES, b""), b""),
    (Ask("POST", "/echo", BYTES, LARGE), LARGE),
    (Ask("PUT", "/echo", BYTES, (b"in ", b"chunks", LARGE)), b"in chunks" + LARGE),
    (Ask("GET", "/nothing"), b""),
    (Ask("GET", "/extended"), b""),  # of which this client takes the early hint for the answer
    (Ask("GET", "/twice"), b"once"),
]


def test_asgion_finds_nothing_but_what_was_planted_for_it(tmp_path: Path) -> None:
    python, version = newer()
    path = with_asgion(version, tmp_path / "packages")
    findings = tmp_path / "findings"
    findings.touch()
    command = (python, "-m", "pellucid")
    with hosted("inspected:inspected", HERE, command=command, PYTHONPATH=path, FINDINGS=str(findings)) as server:
        for ask, body in CASES:
            answer = visit(server.port, ask)
            assert answer.status in (103, 200, 204), ask
            assert answer.body == body, ask
        leave_in_the_middle(server.port, Path(f"{findings}.abandoned"))
        assert server.end()[0] == 0
    found = [json.loads(line) for line in findings.read_text("utf-8").splitlines()]
    assert [(where, rule) for where, rule, _ in found] == [("/twice", "HF-004")], found


def leave_in_the_middle(port: int, noticed: Path) -> None:
    """Go away while the application waits for the rest of a body, and wait until it has noticed."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(b"POST /abandoned HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nsome")
    deadline = time.monotonic() + PATIENCE
    while not noticed.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
