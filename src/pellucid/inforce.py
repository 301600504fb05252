"""The plan that is served now. It can be read anew: what cannot be is refused then, and what was stays."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pellucid.eventlog import EventLogSettings
from pellucid.features.https import HttpsSettings
from pellucid.features.livereload import LiveReloadSettings
from pellucid.features.sessions.settings import SessionSettings
from pellucid.listening import Listening, check_https, read_certificates, with_https_port
from pellucid.loading.settings import LoadingSettings
from pellucid.loading.settings import check as check_chosen
from pellucid.loading.targets import Named
from pellucid.logs import check_logs
from pellucid.net.access import SocketSettings
from pellucid.net.tlssettings import TlsSettings
from pellucid.plan import Place, Plan
from pellucid.processes.cores import count_of
from pellucid.processes.lookout import ReloadSettings
from pellucid.processes.monitor import MonitorSettings
from pellucid.processes.privileges import PrivilegeSettings, choose
from pellucid.processes.renewal import Noted
from pellucid.processes.settings import ProcessSettings
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.settings import CommandSettings, Settings

FIXED: dict[type, tuple[str, ...]] = {
    CommandSettings: ("bind", "grace"),
    SocketSettings: (),
    HttpsSettings: ("redirect_http",),
    ProcessSettings: ("stuck_after",),
    PrivilegeSettings: (),
    MonitorSettings: (),
    EventLogSettings: (),
    ReloadSettings: (),
    LiveReloadSettings: (),
}
"""What the parent of the workers goes by from its start to its end; without names, all of a part."""

CHECKS: tuple[Callable[[Settings], object], ...] = (
    check_logs,
    lambda settings: check_chosen(settings[LoadingSettings]),
    lambda settings: count_of(settings[ProcessSettings].workers),
    lambda settings: choose(settings[PrivilegeSettings]),
    check_https,
)
"""What the settings of the whole server must pass; each says by ValueError what is wrong."""

Replan = Callable[[], Plan]
"""Reads the plan anew. ValueError says in one line why that cannot be."""


class InForce:
    """A plan, where it listens, and the folder from which files are named. Another plan that was read is on trial, as
    is whoever begins with it: when the first worker is ready it is in force for good, and if that one ends before, the
    plan of before is so again.
    """

    __slots__ = ("_before", "_replan", "_tried_by", "here", "listening", "plan")

    def __init__(self, plan: Plan, listening: Listening, here: str = "", replan: Replan | None = None) -> None:
        self.here = here
        self.listening = listening
        self.plan = _with_port(plan, listening)
        self._replan = replan
        self._before: tuple[Plan, Listening] | None = None
        self._tried_by: set[int] = set()

    @property
    def wanted(self) -> int:
        """How many workers are to serve."""
        return max(1, count_of(self.plan.settings[ProcessSettings].workers))

    def refresh(self, noted: Noted) -> bool:
        """Take up certificates that have changed; whether there were any."""
        return self.listening.refresh(noted)

    def renew(self, noted: Noted) -> bool:
        """Read the plan anew, so that whoever begins now begins with it. False, and it is said why, where that cannot
        be: then what is in force stays.
        """
        if self._replan is None:
            return True
        with contextlib.suppress(OSError):
            os.chdir(self.here)  # which another folder may have replaced, and files are named from there
        try:
            plan = self._replan()
            check(plan)
            plan, listening = self._fitted(plan, noted)
        except (ValueError, OSError) as error:
            noted("error", f"the reload is refused, and what was in force stays: {error}")
            return False
        self._before = self._before or (self.plan, self.listening)
        self._tried_by.clear()  # who has begun with yet another one says nothing of this one
        self.plan, self.listening = plan, listening
        return True

    def begun(self, number: int) -> None:
        """A worker of this number begins, with what is in force now."""
        if self._before is not None:
            self._tried_by.add(number)

    def ready(self, number: int) -> bool:
        """A worker is ready to serve; whether that has put in force what was on trial."""
        settles = number in self._tried_by
        if settles:
            self._before = None
            self._tried_by.clear()
        return settles

    def ended(self, number: int, noted: Noted) -> None:
        """A worker has ended."""
        if number in self._tried_by and self._before is not None:
            self.plan, self.listening = self._before
            self._before = None
            self._tried_by.clear()
            noted("warning", "no worker could begin with what was read anew: what was before is in force again")

    def _fitted(self, plan: Plan, noted: Noted) -> tuple[Plan, Listening]:
        # With what a start alone can change as it is.
        names = _fixed_names(self.plan.settings, plan.settings)
        if names:
            noted("warning", f"only a restart can change {_listed(names)}: until then it stays as it was")
        old = self.plan.settings
        plan = plan.changed(lambda settings: _fixed(old, settings))
        listening = self.listening
        if _certified(old) != _certified(plan.settings):
            certificates, kept = read_certificates(plan.settings)
            listening = replace(listening, certificates=certificates, kept=kept)
        return _with_port(plan, listening), listening


def check(plan: Plan) -> None:
    """ValueError for what can be said to be wrong with a plan before anything is opened and anything is loaded."""
    settings = plan.settings
    for judge in CHECKS:
        judge(settings)
    check_loading(plan.places, settings[LoadingSettings])
    workers = count_of(settings[ProcessSettings].workers)
    for each in {id(each): each for each in (settings, *(place.settings for place in plan.places))}.values():
        check_https(each)
        if each[SessionSettings].session == "memory" and workers > 1:
            raise ValueError(f"--session: memory is of one worker, and there are {workers}: say sqlite:FILE")


def check_loading(places: Iterable[Place], chosen: LoadingSettings) -> None:
    """ValueError where applications cannot be loaded in that way."""
    if chosen.loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
        raise ValueError("--loop: uvloop is not installed; `pip install uvloop`, or say --loop asyncio")
    if not os.path.isdir(chosen.app_dir) and any(isinstance(place.serves, Named) for place in places):
        raise ValueError(f"--app-dir: there is no folder {chosen.app_dir!r}")


def _with_port(plan: Plan, listening: Listening) -> Plan:
    return plan.changed(lambda settings: with_https_port(settings, listening))


def _certified(settings: Settings) -> tuple[Any, ...]:
    return settings[TlsSettings], settings[Http2Limits].http2


def _values(settings: Settings) -> dict[str, Any]:
    return {
        field.name: getattr(settings[part], field.name)
        for part, names in FIXED.items()
        for field in dataclasses.fields(part)
        if not names or field.name in names
    }


def _fixed_names(old: Settings, new: Settings) -> list[str]:
    after = _values(new)
    names = [name for name, value in _values(old).items() if value != after[name]]
    if bool(old[TlsSettings].tls) != bool(new[TlsSettings].tls):
        names.append("tls")
    return names


def _fixed(old: Settings, new: Settings) -> Settings:
    # The new settings, with what is fixed from the old ones.
    for part, names in FIXED.items():
        values = {name: getattr(old[part], name) for name in names}
        new = new.having(replace(new[part], **values) if names else old[part])
    if bool(old[TlsSettings].tls) != bool(new[TlsSettings].tls):
        new = new.having(old[TlsSettings])
    return new


def _listed(names: list[str]) -> str:
    return ", ".join(name.replace("_", "-") for name in names)
