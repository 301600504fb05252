"""An ASGI application that uses all that we offer, behind asgion's inspector, which writes down what it finds."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from asgion import Inspector

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

FINDINGS = os.environ["FINDINGS"]
PLAIN = (b"content-type", b"application/octet-stream")
# Two of its rules say that something is there, not that it is wrong: the lifespan's state, and a streamed body.
NOTICES = {"LF-010", "HF-010"}


def write_down(violation: Any) -> None:
    with open(FINDINGS, "a", encoding="utf-8") as findings:
        findings.write(json.dumps([violation.path, violation.rule_id, violation.message]) + "\n")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(scope, receive, send)
    else:
        await WAYS.get(scope["path"], facts)(scope, receive, send)


async def live(scope: Scope, receive: Receive, send: Send) -> None:
    assert (await receive())["type"] == "lifespan.startup"
    scope["state"]["began"] = True
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    await send({"type": "lifespan.shutdown.complete"})


async def facts(scope: Scope, receive: Receive, send: Send) -> None:
    """A whole answer, and then the end that a server tells of."""
    text = f"{scope['method']} {scope['path']} {scope['state']['began']}".encode()
    await body_of(receive)
    await answer(send, b"" if scope["method"] == "HEAD" else text)
    assert (await receive())["type"] == "http.disconnect"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [PLAIN]})
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message["body"], "more_body": more})


async def abandoned(scope: Scope, receive: Receive, send: Send) -> None:
    """Receive until the client has left in the middle of its body."""
    while (await receive())["type"] != "http.disconnect":
        pass
    write_down_the_end()


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def extended(scope: Scope, receive: Receive, send: Send) -> None:
    """The extensions, but those that send files: asgion 0.6 takes neither for the end of an answer that they are."""
    await send({"type": "http.response.early_hint", "links": [b"</style.css>; rel=preload"]})
    await send({"type": "http.response.debug", "info": {"a": 1}})
    await send({"type": "http.response.start", "status": 200, "headers": [PLAIN], "trailers": True})
    await send({"type": "http.response.body", "body": b"extended"})
    await send({"type": "http.response.trailers", "headers": [(b"x-trailer", b"yes")]})


async def twice(scope: Scope, receive: Receive, send: Send) -> None:
    """What the inspector must find."""
    await answer(send, b"once")
    await send({"type": "http.response.body", "body": b"twice"})


async def body_of(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    return body


async def answer(send: Send, body: bytes) -> None:
    fields = [PLAIN, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def write_down_the_end() -> None:
    with open(FINDINGS + ".abandoned", "w", encoding="utf-8"):
        pass


WAYS = {
    "/echo": echo,
    "/abandoned": abandoned,
    "/nothing": nothing,
    "/extended": extended,
    "/twice": twice,
}
inspected = Inspector(app, exclude_rules=NOTICES, on_violation=write_down)
