"""Users and groups of this machine, by name or number; it knows neither sockets nor processes."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass

from pellucid.spelling import nearest


@dataclass(frozen=True, slots=True)
class Account:
    """A user. `name` is empty and `gid` is None for a number that the machine has no entry for."""

    uid: int
    gid: int | None
    name: str

    def groups(self, gid: int) -> tuple[int, ...]:
        """The user's groups, with this one for its first."""
        return tuple(sorted(set(os.getgrouplist(self.name, gid)))) if self.name else (gid,)


def find_user(text: str) -> Account:
    """A user by name or number; ValueError if there is none of that name."""
    try:
        if text.isdecimal():
            number = _number(text, "user")
            try:
                entry = pwd.getpwuid(number)
            except KeyError:
                return Account(number, None, "")
        else:
            entry = pwd.getpwnam(text)
    except (KeyError, UnicodeError, ValueError) as error:
        raise _unknown("user", text, [each.pw_name for each in pwd.getpwall()], error) from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def find_group(text: str) -> int:
    """The number of a group, by name or number; ValueError if there is none of that name."""
    try:
        return _number(text, "group") if text.isdecimal() else grp.getgrnam(text).gr_gid
    except (KeyError, UnicodeError, ValueError) as error:
        raise _unknown("group", text, [each.gr_name for each in grp.getgrall()], error) from None


def user_name(uid: int) -> str:
    """The name of a user, or its number where the machine knows no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _number(text: str, kind: str) -> int:
    # The highest one stands for "leave it as it is" in the calls that set owners.
    if len(text) > 10 or int(text) >= 0xFFFFFFFF:
        raise ValueError(f"{text} is no number of a {kind}")
    return int(text)


def _unknown(kind: str, text: str, names: list[str], error: Exception) -> ValueError:
    if text.isdecimal():
        return ValueError(str(error))
    near = nearest(text, names)
    return ValueError(f"there is no {kind} {text!a} here" + (f"; did you mean {near}?" if near else ""))
