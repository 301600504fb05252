"""What apps do wrong, at any moment, costs nothing but their exchange: a 500 or a cut, and nothing stays open."""

from asyncio import CancelledError

import pytest
from conversing import (
    HELLO,
    Later,
    Script,
    Stage,
    answering,
    hello,
    request,
    statuses,
)

from pellucid.errors import FileChanged
from pellucid.message import Response
from pellucid.server.exchange import Exchange


def explode(exchange: Exchange) -> None:
    raise ZeroDivisionError("on purpose")


def explode_after_an_answer(exchange: Exchange) -> None:
    hello(exchange)
    raise ZeroDivisionError("on purpose")


def answer_twice(exchange: Exchange) -> None:
    hello(exchange)
    hello(exchange)


WRONG = {
    "an exception": explode,
    "an exception after an answer": explode_after_an_answer,
    "two answers": answer_twice,
    "a line break in a field": answering(b"", x="a\r\nb: c"),
    "a body longer than said": answering(b"12345", content_length="3"),
    "a body shorter than said": answering(b"12345", content_length="9"),
    "a source of another length than said": answering(Script(b"12345", length=5), content_length="9"),
    "a first piece longer than said": answering(Script(b"123456"), content_length="5"),
    "a first piece longer than its source": answering(Script(b"123456", length=5)),
    "a source that is empty at once": answering(Script(), content_length="5"),
    "a source of a negative length": answering(Script(None, length=-1)),
    "a source of half a length": answering(Script(b"12345", length=5.5)),  # type: ignore[arg-type]
    "no answer for an answer": lambda exchange: exchange.respond(None),
    "a length that is no number": answering(b"", content_length="five"),
    "framing of its own": answering(b"", transfer_encoding="chunked"),
    "an informational answer as the final one": answering(b"", status=103),
    "a status that is none": answering(b"", status=1000),
    "a status that is no number": lambda exchange: exchange.respond(Response("200")),  # type: ignore[arg-type]
    "a tunnel that was not asked for": answering(Script(b"x"), status=101),
    "a body that is no body": answering("text"),
    "no body at all": answering(None),
    "an empty piece at first": answering(Script(b"", b"x")),
    "a piece that is none": answering(Script("text")),  # type: ignore[arg-type]
    "a source that fails at first": answering(Script(ZeroDivisionError("on purpose"))),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_goes_wrong_before_the_head_is_a_500(name: str) -> None:
    stage = Stage(WRONG[name])
    client = stage.client()
    answer = client.talk(HELLO)
    assert statuses(answer) == [500]
    assert answer.endswith(b"\r\n\r\n500 Internal Server Error\n")
    assert len(stage.errors) >= 1
    assert "the app failed\n" in stage.errors[0]
    assert statuses(client.talk(HELLO)) == [500]


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), CancelledError(), ZeroDivisionError()])
@pytest.mark.parametrize("where", ["app", "source", "on_gone"])
def test_nothing_that_an_app_raises_ends_the_server(error: BaseException, where: str) -> None:
    def fail() -> None:
        raise error

    def app(exchange: Exchange) -> None:
        if where == "app":
            fail()
        elif where == "source":
            exchange.respond(Response(200), Script(error))
        else:
            exchange.on_gone = fail

    stage = Stage(app)
    client = stage.client()
    client.send(HELLO)
    stage.settle()
    client.link.abort()
    stage.settle()
    assert len(stage.errors) == 1
    assert stage.open_connections == 0


@pytest.mark.parametrize("where", ["app", "on_gone"])
def test_an_interrupt_is_for_the_process(where: str) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    def app(exchange: Exchange) -> None:
        if where == "app":
            fail()
        else:
            exchange.on_gone = fail
            exchange.abort("enough")

    stage = Stage(app)
    stage.client().send(HELLO)
    with pytest.raises(KeyboardInterrupt):
        stage.settle()


@pytest.mark.parametrize(
    ("source", "most"),
    [
        (Script(b"123", b"456", length=5), b"123"),
        (Script(b"123", b"456"), b"123"),
        (Script(b"123", ZeroDivisionError("on purpose")), b"123"),
        (Script(b"123", b"", b"456"), b"123"),
        (Script(b"123", "text"), b"123"),  # type: ignore[arg-type]
        (Script(b"123", length=5), b"123"),
    ],
)
def test_what_goes_wrong_after_the_head_cuts_the_connection(source: Script, most: bytes) -> None:
    stage = Stage(answering(source, content_length="5"))
    client = stage.client()
    client.send(HELLO)
    stage.settle()
    head, _, body = bytes(client.link.arrived).partition(b"\r\n\r\n")
    assert client.broken
    assert body in (b"", most)
    assert b"500" not in head
    assert source.closed == 1
    assert len(stage.errors) == 1
    assert stage.open_connections == 0


def test_a_chunked_body_that_fails_has_no_last_chunk() -> None:
    stage = Stage(answering(Script(b"123", ZeroDivisionError("on purpose"))))
    client = stage.client()
    client.send(HELLO)
    stage.settle()
    assert client.broken
    assert b"\r\n0\r\n" not in client.link.arrived


@pytest.mark.parametrize("first", ["close", "on_gone"])
def test_an_app_that_fails_at_its_end_keeps_nothing_back(first: str) -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    source = Script(b"x", None)

    def fail() -> None:
        raise ZeroDivisionError("on purpose")

    client.talk(HELLO)
    if first == "on_gone":
        app.last.on_gone = fail
    else:
        close = source.close

        def close_and_fail() -> None:
            close()
            fail()

        source.close = close_and_fail  # type: ignore[method-assign]  # a source whose close fails
    app.last.respond(Response(200), source)
    client.talk()
    client.link.abort()
    stage.settle()
    assert source.closed == 1
    assert stage.open_connections == 0
    assert len(stage.errors) == 1
    assert "the app failed at its end" in stage.errors[0]


def test_an_app_that_fails_when_its_request_is_refused_does_not_keep_the_refusal_back() -> None:
    app = Later()
    stage = Stage(app)
    client = stage.client()
    client.talk(request("POST", transfer_encoding="chunked"))

    def fail() -> None:
        raise ZeroDivisionError("on purpose")

    app.last.on_gone = fail
    app.last.read()
    assert statuses(client.talk(b"no size\r\n")) == [400]
    assert len(stage.errors) == 1


@pytest.mark.parametrize("before", [[], [b"some of it"]])
def test_a_file_that_changed_is_no_fault_of_the_app(before: list[bytes]) -> None:
    stage = Stage(answering(Script(*before, FileChanged(116, "the file changed while it was sent"))))
    client = stage.client()
    client.send(request(path="/a.txt"))
    stage.settle()
    assert client.broken is bool(before)
    assert statuses(bytes(client.link.arrived)) == ([] if before else [503])
    [(level, words)] = stage.notes
    assert level == "warning"
    assert words.endswith(" GET /a.txt: the file changed while it was sent")
