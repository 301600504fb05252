"""What schemes have in common in a process, by the settings: the files of users, and the count of guesses."""

from __future__ import annotations

from collections.abc import Mapping

from pellucid.features.auth.attempts import Attempts
from pellucid.features.auth.followed import Followed
from pellucid.features.auth.form import Form, Paths, is_here
from pellucid.features.auth.htpasswd import Digests, read_digests, read_groups, read_users
from pellucid.features.auth.page import Pages, read_page
from pellucid.features.auth.scheme import quoted
from pellucid.features.auth.settings import AuthSettings
from pellucid.features.auth.verifying import Passwords
from pellucid.features.feature import Ground

CONTROL = {*map(chr, range(0x20)), "\x7f"}


def realm_of(settings: AuthSettings) -> str:
    """The realm; ValueError where it cannot be told in a field."""
    realm = settings.auth_realm
    if not realm or not CONTROL.isdisjoint(realm) or ":" in realm:
        raise ValueError(f"--auth-realm: {realm!r} is no realm: it has a name, with no colon and no control character")
    return realm


def attempts_of(settings: AuthSettings, ground: Ground) -> Attempts:
    """The count of guesses."""
    tries, pause = settings.auth_tries, settings.auth_pause
    return ground.shared(("auth attempts", tries, pause), lambda: Attempts(tries, pause))


def passwords_of(settings: AuthSettings, ground: Ground) -> Passwords:
    """The passwords of auth-users."""
    realm_of(settings)
    file = settings.auth_users
    if not file:
        raise ValueError("--auth-users: basic and form need a file of users; `pellucid passwd FILE USER` makes one")
    attempts = attempts_of(settings, ground)

    def make() -> Passwords:
        named = "FILE" if ":" in file else file  # as who wrote a user there, and no file
        how = f"`pellucid passwd {named} USER` makes it"
        return Passwords(Followed(file, lambda text: read_users(text, file), ground, how), attempts, ground)

    return ground.shared(("auth passwords", file, attempts), make)


def digests_of(settings: AuthSettings, ground: Ground) -> Followed[Digests]:
    """The users of auth-digests in the realm."""
    file, realm = settings.auth_digests, realm_of(settings)
    if not file:
        raise ValueError("--auth-digests: digest needs a file of users; `pellucid passwd --digest FILE USER` makes one")
    how = f"`pellucid passwd --digest {file} USER` makes it"
    digests = Followed(file, lambda text: read_digests(text, file, realm), ground, how)
    if not digests.what.secrets and digests.what.realms:
        others = ", ".join(map(repr, sorted(digests.what.realms)))
        raise ValueError(f"--auth-realm: {file} has no user of the realm {realm!r}, but of {others}")
    return digests


def groups_of(settings: AuthSettings, ground: Ground) -> Followed[Mapping[str, frozenset[str]]]:
    """The groups of users by auth-groups."""
    file = settings.auth_groups
    how = "write lines such as admins: alice bob"

    def make() -> Followed[Mapping[str, frozenset[str]]]:
        return Followed(file, lambda text: read_groups(text, file), ground, how)

    return ground.shared(("auth groups", file), make)


def form_of(settings: AuthSettings, ground: Ground) -> Form:
    """The form, and its pages."""
    for name, path in (("login-path", settings.login_path), ("logout-path", settings.logout_path)):
        if not is_here(path.encode()) or "?" in path or "#" in path:
            raise ValueError(f"--{name}: {path!r} is no path: it begins with one slash, as in /{name[:-5]}")
    if settings.login_path == settings.logout_path:
        raise ValueError("--logout-path: it has to be another one than login-path")
    file = settings.login_page
    own = Followed(file, lambda text: read_page(text, file), ground) if file else None
    paths = Paths(settings.login_path.encode(), settings.logout_path.encode())
    realm = realm_of(settings)
    return Form(quoted(realm), paths, Pages(realm, own), passwords_of(settings, ground))
