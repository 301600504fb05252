"""What is in force, as a file that would say the same, with where each value comes from beside it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from pellucid.config.mistakes import spell_key, spell_text
from pellucid.config.values import spell_value
from pellucid.plan import Place, Plan
from pellucid.settings import Reach, Settings, all_settings

DEFAULT = "default"
REST = "# Everything else has its default: `pellucid show --all` tells that too."
WIDEST = 48
"""From which column on nothing is aligned any more."""

Line = tuple[str, str]


def show(plan: Plan, every: bool = False) -> str:
    """The settings of the whole server, then each place with what is in force there; with `every`, defaults too.

    It is TOML, and read as a file it means the same, save for the secrets, which are masked.
    """
    root = next((place for place in plan.places if not place.host and not place.mount), None)
    lines = [*_serves(root)] if root is not None else []
    lines += [line for reach in Reach for line in _values(plan.settings, reach, every)]
    for place in plan.places:
        if place is not root:
            lines += [("", ""), (_head(place), ""), *_serves(place)]
            lines += [] if place.mount else _values(place.settings, Reach.HOST, every)
            lines += _values(place.settings, Reach.PLACE, every)
    return "\n".join([*_aligned(lines), *([] if every else ["", REST]), ""])


def _head(place: Place) -> str:
    host = ("hosts", place.host) if place.host else ()
    return f"[{spell_key((*host, *(('paths', unquote(place.mount)) if place.mount else ())))}]"


def _serves(place: Place) -> Iterator[Line]:
    if place.serves is not None:
        yield f"serve = {spell_text(str(place.serves))}", place.origin or DEFAULT


def _values(settings: Settings, reach: Reach, every: bool) -> Iterator[Line]:
    for each in all_settings():
        if each.reach is reach and (every or each.name in settings.chosen):
            value = spell_value(each, getattr(settings[each.part], each.name))
            yield f"{each.key} = {value}", settings.origins.get(each.name, DEFAULT)


def _aligned(lines: list[Line]) -> list[str]:
    width = max((len(text) for text, origin in lines if origin and len(text) <= WIDEST), default=0)
    return [f"{text:{width}}  # {origin}" if origin else text for text, origin in lines]
