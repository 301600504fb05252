"""Any of the rules is enough, and what is named for methods leaves no other spelling of them open."""

import pytest

from pellucid.features.auth.rules import read_rules
from pellucid.user import User

ALICE = User("alice", "Basic", frozenset({"admins"}), scopes=frozenset({"read"}))


@pytest.mark.parametrize(
    ("require", "let_in"),
    [
        ((), True),
        (("user",), True),
        (("user:alice",), True),
        (("user: alice ",), True),
        (("user:bob",), False),
        (("user:Alice",), False),
        (("group:admins",), True),
        (("group:alice",), False),
        (("scope:read",), True),
        (("scope:write",), False),
        (("user:bob", "group:admins"), True),
        (("anyone",), True),
    ],
)
def test_any_of_the_rules_is_enough(require: tuple[str, ...], let_in: bool) -> None:
    assert read_rules(require, ()).let_in(ALICE) is let_in


@pytest.mark.parametrize(
    ("require", "methods", "method", "open_to_all"),
    [
        ((), (), "GET", False),
        (("anyone",), (), "GET", True),
        ((), ("POST",), "GET", True),
        ((), ("POST",), "POST", False),
        ((), ("post",), "POST", False),
        ((), ("POST",), "post", False),
        ((), ("GET",), "HEAD", False),
        ((), ("HEAD",), "GET", True),
        ((), ("GET",), "CONNECT", False),
        ((), ("POST",), "CONNECT", True),
    ],
)
def test_rules_are_for_all_methods_or_for_those_that_are_named(
    require: tuple[str, ...], methods: tuple[str, ...], method: str, open_to_all: bool
) -> None:
    assert read_rules(require, methods).open_to_all(method) is open_to_all


@pytest.mark.parametrize("rule", ["", "alice", "user:", "users:alice", "anyone:x", "group", "group: "])
def test_what_is_no_rule_is_explained(rule: str) -> None:
    with pytest.raises(ValueError, match="is no rule: it is user, user:NAME, group:NAME, scope:NAME or anyone"):
        read_rules((rule,), ())


def test_what_is_no_method_is_explained() -> None:
    with pytest.raises(ValueError, match="'P T' is no method"):
        read_rules((), ("P T",))
