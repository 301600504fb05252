"""What places do to each other, which no feature could tell: forms that nobody finds, secrets that everybody does."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pellucid.features.auth import AuthSettings, JwtSettings
from pellucid.features.sessions import SessionSettings
from pellucid.net.tlssettings import DEVELOPMENT, TlsSettings
from pellucid.plan import Place, Plan, place_at
from pellucid.settings import Settings


def form_faults(plan: Plan) -> Iterator[tuple[str, Settings]]:
    """For each place whose form is not served, a line that begins with the option, and the settings in force there."""
    for place in plan.places:
        chosen = place.settings[AuthSettings]
        if "form" not in chosen.auth:
            continue
        for option, path in (("login-path", chosen.login_path), ("logout-path", chosen.logout_path)):
            there = place_at((each for each in plan.places if each.host == place.host), path)
            if there is None or not _same(place.settings, there.settings):
                within = f"{place.mount}/{option.partition('-')[0]}"
                yield (
                    f"--auth: the form at its {option} {path} is not within {place.mount or '/'}, and what is served "
                    f'there has none: write {option} = "{within}"',
                    place.settings,
                )


def exposed_faults(plan: Plan) -> Iterator[tuple[str, Settings]]:
    """The same for each file of passwords, of secrets, of keys or of sessions that lies in a folder that is served."""
    for pair in plan.settings[TlsSettings].tls:
        file = pair.split(",")[-1].strip()  # that of the key, which may be the certificate's too
        if pair.partition(":")[0] == DEVELOPMENT or os.path.isdir(file):  # the latter of which is told by itself
            continue
        if any(place.shows(file) for place in plan.places):
            yield f"--tls: {file} is in a folder that is served, where everybody could read it", plan.settings
    for settings in {id(place.settings): place.settings for place in plan.places}.values():
        chosen = settings[AuthSettings]
        secret = settings[JwtSettings].jwt_keys if settings[JwtSettings].secret else ""
        files = {"auth-users": chosen.auth_users, "auth-digests": chosen.auth_digests, "jwt-keys": secret}
        sessions = settings[SessionSettings]
        kind, _, store = sessions.session.partition(":")
        files |= {"session": store if kind == "sqlite" else "", "session-key-file": sessions.session_key_file}
        for option, file in files.items():
            if file and any(place.shows(file) for place in plan.places):
                yield f"--{option}: {file} is in a folder that is served, where everybody could read it", settings


def cookie_faults(plan: Plan) -> Iterator[tuple[str, Settings]]:
    """The same for each place whose sessions would take away the cookie of others at its host."""
    for host in plan.hosts:
        first: dict[str, Place] = {}
        for place in plan.places:
            chosen = place.settings[SessionSettings]
            if place.host != host or not chosen.session:
                continue
            other = first.setdefault(chosen.session_cookie, place)
            if _kept(chosen) != _kept(other.settings[SessionSettings]):
                yield (
                    f"--session: at {place.mount or '/'} it is another one than at {other.mount or '/'}, and both have "
                    f"the cookie {chosen.session_cookie!r}: give one of them another session-cookie",
                    place.settings,
                )


def _kept(chosen: SessionSettings) -> object:
    # Where, and signed by whom. What is in memory is that of the places with the same settings.
    return chosen if chosen.session == "memory" else (chosen.session, chosen.session_key, chosen.session_key_file)


def _same(here: Settings, there: Settings) -> bool:
    # Who logs in there is known here if both have the same form and the same sessions.
    mine, other = here[AuthSettings], there[AuthSettings]
    return (
        "form" in other.auth
        and (mine.login_path, mine.logout_path, mine.auth_users)
        == (other.login_path, other.logout_path, other.auth_users)
        and here[SessionSettings] == there[SessionSettings]
    )
