"""A WSGI app finds who asks where CGI has it."""

import io
from typing import Any

from nowhere import Nowhere
from pellucid.apps.wsgi.environ import Environs
from pellucid.apps.wsgi.errors import ErrorStream
from pellucid.message import Headers, Request, Response
from pellucid.server.exchange import Answer, Exchange
from pellucid.user import User

NAMES = ("REMOTE_USER", "AUTH_TYPE", "pellucid.user")


def kept(exchange: Exchange, response: Response, body: Any) -> Any:
    return response, body


def told(user: User | None) -> list[Any]:
    """What an app is told."""
    exchange = Exchange(Request("GET", b"/", b"/", b"", b"x", Headers([(b"remote-user", b"root")])), Nowhere(), 1, 0.0)
    answers: tuple[Answer, ...] = (kept,)
    exchange.answers, exchange.user = answers, user
    environ = Environs(ErrorStream(lambda text: None), True, False)(exchange, io.BytesIO(), None, None)
    return [environ.get(name) for name in NAMES]


def test_a_user_has_a_name_and_a_way_to_show_it() -> None:
    alice = User("alice", "Basic")
    assert told(alice) == ["alice", "Basic", alice]


def test_a_name_is_bytes_read_as_latin_1() -> None:
    assert told(User("zo\u00eb", "form"))[0] == "zo\xc3\xab"


def test_nobody_has_neither() -> None:
    assert told(None) == [None, None, None]
