"""Tests of what an app's exception has to do with its client."""

import pytest

from pellucid.apps.asgi.faults import ClientDisconnected, by_disconnection


def test_an_exception_over_a_disconnection_is_one() -> None:
    cause = ClientDisconnected("gone")
    over = RuntimeError("as a framework has it")
    over.__cause__ = cause
    behind = KeyError("x")
    behind.__context__ = over
    assert [by_disconnection(error) for error in (cause, over, behind, KeyError("y"))] == [True, True, True, False]


def test_a_group_of_exceptions_is_one_if_each_of_them_is() -> None:
    gone, other = ClientDisconnected("gone"), KeyError("y")
    over = RuntimeError("over it")
    over.__cause__ = gone
    inner = ExceptionGroup("tasks", [gone, over])
    assert by_disconnection(ExceptionGroup("tasks", [gone, inner]))
    assert not by_disconnection(ExceptionGroup("tasks", [gone, ExceptionGroup("others", [other])]))


@pytest.mark.parametrize("others", [[], [ClientDisconnected("gone")]])
def test_an_exception_that_was_raised_from_a_group_which_holds_it_is_a_fault(others: list[Exception]) -> None:
    # As a task group that is made to raise its one exception by itself does it.
    fault = ValueError("wrong")
    fault.__cause__ = ExceptionGroup("tasks", [fault, *others])
    assert not by_disconnection(fault)


def test_the_same_of_a_client_that_has_gone_is_none() -> None:
    gone = ClientDisconnected("gone")
    outer = RuntimeError("while sending")
    outer.__cause__ = ExceptionGroup("tasks", [gone, ExceptionGroup("inner", [ClientDisconnected("gone")])])
    assert by_disconnection(outer)
