"""Who may connect to a socket in the file system: its mode and its owner; it opens nothing."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from pellucid.net.accounts import find_group, find_user
from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """Who may connect to sockets in the file system."""

    socket_mode: str = setting(
        "",
        "The permissions of sockets in the file system, such as 660: whoever may write may connect. Without it the "
        "umask decides.",
        unit="octal",
    )
    socket_owner: str = setting(
        "",
        "The owner of sockets in the file system, by name or number: USER, USER:GROUP, or :GROUP.",
        unit="user:group",
    )


@dataclass(frozen=True, slots=True)
class Access:
    """A mode, None for what the umask leaves, and the numbers of a user and a group, -1 for its opener's own."""

    mode: int | None = None
    uid: int = -1
    gid: int = -1


def access_of(settings: SocketSettings) -> Access:
    """Who may connect. To be asked before anything is opened: ValueError says in one line what cannot be."""
    mode = _mode(settings.socket_mode) if settings.socket_mode else None
    user, _, group = settings.socket_owner.partition(":")
    if settings.socket_owner and not user and not group:
        raise ValueError("--socket-owner: write USER, USER:GROUP or :GROUP")
    try:
        uid = find_user(user).uid if user else -1
        gid = find_group(group) if group else -1
    except ValueError as error:
        raise ValueError(f"--socket-owner: {error}") from None
    if os.geteuid() != 0:
        _check_allowed(uid, gid)
    return Access(mode, uid, gid)


def _mode(text: str) -> int:
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise ValueError(f"--socket-mode: {text!r} is no mode of three octal digits, such as 660")
    return int(text, 8)


def _check_allowed(uid: int, gid: int) -> None:
    if uid not in (-1, os.geteuid()):
        raise ValueError("--socket-owner: only root can give a socket to another user")
    if gid not in (-1, os.getegid(), *os.getgroups()):
        raise ValueError("--socket-owner: only root can give a socket to a group that it is not in itself")
