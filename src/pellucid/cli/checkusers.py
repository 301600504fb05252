"""Whether users find their form, and nobody else their passwords: the places of a plan tell, and no feature could."""

from __future__ import annotations

from collections.abc import Iterator

from pellucid.features.auth import AuthSettings, JwtSettings
from pellucid.features.sessions import SessionSettings
from pellucid.plan import Plan, place_at
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
    """The same for each file of passwords, of secrets or of sessions that lies in a folder that is served."""
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


def _same(here: Settings, there: Settings) -> bool:
    # Who logs in there is known here if both have the same form and the same sessions.
    mine, other = here[AuthSettings], there[AuthSettings]
    return (
        "form" in other.auth
        and (mine.login_path, mine.logout_path, mine.auth_users)
        == (other.login_path, other.logout_path, other.auth_users)
        and here[SessionSettings] == there[SessionSettings]
    )
