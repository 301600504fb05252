"""Users as a feature: the door of a place, its schemes by their names. What they take is imported where they are on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from pellucid.features.auth.rules import read_rules
from pellucid.features.auth.scheme import Scheme
from pellucid.features.auth.settings import AuthSettings
from pellucid.features.feature import Feature, Ground
from pellucid.setting import Chosen
from pellucid.spelling import nearest

INHERITED = os.urandom(32)
"""A key that is older than the workers, which are forks of the process that has imported this: all have the same."""


def auth_feature(chosen: Chosen, ground: Ground, sessions: bool) -> Feature | None:
    """The feature that finds out who asks, and whether that may. `sessions` says whether there are any. ValueError says
    what is wrong with a setting, or a file.
    """
    settings = chosen[AuthSettings]
    rules = read_rules(settings.require, settings.require_methods)
    if not settings.auth:
        if settings.require and not rules.anyone:
            raise ValueError("--require: nobody can show who it is here: name an auth, such as basic")
        return None
    if "form" in settings.auth and not sessions:
        raise ValueError("--auth: form needs a session to log in with: set session, such as sqlite:sessions.db")
    from pellucid.features.auth.door import Door
    from pellucid.features.auth.form import Form

    schemes = [_scheme(name, chosen, ground) for name in dict.fromkeys(settings.auth)]
    form = next((scheme for scheme in schemes if isinstance(scheme, Form)), None)
    door = Door(schemes, rules, form, _groups(settings, ground))
    return Feature(door.ask, door.answer)


Make = Callable[[Chosen, Ground], Scheme]


def _basic(chosen: Chosen, ground: Ground) -> Scheme:
    from pellucid.features.auth.basic import Basic
    from pellucid.features.auth.shared import passwords_of

    settings = chosen[AuthSettings]
    return Basic(settings.auth_realm, passwords_of(settings, ground))


def _digest(chosen: Chosen, ground: Ground) -> Scheme:
    from pellucid.features.auth.digest import Digest
    from pellucid.features.auth.nonces import Nonces
    from pellucid.features.auth.shared import attempts_of, digests_of

    settings = chosen[AuthSettings]
    # Nonces are the same at all doors of a realm, and so is the count of what was shown.
    key = ("auth digest", settings.auth_digests, settings.auth_realm, settings.auth_tries, settings.auth_pause)

    def make() -> Digest:
        nonces = Nonces(settings.auth_realm, INHERITED)
        return Digest(settings.auth_realm, digests_of(settings, ground), attempts_of(settings, ground), nonces)

    return ground.shared(key, make)


def _form(chosen: Chosen, ground: Ground) -> Scheme:
    from pellucid.features.auth.shared import form_of

    return form_of(chosen[AuthSettings], ground)


def _bearer(chosen: Chosen, ground: Ground) -> Scheme:
    from pellucid.features.auth.bearer import bearer_scheme

    return bearer_scheme(chosen, ground)


def _certificate(chosen: Chosen, ground: Ground) -> Scheme:
    from pellucid.features.auth.certificate import certificate_scheme

    return certificate_scheme(chosen, ground)


def _forward(chosen: Chosen, ground: Ground) -> Scheme:
    from pellucid.features.auth.forward import forward_scheme

    return forward_scheme(chosen, ground)


SCHEMES: Mapping[str, Make] = {
    "basic": _basic,
    "digest": _digest,
    "form": _form,
    "bearer": _bearer,
    "certificate": _certificate,
    "forward": _forward,
}
"""What makes each scheme."""

OTHERWISE = {
    "cookie": "form",
    "jwt": "bearer",
    "ldap": "forward",
    "login": "form",
    "mtls": "certificate",
    "oauth": "forward",
    "oauth2": "forward",
    "oidc": "forward",
    "openid": "forward",
    "session": "form",
    "sso": "forward",
    "tls": "certificate",
    "token": "bearer",
}
"""What else people call some of them."""


def _scheme(name: str, chosen: Chosen, ground: Ground) -> Scheme:
    make = SCHEMES.get(name)
    if make is None:
        several = [each.strip() for each in name.split(",")]
        if len(several) > 1 and SCHEMES.keys() >= {*several}:
            raise ValueError(
                f"--auth: {name!r} are several: in a file, write [{str(several)[1:-1]}], else give "
                "each by an option, or on a line, of its own"
            )
        near = OTHERWISE.get(name.lower(), "") or nearest(name, SCHEMES)
        hint = f"; did you mean {near}?" if near else f": it is {', '.join(SCHEMES)}"
        raise ValueError(f"--auth: {name!r} is no way to show who one is{hint}")
    return make(chosen, ground)


def _groups(settings: AuthSettings, ground: Ground) -> Callable[[str], frozenset[str]]:
    if not settings.auth_groups:
        return lambda name: frozenset()
    from pellucid.features.auth.shared import groups_of

    followed = groups_of(settings, ground)
    return lambda name: followed.what.get(name, frozenset())
