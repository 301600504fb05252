"""What was chosen and can have no effect, for lack of something beside it: the places of a plan tell, no part could."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from pellucid.apps.static.settings import StaticSettings
from pellucid.features.auth import AuthSettings, ForwardSettings, JwtSettings
from pellucid.features.compression import CompressionSettings
from pellucid.features.cors import CorsSettings
from pellucid.features.https import HttpsSettings
from pellucid.features.limits import ConcurrencySettings, RateSettings
from pellucid.features.maintenance import MaintenanceSettings
from pellucid.features.sessions import SessionSettings
from pellucid.net.tlssettings import TlsSettings
from pellucid.plan import Plan
from pellucid.protocol.limits import Limits
from pellucid.setting import manual_of
from pellucid.settings import Settings, all_settings

FROM_FILES = frozenset({"basic", "form", "digest", "certificate"})
"""The schemes whose users are in no group but those of a file, and have no scope."""


def _of(part: type, *names: str) -> Callable[[Settings], object]:
    return lambda settings: any(getattr(settings[part], name) for name in names)


def _but(part: type, *names: str) -> list[str]:
    return [name for name in manual_of(part) if name not in names]


NEEDS: tuple[tuple[list[str], Callable[[Settings], object], str], ...] = (
    (["auth_users"], _of(AuthSettings, "auth"), "nobody is asked for a password: choose basic or form by --auth"),
    (
        ["auth_digests", "auth_groups", "require_methods", "login_page"],
        _of(AuthSettings, "auth"),
        "nobody is asked who it is: choose how by --auth",
    ),
    (_but(JwtSettings), _of(AuthSettings, "auth"), "nobody is asked for a token: choose bearer by --auth"),
    (_but(ForwardSettings), _of(AuthSettings, "auth"), "no service is asked: choose forward by --auth"),
    (_but(SessionSettings, "session"), _of(SessionSettings, "session"), "there are no sessions: give --session too"),
    (_but(CorsSettings, "cors"), _of(CorsSettings, "cors"), "no other site may ask: give --cors too"),
    (["hsts_subdomains"], _of(HttpsSettings, "hsts"), "for no time: give --hsts too"),
    (["upload_size", "upload_overwrite"], _of(StaticSettings, "upload"), "no files are taken: give --upload too"),
    (
        _but(CompressionSettings, "compress"),
        _of(CompressionSettings, "compress"),
        "nothing is compressed: give --compress too",
    ),
    (
        _but(MaintenanceSettings, "maintenance", "maintenance_file"),
        _of(MaintenanceSettings, "maintenance", "maintenance_file"),
        "no maintenance is announced: give --maintenance or --maintenance-file too",
    ),
    (_but(RateSettings, "rate_limit"), _of(RateSettings, "rate_limit"), "there is no limit: give --rate-limit too"),
    (
        _but(ConcurrencySettings, "concurrency_limit"),
        _of(ConcurrencySettings, "concurrency_limit"),
        "there is no limit: give --concurrency-limit too",
    ),
)
"""Settings, what must be at the same place for them to count, and what to say where it is not."""


def idle_faults(plan: Plan) -> Iterator[tuple[str, Settings]]:
    """For each choice that counts nowhere, a line that begins with its option, and the settings of a place that has it.

    What holds for several places is in order if it counts at one of them.
    """
    everywhere = _everywhere(plan)
    known = {each.name: each for each in all_settings()}
    for each, needed, why in ((known[name], needed, why) for names, needed, why in NEEDS for name in names):
        counted = {settings.origins.get(each.name) for settings in everywhere if needed(settings)}
        for settings in everywhere:
            idle = each.name in settings.chosen and settings.origins.get(each.name) not in counted
            if idle and getattr(settings[each.part], each.name) != each.default:
                yield f"{each.option}: {why}", settings


def vain_faults(plan: Plan) -> Iterator[tuple[str, Settings]]:
    """The same for what is asked for, and nobody can have."""
    for settings in _everywhere(plan):
        yield from ((line, settings) for line in (*_rules(settings), *_files(settings)))


def _rules(settings: Settings) -> Iterator[str]:
    chosen = settings[AuthSettings]
    rules = {rule.strip() for rule in chosen.require}
    wide = next((word for word in ("anyone", "user") if word in rules), "")
    if chosen.auth and wide and len(rules) > 1:
        yield f"--require: one rule is enough, so with {wide} the others keep nobody out: leave {wide} out, or them"
    if "certificate" in chosen.auth and not settings[TlsSettings].tls_client_ca:
        yield "--auth: nobody is asked for a certificate: give --tls-client-ca too"
    kinds = {rule.partition(":")[0] for rule in rules if ":" in rule}
    if chosen.auth and FROM_FILES.issuperset(chosen.auth):
        if "group" in kinds and not chosen.auth_groups:
            yield "--require: nobody is in a group here: give --auth-groups too, a file that tells them"
        if "scope" in kinds:
            yield "--require: nobody has a scope here, for only tokens have: choose bearer by --auth"


def _files(settings: Settings) -> Iterator[str]:
    files, most = settings[StaticSettings], settings[Limits].body_size
    if files.upload and "upload_size" in settings.chosen and 0 < most < files.upload_size:
        yield "--upload-size: no more can come than --body-size: raise that too"
    folder = os.path.dirname(settings[MaintenanceSettings].maintenance_file) or "."
    if not os.path.isdir(folder):
        yield f"--maintenance-file: there is no folder {folder!r}, in which it could be"


def _everywhere(plan: Plan) -> list[Settings]:
    return [*{id(place.settings): place.settings for place in plan.places}.values()]
