"""The standard library's validator and WebTest's lint watch us serve, over sockets, and have nothing to say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from launching import hosted
from running import Running
from visiting import BYTES, FORM, Ask, visit

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

HERE = Path(__file__).parent
LARGE = bytes(range(256)) * (5 << 12)  # 5 MiB
TARGETS = ["validated:validated", "validated:linted"]
WSGI = ("--interface", "wsgi")  # a judge takes any arguments, and so does not show what it speaks
WAYS = {"on threads": ("--threads", "4"), "inline": ("--threads", "0")}
SAID = ["said to wsgi.errors", "and more"]

CASES = [
    (Ask("GET", "/"), b"GET [] [/] []"),
    (Ask("GET", "/caf%C3%A9%20/x?a=1&b=%20"), b"GET [] [/caf\xc3\xa9 /x] [a=1&b=%20]"),
    (Ask("GET", "http://other.example/absolute?"), b"GET [] [/absolute] []"),
    (Ask("HEAD", "/"), b""),
    (Ask("OPTIONS", "/"), b"OPTIONS [] [/] []"),
    (Ask("OPTIONS", "*"), b"OPTIONS [] [] []"),
    (Ask("DELETE", "/"), b"DELETE [] [/] []"),
    (Ask("PATCH", "/", FORM, b"x=1"), b"PATCH [] [/] []"),
    (Ask("POST", "/", FORM, b"nobody reads this"), b"POST [] [/] []"),
    (Ask("POST", "/echo", BYTES, b""), b""),
    (Ask("POST", "/echo", BYTES, b"a body"), b"a body"),
    (Ask("POST", "/echo", BYTES, LARGE), LARGE),
    (Ask("PUT", "/echo", BYTES, (b"a ", b"body ", b"in chunks")), b"a body in chunks"),
    (Ask("POST", "/echo", BYTES, (LARGE, LARGE)), LARGE + LARGE),
    (Ask("POST", "/echo", {}, b"of no type"), b"of no type"),
    (Ask("POST", "/lines", BYTES, b"one\ntwo\nthree\n\nfour"), b"one\ntwo\nthree\n\nfour"),
    (Ask("GET", "/write"), b"written, then given"),
    (Ask("HEAD", "/write"), b""),
    (Ask("GET", "/complain"), b"begun anew"),
    (Ask("GET", "/file"), b"file " * (64 << 10)),
    (Ask("GET", "/nothing"), b""),
]


@pytest.fixture(scope="module", params=TARGETS, ids=["the validator", "the lint"])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=list(WAYS.values()), ids=list(WAYS))
def server(target: str, request: pytest.FixtureRequest) -> Iterator[Running]:
    """A judged application, of which the log must tell nothing but what it says itself."""
    with hosted(target, HERE, *WSGI, *request.param) as running:
        yield running
        status, _, errors = running.end()
    assert status == 0
    assert [line for line in errors.splitlines() if not line.endswith(tuple(SAID))] == []


@pytest.mark.parametrize(("ask", "body"), CASES, ids=[str(ask) for ask, _ in CASES])
def test_a_judge_is_silent_about_a_request(server: Running, ask: Ask, body: bytes) -> None:
    answer = visit(server.port, ask)
    assert answer.status in (200, 204, 404)
    assert answer.whole
    assert answer.body == body


def test_a_judge_is_silent_about_a_mount(target: str) -> None:
    with hosted("/sub=" + target, HERE, *WSGI) as server:
        for path, within in {"/sub": b"[]", "/sub/": b"[/]", "/sub/x": b"[/x]", "/sub/sub": b"[/sub]"}.items():
            answer = visit(server.port, Ask("GET", path))
            assert (answer.status, answer.body) == (200, b"GET [/sub] %b []" % within)
        assert server.end()[::2] == (0, "")


def test_a_judge_that_objects_is_heard(target: str) -> None:
    with hosted(target, HERE, *WSGI) as server:
        assert visit(server.port, Ask("GET", "/wrong")).status == 500
        assert "The Status header cannot be used" in server.end()[2]
