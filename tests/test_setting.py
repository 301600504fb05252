"""Settings that carry their manual."""

import dataclasses
import doctest

import pytest

from pellucid import setting as module
from pellucid.setting import Manual, manual_of, setting


@dataclasses.dataclass(frozen=True, slots=True)
class Example:
    idle: float = setting(75.0, "How long it may rest.", unit="seconds")
    names: tuple[str, ...] = setting((), "What it is called.")
    other: int = 3


def test_a_setting_is_a_field_with_its_default() -> None:
    assert Example() == Example(75.0, (), 3)
    assert Example(idle=1.0).idle == 1.0


def test_the_manual_is_told_in_the_order_in_which_it_was_written() -> None:
    assert list(manual_of(Example).items()) == [
        ("idle", Manual("How long it may rest.", "seconds")),
        ("names", Manual("What it is called.")),
    ]


@pytest.mark.parametrize("default", [[], {}, set()])
def test_a_default_that_could_be_changed_by_all_is_refused(default: object) -> None:
    with pytest.raises(TypeError, match="give a tuple"):
        setting(default, "What it is called.")


def test_the_example_in_the_docstring_is_true() -> None:
    assert doctest.testmod(module).failed == 0
