"""What would go wrong if a plan were served, found without opening a port, importing an application or writing a file.

A complaint of a part about its setting is told with the place where that was chosen.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from pellucid.apps.static.rules import Rules
from pellucid.apps.static.settings import StaticSettings
from pellucid.cli.checkidle import idle_faults, vain_faults
from pellucid.cli.checkplaces import cookie_faults, exposed_faults, form_faults
from pellucid.config.mistakes import in_keys
from pellucid.features.feature import Ground
from pellucid.features.https import HttpsSettings
from pellucid.features.order import FRONT, OF_HOST, OF_PLACE, Make
from pellucid.features.sessions.settings import SessionSettings
from pellucid.inforce import CHECKS
from pellucid.inforce import check as check_plan
from pellucid.listening import check_https
from pellucid.loading.settings import LoadingSettings
from pellucid.loading.targets import Folder, Named
from pellucid.net.access import SocketSettings, access_of
from pellucid.net.address import parse_address
from pellucid.net.reactor import Reactor
from pellucid.net.tlssettings import DEVELOPMENT, TlsSettings, parse_pair
from pellucid.plan import Place, Plan, place_at
from pellucid.processes.monitor import MonitorSettings
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.serving import current_folder
from pellucid.settings import CommandSettings, Setting, Settings, all_settings
from pellucid.spelling import nearest
from pellucid.tracebacks import reason_of

Check = Callable[[Settings], object]

ROOT_ALONE = "only root can"
"""What is no fault of a plan: who checks it may be somebody else than who serves it, who hears of it at the start."""


def faults(plan: Plan) -> list[str]:
    """A line for each thing that cannot be, as far as that can be told before it is done."""
    reactor = Reactor()  # on which features stand, and which is never run
    try:
        found = [*_server_faults(plan), *_place_faults(plan, Ground(reactor, _unheard, current_folder()))]
    finally:
        reactor.close()
    found += silent_faults(plan)
    if not found:  # else it would say one of them again
        found += _blamed(plan.settings, lambda settings: check_plan(plan))
    return [line for line in dict.fromkeys(found) if ROOT_ALONE not in line]


def silent_faults(plan: Plan) -> list[str]:
    """Those of them that no part would find when it is served: what places do to each other, and what has no effect."""
    found = (*form_faults(plan), *exposed_faults(plan), *cookie_faults(plan), *idle_faults(plan), *vain_faults(plan))
    return [told(line, settings) for line, settings in found]


def told(error: str, settings: Settings) -> str:
    """A complaint that begins with an option, in the words of wherever that was chosen."""
    match = re.match(r"(?:--)?([a-z][a-z0-9-]*): ", error)
    name = match[1].replace("-", "_") if match else ""
    origin = settings.origins.get(name, "")
    if match is None or not origin or origin.startswith("--"):
        return error
    text = error[match.end() :].removeprefix(f"{match[1]} ")
    if origin.startswith("PELLUCID_"):
        return f"{origin}: {text}"
    return f"{origin}: {match[1]}: {in_keys(text, [each.key for each in all_settings()])}"


def _server_faults(plan: Plan) -> Iterator[str]:
    for check in (*CHECKS, lambda settings: access_of(settings[SocketSettings]), _addresses, _certificates):
        yield from _blamed(plan.settings, check)


def _blamed(settings: Settings, check: Check) -> Iterator[str]:
    # Often a complaint has not the name of its setting: that is one without which it is not made.
    complaint = _complaint(settings, check)
    if not complaint:
        return
    named = told(complaint, settings)
    culprit = _culprit(settings, check, complaint) if named == complaint else None
    origin = settings.origins.get(culprit.name, "") if culprit is not None else ""
    if culprit is None or (complaint.startswith("--") and origin.startswith("--")):
        yield named
    else:
        yield told(f"{culprit.option}: {complaint}", settings)


def _complaint(settings: Settings, check: Check) -> str:
    try:
        check(settings)
    except ValueError as error:
        return str(error)
    return ""


def _culprit(settings: Settings, check: Check, complaint: str) -> Setting | None:
    suspects = {}
    for each in all_settings():
        value = getattr(settings[each.part], each.name)
        if each.name in settings.chosen and value != each.default:
            without = _complaint(_without(settings, each), check)
            if without != complaint:
                suspects[each] = (_names(complaint, each.key), _names(complaint, value), not without)
    return max(suspects, key=suspects.__getitem__, default=None)


def _names(complaint: str, what: Any) -> int:
    # How much of a complaint is this name or value.
    items = [str(each) for each in (what if isinstance(what, tuple) else (what,))]
    return max(
        (len(each) for each in items if re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", complaint)), default=0
    )


def _without(settings: Settings, each: Setting) -> Settings:
    return settings.beneath({each.name: each.default}, {})


def _place_faults(plan: Plan, ground: Ground) -> Iterator[str]:
    seen: set[int] = set()
    serving: dict[str, list[Place]] = {place.host: [] for place in plan.places}
    for place in plan.places:
        if place.serves is not None:
            serving[place.host].append(place)
    for place in plan.places:
        if id(place.settings) not in seen:  # places that choose nothing of their own share theirs
            seen.add(id(place.settings))
            yield from _blamed(place.settings, check_https)
            for make in (*FRONT, *OF_HOST, *OF_PLACE):
                yield from _blamed(place.settings, partial(_make, make, ground))
        yield from _folder_faults(place, serving[place.host])
        yield from _missing_module(place)


def _make(make: Make, ground: Ground, settings: Settings) -> None:
    make(_unopened(settings), ground)


def _unheard(level: str, text: str) -> None:
    pass


def _unopened(settings: Settings) -> Settings:
    # A store of sessions is made by who serves: who checks may be another user, whose file nobody else could write.
    scheme, _, file = settings[SessionSettings].session.partition(":")
    if scheme != "sqlite" or not file:
        return settings
    folder = os.path.dirname(file) or "."
    if not os.path.isdir(folder):
        raise ValueError(f"--session: there is no folder {folder!r} for the file")
    return settings.beneath({"session": "memory"}, {})


def _certificates(settings: Settings) -> None:
    from pellucid.net.certificates import Certificates

    chosen = settings[TlsSettings]
    pairs = [parse_pair(text) for text in chosen.tls if text.partition(":")[0] != DEVELOPMENT]
    if len(pairs) < len(chosen.tls) and find_spec("cryptography") is None:
        raise ValueError('--tls: a certificate of one\'s own takes a package: pip install "pellucid[tls]"')
    if pairs:
        Certificates(pairs, chosen, ("h2", "http/1.1") if settings[Http2Limits].http2 else ("http/1.1",))


def _folder_faults(place: Place, serving: Sequence[Place]) -> Iterator[str]:
    # What is served at a place is its own, or that of the nearest place around it.
    found = place_at(serving, place.mount) or place
    folder = found.serves
    if not isinstance(folder, Folder):
        yield from _blamed(place.settings, lambda settings: Rules(settings[StaticSettings]))
        return
    from pellucid.apps.static.app import Static

    try:
        yield from _blamed(place.settings, lambda settings: Static(folder.path, settings[StaticSettings]).close())
    except OSError as error:
        why = reason_of(error)
        yield f"{found.origin}: serve: the folder {folder.path!r} cannot be served: {why}"


def _addresses(settings: Settings) -> None:
    for name, texts in (
        ("bind", settings[CommandSettings].bind),
        ("redirect-http", settings[HttpsSettings].redirect_http),
        ("metrics", (settings[MonitorSettings].metrics,)),
    ):
        for text in filter(None, texts):
            try:
                _address(text)
            except ValueError as error:
                raise ValueError(f"--{name}: {error}") from None


def _address(text: str) -> None:
    if text.partition(":")[0] != "systemd":  # what that hands over is known at the start alone
        parse_address(text)


def _missing_module(place: Place) -> Iterator[str]:
    # Only the first part of its name: to look for the others is to import the package that they are in.
    named = place.serves
    if not isinstance(named, Named):
        return
    folder, first = place.settings[LoadingSettings].app_dir, named.module.partition(".")[0]
    here = {entry.name.removesuffix(".py") for entry in _entries(folder)}
    if first in here or _elsewhere(first) or not os.path.isdir(folder):  # the last of which is told by itself
        return
    near = nearest(first, here)
    hint = f"; did you mean {near}?" if near else ""
    where = f"{place.origin}: " if place.origin else ""
    yield f"{where}serve: there is no module {first!r}, neither in {folder!r} nor elsewhere on Python's path{hint}"


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(folder) if entry.name.endswith(".py") or entry.is_dir()]
    except OSError:
        return []


def _elsewhere(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # what runs already, as __main__ does, may tell nothing of itself
        return module in sys.modules
