"""What a feature is: two functions around any app, either of which may be absent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pellucid.message import Headers, Request, Response
from pellucid.server.exchange import Answer, Body, Exchange

Ask = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Feature:
    """`ask` sees an exchange before the app and may answer it; `answer` sees every answer and may change it."""

    ask: Ask | None = None
    answer: Answer | None = None


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

    def answer(self, request: Request, response: Response, body: Body) -> tuple[Response, Body]:
        """The answer of a feature that does nothing else."""
        return Response(response.status, self.of(response.headers)), body
