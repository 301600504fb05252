"""Conversations that are watched: what observers are told at each step, and that none of them can do harm."""

from typing import Any

import pytest
from conversing import HELLO, Script, Stage, answering, hello, request, watching

from pellucid.message import Response
from pellucid.server.exchange import Exchange
from pellucid.watch import HOOKS, Watch


def test_each_step_is_watched_in_its_order() -> None:
    watch, seen = watching()
    stage = Stage(answering(Script(b"x")), watch=watch)
    client = stage.client()
    client.talk(request(connection="close"))
    expected = "opened rearmed filled delivered begun collected flushed ended flushed closed"
    assert seen == expected.split()


def test_what_is_seen_is_what_happened() -> None:
    facts: dict[str, list[tuple[Any, ...]]] = {hook: [] for hook in HOOKS}
    watch = Watch()
    for hook in HOOKS:
        getattr(watch, hook).append(lambda *each, hook=hook: facts[hook].append(each))
    stage = Stage(watch=watch)
    client = stage.client()
    got = client.talk(HELLO)
    client.talk(b"no request\r\n\r\n")
    client.link.close()
    stage.settle()
    [(connection,)] = facts["opened"]
    assert facts["filled"][0] == (connection, len(HELLO))
    assert facts["flushed"][0] == (connection, len(got))
    assert facts["collected"][0] == (connection, 1, b"hello /")
    first, second = (exchange for (exchange,) in facts["ended"])
    assert isinstance(first, Exchange)
    assert (first.status, first.why) == (200, "")
    assert second.status == 400
    assert "RFC 9112" in second.why
    assert second.finished >= second.begun
    assert len(facts["begun"]) == 2
    [(refused_on, status, why)] = facts["refused"]
    assert (refused_on, status, why) == (connection, 400, second.why)
    assert facts["closed"] == [(connection, "")]


@pytest.mark.parametrize("hook", [hook for hook in HOOKS if hook != "noted"])
def test_an_observer_that_fails_is_dropped_and_serving_goes_on(hook: str) -> None:
    watch, seen = watching(hook)

    def app(exchange: Exchange) -> None:
        if exchange.request.method == "CONNECT":
            exchange.respond(Response(200), Script(b"a tunnel"))
        else:
            hello(exchange)

    stage = Stage(app, watch=watch)
    for _ in range(3):
        assert b"a tunnel" in stage.client().talk(request("CONNECT", "x:1"))
        client = stage.client()
        assert b"hello /" in client.talk(HELLO + b"no request\r\n\r\n")
        client.link.close()
        stage.settle()
    assert seen.count(hook) == 1
    assert getattr(watch, hook) == []
    assert len(stage.errors) == 1
    assert "was dropped" in stage.errors[0]
