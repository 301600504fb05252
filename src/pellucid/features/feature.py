"""What a feature is: two functions around any app, either of which may be absent."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from pellucid.message import Headers, Response
from pellucid.net.aside import Aside
from pellucid.net.reactor import Reactor
from pellucid.piece import Body
from pellucid.server.exchange import Answer, Exchange
from pellucid.server.held import Held
from pellucid.server.life import Life
from pellucid.watch import Watch

Ask = Callable[[Exchange], Held | None]

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Feature:
    """`ask` sees an exchange before the app and may answer it; `answer` sees every answer and may change it. Both may
    hold the exchange until they know more.
    """

    ask: Ask | None = None
    answer: Answer | None = None


class Ground:
    """What features stand on in the process where they work: its loop, its log and its threads, the folder from which
    files are named, who watches it, and what they have in common. `lives` begin and end with the apps'.
    """

    __slots__ = ("_kept", "here", "lives", "note", "reactor", "watch")

    def __init__(
        self, reactor: Reactor, note: Callable[[str, str], None], here: str = "", watch: Watch | None = None
    ) -> None:
        self.reactor = reactor
        self.note = note
        self.here = here
        self.watch = watch if watch is not None else Watch()
        self.lives: list[Life] = []
        self._kept: dict[Hashable, Any] = {}

    def shared(self, key: Hashable, make: Callable[[], Part]) -> Part:
        """What is made once for all places of a site that have the same key, such as settings that are equal."""
        if key not in self._kept:
            self._kept[key] = make()
        part: Part = self._kept[key]
        return part

    def aside(self, name: str, most: int, waiting: int) -> Aside:
        """Threads for what would hold up the loop, the same for all who say this name."""

        def make() -> Aside:
            aside = self.threads(most, waiting)
            self.lives.append(aside)
            return aside

        return self.shared(("aside", name), make)

    def threads(self, most: int, waiting: int) -> Aside:
        """The same for whoever asks alone, who sees to their end."""
        return Aside(self.reactor, most, waiting)


KEPT = 512
"""How many changed heads a feature remembers before it starts again."""


class ChangedHeaders:
    """Fields changed by a function of them alone, remembered by their identity.

    An app gives the same Headers again with each answer from its cache, and an engine spells the same Headers only
    once: both savings survive a feature if the same fields lead to the same changed ones.
    """

    __slots__ = ("_change", "_kept")

    def __init__(self, change: Callable[[Headers], Headers]) -> None:
        self._change = change
        self._kept: dict[int, tuple[Headers, Headers]] = {}

    def of(self, headers: Headers) -> Headers:
        """The changed fields."""
        kept = self._kept.get(id(headers))
        if kept is not None:
            return kept[1]
        changed = self._change(headers)
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[id(headers)] = (headers, changed)  # held, so that no others can come to have its identity
        return changed

    def answer(self, exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
        """The answer of a feature that does nothing else."""
        return Response(response.status, self.of(response.headers)), body
