"""What stands at a URL is fetched from there and nowhere else, within bounds of time and size."""

from collections.abc import Iterator

import pytest
from scripted import Scripted, answer, scripted

from pellucid.features.auth.fetching import LARGEST, check_url, fetched

URL = "http://127.0.0.1:8123/keys?a=b"


@pytest.fixture
def services() -> Iterator[list[Scripted]]:
    made: list[Scripted] = []
    yield made
    for service in made:
        service.close()


def test_what_stands_there_is_fetched(monkeypatch: pytest.MonkeyPatch, services: list[Scripted]) -> None:
    services.append(service := scripted(monkeypatch, [answer(200, "{“keys”: 1}".encode())]))
    assert fetched(URL) == "{“keys”: 1}"
    assert service.heads[0].startswith(b"GET /keys?a=b HTTP/1.1\r\n")
    assert service.opened == [("127.0.0.1", 8123)]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer(404, b"no"), "answers 404"),
        (answer(500), "answers 500"),
        (answer(302, b"", b"Location: http://169.254.169.254/"), "answers 302"),
        (answer(301, b"", b"Location: file:///etc/passwd"), "answers 301"),
        (answer(200, b"\xff"), "no text"),
        (answer(200, b"x" * (LARGEST + 1)), "larger than 1024 KiB"),
        (b"nonsense\r\n\r\n", "does not answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "breaks off"),
        (b"", "does not answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "does not answer"),
    ],
)
def test_what_is_no_answer_is_told_in_one_line(
    said: bytes, why: str, monkeypatch: pytest.MonkeyPatch, services: list[Scripted]
) -> None:
    services.append(service := scripted(monkeypatch, [said]))
    with pytest.raises(ValueError, match=why) as caught:
        fetched(URL)
    assert "\n" not in str(caught.value)
    assert len(service.opened) == 1


def test_who_does_not_listen_is_told_of(monkeypatch: pytest.MonkeyPatch, services: list[Scripted]) -> None:
    services.append(scripted(monkeypatch))
    with pytest.raises(ValueError, match="does not answer: Connection refused"):
        fetched(URL)


def test_an_answer_in_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, services: list[Scripted]) -> None:
    moments = iter([0.0, 6.0])
    monkeypatch.setattr("pellucid.features.auth.fetching.time.monotonic", lambda: next(moments, 6.0))
    services.append(scripted(monkeypatch, [answer(200, b"x")]))
    with pytest.raises(ValueError, match="takes too long"):
        fetched(URL)


@pytest.mark.parametrize(
    "url",
    ["https://issuer.example/keys", "https://issuer.example:8443/k?x=1", "http://localhost/k", "http://[::1]:80/k"],
)
def test_a_url_that_can_be_asked(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/keys",
        "http://localhost.evil.example/keys",
        "http://127.0.0.1@evil.example/keys",
        "https://me:secret@issuer.example/keys",
        "file:///etc/passwd",
        "ftp://issuer.example/keys",
        "https:///keys",
        "https://issuer.example:port/keys",
        "https://[::1/keys",
        "https://issuer.example/a b",
        "https://issuer.example/a\nb",
        "https://issuer.example/ü",
        "keys.json",
        "",
    ],
)
def test_a_url_that_cannot_be_believed_is_refused(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_url(url)
    assert "secret" not in str(caught.value)
