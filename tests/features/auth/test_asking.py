"""Questions get the answer to themselves and no other, over connections that are kept while that is sure."""

from collections.abc import Iterator, Sequence

import pytest
from scripted import Scripted, answer, scripted

from pellucid.features.auth.asking import LARGEST, REST, Service
from pellucid.features.auth.remote import InTime

URL = "http://auth.example:9091/verify?x=1"


class Asking:
    """A service that is asked, and a clock that stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *script: Sequence[bytes | None], kept: bool = False) -> None:
        self.now = 0.0
        self.scripted: Scripted = scripted(monkeypatch, *script, kept=kept)
        self.service = Service(URL, 5.0, lambda: self.now)

    def ask(self) -> tuple[int, bytes]:
        told = self.service.ask({"X-One": "1"})
        return told.status, told.body


@pytest.fixture
def made() -> Iterator[list[Asking]]:
    made: list[Asking] = []
    yield made
    for each in made:
        for connection, _ in each.service._kept:
            connection.close()
        each.scripted.close()


def test_a_question_is_answered(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    made.append(asking := Asking(monkeypatch, [answer(200, b"yes", b"Remote-User: ada", b"X-Two: 1", b"X-Two: 2")]))
    told = asking.service.ask({"X-One": "1"})
    assert (told.status, told.body, told.field(b"remote-user")) == (200, b"yes", b"ada")
    assert (told.field(b"x-two"), told.field(b"x-three")) == (b"1, 2", None)
    head = asking.scripted.heads[0]
    assert head.startswith(b"GET /verify?x=1 HTTP/1.1\r\nHost: auth.example:9091\r\n")
    assert b"\r\nX-One: 1\r\n" in head


def test_a_connection_is_kept(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    made.append(asking := Asking(monkeypatch, [answer(200, b"1"), answer(401, b"2")], kept=True))
    assert [asking.ask(), asking.ask()] == [(200, b"1"), (401, b"2")]
    assert len(asking.scripted.opened) == 1


def test_a_connection_that_rested_too_long_is_opened_anew(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    made.append(asking := Asking(monkeypatch, [answer(200, b"1")], [answer(200, b"2")], kept=True))
    asking.ask()
    asking.now = REST + 1
    assert asking.ask() == (200, b"2")
    assert len(asking.scripted.opened) == 2


def test_a_connection_that_was_closed_is_opened_anew(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    made.append(asking := Asking(monkeypatch, [answer(200, b"1")], [answer(200, b"2")]))
    asking.ask()
    asking.scripted.done()
    assert asking.ask() == (200, b"2")


def test_a_connection_that_closes_when_asked_is_tried_once_more(
    monkeypatch: pytest.MonkeyPatch, made: list[Asking]
) -> None:
    made.append(asking := Asking(monkeypatch, [answer(200, b"1"), b""], [answer(200, b"2")]))
    asking.ask()
    assert asking.ask() == (200, b"2")


def test_a_new_connection_that_closes_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    made.append(asking := Asking(monkeypatch, [b""], [answer(200, b"2")]))
    with pytest.raises(OSError, match="RemoteDisconnected"):
        asking.ask()


def test_an_answer_that_nobody_has_asked_for_is_nobodys(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    # Taken for the answer to the next question it would let somebody in by another's right.
    made.append(asking := Asking(monkeypatch, [answer(401, b"no")], [answer(401, b"you")], kept=True))
    assert asking.ask() == (401, b"no")
    asking.scripted.say(answer(200, b"root"))
    assert asking.ask() == (401, b"you")


def test_a_head_in_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    made.append(asking := Asking(monkeypatch, [b"HTTP/1.1 200 OK\r\n", answer(200)], kept=True))
    moments = iter([0.0, 1.0])
    monkeypatch.setattr(InTime.__init__, "__defaults__", (lambda: next(moments, 5.0),))
    with pytest.raises(OSError, match="TimeoutError: its answer takes too long"):
        asking.ask()


def test_an_informational_answer_is_none(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    made.append(asking := Asking(monkeypatch, [hints + answer(200, b"root")], [answer(401, b"you")], kept=True))
    with pytest.raises(OSError, match="informational"):
        asking.ask()
    assert asking.ask() == (401, b"you")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer(200, b"x" * (LARGEST + 1)), "larger than 256 KiB"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nshort", "Incomplete"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "breaks off"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", "control character"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "100 headers"),
        (b"HTTP/1.1 xyz\r\n\r\n", "BadStatusLine"),
        (b"\x16\x03\x01", "BadStatusLine"),
    ],
)
def test_what_is_no_answer_is_a_failure_and_its_connection_is_not_kept(
    said: bytes, why: str, monkeypatch: pytest.MonkeyPatch, made: list[Asking]
) -> None:
    made.append(asking := Asking(monkeypatch, [said]))
    with pytest.raises(OSError, match=why):
        asking.ask()
    assert not asking.service._kept


def test_who_does_not_listen_is_a_failure(monkeypatch: pytest.MonkeyPatch, made: list[Asking]) -> None:
    made.append(asking := Asking(monkeypatch))
    with pytest.raises(OSError, match="refused"):
        asking.ask()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "verify",
        "ftp://a/",
        "http:///verify",
        "http://me:secret@a/",
        "http://a:b/",
        "http://a/ b",
        "http://a/#b",
        "http://ü/",
    ],
)
def test_what_is_no_url_of_a_service_is_refused(url: str) -> None:
    with pytest.raises(ValueError) as caught:
        Service(url, 5.0)
    assert "secret" not in str(caught.value)
