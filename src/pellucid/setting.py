"""One way to write a setting down: a dataclass field that carries its own manual; the top floors only collect them."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol, TypeVar

Part = TypeVar("Part")


@dataclasses.dataclass(frozen=True, slots=True)
class Manual:
    """What a person must know of one setting."""

    text: str
    unit: str = ""
    secret: bool = False


class Chosen(Protocol):
    """The settings that somebody chose, each part's by its class."""

    def __getitem__(self, part: type[Part]) -> Part: ...


def setting(default: Any, text: str, *, unit: str = "", secret: bool = False) -> Any:
    """A dataclass field with its default and its manual: a sentence, and the unit of its number. Relative names of the
    units file, files and folder are joined with the folder of the file that they stand in. A `secret` is shown to
    nobody.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Limits:
    ...     idle: float = setting(75.0, "How long a connection may rest between requests.", unit="seconds")
    >>> manual_of(Limits)["idle"].unit
    'seconds'
    """
    manual = Manual(text, unit, secret)
    if isinstance(default, list | dict | set):
        raise TypeError("a setting's default is shared: give a tuple")
    return dataclasses.field(default=default, metadata={"manual": manual})


def manual_of(settings: type) -> dict[str, Manual]:
    """The manual of each setting of a class, by its name, in the order in which they were written."""
    return {each.name: each.metadata["manual"] for each in dataclasses.fields(settings) if "manual" in each.metadata}
