"""An app is told who asks in Starlette's words, and its `requires` looks at them."""

import pytest
from starlette.authentication import has_required_scope
from starlette.requests import HTTPConnection

from nowhere import Nowhere
from pellucid.apps.asgi.scope import scope_of
from pellucid.apps.asgi.user import Asking, Credentials
from pellucid.message import NO_FIELDS, Request, Response
from pellucid.piece import Body
from pellucid.server.exchange import Exchange
from pellucid.user import User

ALICE = User("alice", "Bearer", frozenset({"admins"}), scopes=frozenset({"write", "read"}))


def connection(user: User | None) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [], "user": Asking(user), "auth": Credentials(user)})


def test_a_user_is_known_by_its_name() -> None:
    asking = connection(ALICE).user
    assert (asking.is_authenticated, asking.identity, asking.display_name) == (True, "alice", "alice")
    assert asking.user is ALICE


def test_nobody_in_particular_is_not() -> None:
    asking = connection(None).user
    assert (asking.is_authenticated, asking.identity, asking.display_name) == (False, "", "")
    assert connection(None).auth.scopes == []


@pytest.mark.parametrize(
    ("scopes", "has"),
    [
        (["authenticated"], True),
        (["read", "write"], True),
        (["group:admins"], True),
        (["admins"], False),
        (["read", "delete"], False),
    ],
)
def test_what_starlette_requires_is_found(scopes: list[str], has: bool) -> None:
    assert has_required_scope(connection(ALICE), scopes) is has
    assert not has_required_scope(connection(None), scopes)


def kept(exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
    return response, body


@pytest.mark.parametrize(("identified", "names"), [(True, ["auth", "user"]), (False, [])])
def test_a_scope_tells_of_users_where_somebody_has_looked(identified: bool, names: list[str]) -> None:
    exchange = Exchange(Request("GET", b"/", b"/", b"", b"x", NO_FIELDS), Nowhere(), 1, 0.0)
    exchange.answers, exchange.identified = (kept,), identified
    scope = scope_of(exchange, b"", {})
    assert sorted({"auth", "user"} & scope.keys()) == names
    assert not identified or not scope["user"].is_authenticated
