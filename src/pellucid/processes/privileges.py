"""Giving up root: who serves once the ports are open. It knows nothing of what is served.

The order matters, and so does looking afterwards. Groups go first, because only root can change them; root's own
supplementary groups would stay otherwise. A process that believes it has given something up and has not is worse than
one that never tried.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from pellucid.net.accounts import Account, find_group, find_user, user_name
from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class PrivilegeSettings:
    """Who serves."""

    user: str = setting(
        "",
        "The user, by name or number, as whom apps are loaded and requests are served once the ports are open, with "
        "all its groups. Only root can become another user.",
        unit="user",
    )
    group: str = setting("", "The group to serve as, in the place of the user's own one.", unit="group")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, its group and all groups that it is in, by number."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def present() -> Identity:
    """Who this process is now."""
    return Identity(os.geteuid(), os.getegid(), tuple(sorted({os.getegid(), *os.getgroups()})))


def choose(settings: PrivilegeSettings) -> Identity | None:
    """Who is to serve, None for whoever started the server. To be asked before anything is opened: ValueError says in
    one line why that cannot be.
    """
    if not settings.user and not settings.group:
        return None
    now = present()
    chosen = _chosen(settings, now)
    if (chosen.uid, chosen.gid) == (now.uid, now.gid) and now.uid != 0:
        return None  # as systemd's User= has done already
    if now.uid != 0:
        raise ValueError(f"{_options(settings)}: only root can become another user or group, and this is {_name(now)}")
    return chosen


def become(identity: Identity) -> None:
    """Be this user from now on, for good. ValueError if the system does not let it or keeps anything back, or if that
    user cannot read what is to run: then the process must end.
    """
    code = [file for file in (os.__file__, __file__) if os.access(file, os.R_OK)]
    try:
        os.setgroups(identity.groups)
        os.setgid(identity.gid)  # of root, this sets the real, the effective and the saved one
        os.setuid(identity.uid)
    except OSError as error:
        raise ValueError(f"cannot become the user {_name(identity)}: {(error.strerror or '').lower()}") from error
    if not _has_become(identity):
        raise ValueError(f"cannot become the user {_name(identity)}: the system has kept some of the old rights")
    for file in code:
        if not os.access(file, os.R_OK):  # as of a Python in root's own folder: what is imported later would be missing
            raise ValueError(f"cannot serve as the user {_name(identity)}, who may not read {os.path.dirname(file)}")


def _chosen(settings: PrivilegeSettings, now: Identity) -> Identity:
    try:
        account = find_user(settings.user) if settings.user else Account(now.uid, now.gid, "")
    except ValueError as error:
        raise ValueError(f"--user: {error}") from None
    try:
        gid = find_group(settings.group) if settings.group else account.gid
    except ValueError as error:
        raise ValueError(f"--group: {error}") from None
    if gid is None:
        raise ValueError(f"--user: nothing is known of the user {account.uid}, so its group must be named with --group")
    return Identity(account.uid, gid, account.groups(gid))


def _has_become(identity: Identity) -> bool:
    if (os.getuid(), os.getgid()) != (identity.uid, identity.gid) or present() != identity:
        return False
    try:
        if identity.uid != 0:
            os.setuid(0)
    except OSError:
        return True
    return identity.uid == 0  # else the way back was open


def _options(settings: PrivilegeSettings) -> str:
    return " and ".join(f"--{name}" for name in ("user", "group") if getattr(settings, name))


def _name(identity: Identity) -> str:
    return user_name(identity.uid)
