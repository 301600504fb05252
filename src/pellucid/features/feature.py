"""What a feature is: two functions around any app, either of which may be absent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pellucid.server.exchange import Answer, Exchange

Ask = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Feature:
    """`ask` sees an exchange before the app and may answer it; `answer` sees every answer and may change it."""

    ask: Ask | None = None
    answer: Answer | None = None
