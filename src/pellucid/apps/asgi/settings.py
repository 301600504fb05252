"""How ASGI apps are run: their settings, which carry their own manual."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting

LIFESPANS = ("auto", "on", "off")


@dataclass(frozen=True, slots=True)
class AsgiSettings:
    """What an ASGI app is told, and how long it may take to end."""

    lifespan: str = setting(
        "auto",
        "Whether the app is told of the server's beginning and end: auto, where an app that raises an exception for it "
        "has none; on, where it must have one that works; or off.",
    )
    background_time: float = setting(
        5.0,
        "How long what an ASGI app goes on with after its answers may take once the server has stopped; then it is "
        "cancelled, 0 for at once.",
        unit="seconds",
    )

    def __post_init__(self) -> None:
        if self.lifespan not in LIFESPANS:
            raise ValueError(f"unknown lifespan {self.lifespan!r}: it is {', '.join(LIFESPANS[:-1])} or off")
