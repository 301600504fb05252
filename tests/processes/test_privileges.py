"""Who serves is judged before anything is opened, taken over in the right order, and looked at afterwards."""

import os
from typing import Any

import pytest

from pellucid.net.accounts import Account
from pellucid.processes import privileges
from pellucid.processes.privileges import Identity, PrivilegeSettings, become, choose

USERS = {"www": Account(33, 33, "www"), "0": Account(0, 0, "root"), "4242": Account(4242, None, "")}
GROUPS = {"www": 33, "web": 50, "0": 0}


class System:
    """A machine with users. `calls` is what was asked of it; `stubborn` names the calls that do nothing."""

    def __init__(self, uid: int, gid: int, groups: tuple[int, ...] = (0, 4)) -> None:
        self.uid, self.gid, self.supplementary = uid, gid, groups
        self.calls: list[tuple[str, Any]] = []
        self.stubborn: tuple[str, ...] = ()
        self.refuses = ""
        self.way_back = False

    def setgroups(self, groups: tuple[int, ...]) -> None:
        if self._takes("setgroups", groups):
            self.supplementary = groups

    def setgid(self, gid: int) -> None:
        if self._takes("setgid", gid):
            self.gid = gid

    def setuid(self, uid: int) -> None:
        if self.uid != 0 and not self.way_back:
            raise PermissionError(1, "Operation not permitted")
        if self._takes("setuid", uid):
            self.uid = uid

    def _takes(self, call: str, value: object) -> bool:
        if call == self.refuses:
            raise PermissionError(1, "Operation not permitted")
        self.calls.append((call, value))
        return call not in self.stubborn


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    system = System(0, 0)
    for name in ("setgroups", "setgid", "setuid"):
        monkeypatch.setattr(os, name, getattr(system, name))
    for name in ("getuid", "geteuid"):
        monkeypatch.setattr(os, name, lambda: system.uid)
    for name in ("getgid", "getegid"):
        monkeypatch.setattr(os, name, lambda: system.gid)
    monkeypatch.setattr(os, "getgroups", lambda: list(system.supplementary))
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, 70])
    monkeypatch.setattr(privileges, "find_user", lambda text: find(USERS, text))
    monkeypatch.setattr(privileges, "find_group", lambda text: find(GROUPS, text))
    monkeypatch.setattr(privileges, "user_name", lambda uid: f"user-{uid}")
    return system


def find(table: Any, text: str) -> Any:
    if text not in table:
        raise ValueError(f"there is no {text} here")
    return table[text]


@pytest.mark.parametrize(
    ("user", "group", "expected"),
    [
        ("", "", None),
        ("www", "", Identity(33, 33, (33, 70))),
        ("www", "web", Identity(33, 50, (50, 70))),
        ("", "web", Identity(0, 50, (50,))),
        ("4242", "web", Identity(4242, 50, (50,))),
        ("0", "", Identity(0, 0, (0, 70))),
    ],
)
def test_who_is_to_serve(system: System, user: str, group: str, expected: Identity | None) -> None:
    assert choose(PrivilegeSettings(user, group)) == expected
    assert system.calls == []


@pytest.mark.parametrize(
    ("uid", "user", "group", "complaint"),
    [
        (0, "wwww", "", "--user: there is no wwww here"),
        (0, "www", "webb", "--group: there is no webb here"),
        (0, "4242", "", "--user: nothing is known of the user 4242, so its group must be named with --group"),
        (1000, "www", "", "--user: only root can become another user or group, and this is user-1000"),
        (1000, "0", "0", "--user and --group: only root can become another"),
        (33, "", "web", "--group: only root can become another"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_opened(
    system: System, uid: int, user: str, group: str, complaint: str
) -> None:
    system.uid = system.gid = uid
    with pytest.raises(ValueError) as error:
        choose(PrivilegeSettings(user, group))
    assert complaint in str(error.value)


def test_whoever_is_that_user_already_needs_nothing(system: System) -> None:
    system.uid = system.gid = 33
    assert choose(PrivilegeSettings("www", "")) is None
    assert choose(PrivilegeSettings("www", "www")) is None


def test_groups_go_first_and_the_user_last(system: System) -> None:
    become(Identity(33, 50, (50, 70)))
    assert system.calls == [("setgroups", (50, 70)), ("setgid", 50), ("setuid", 33)]
    assert (system.uid, system.gid, system.supplementary) == (33, 50, (50, 70))


def test_root_may_stay_root_in_another_group(system: System) -> None:
    become(Identity(0, 50, (50,)))
    assert (system.uid, system.gid, system.supplementary) == (0, 50, (50,))


@pytest.mark.parametrize("module", [os, privileges])
def test_a_user_who_cannot_read_what_is_to_run_is_told(
    system: System, monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: system.uid == 0 or path != module.__file__)
    with pytest.raises(ValueError) as error:
        become(Identity(33, 50, (50,)))
    assert str(error.value) == (
        f"cannot serve as the user user-33, who may not read {os.path.dirname(module.__file__)}"
    )


def test_code_that_lies_in_no_file_of_its_own_is_no_matter(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    become(Identity(33, 50, (50,)))
    assert system.uid == 33


@pytest.mark.parametrize("call", ["setgroups", "setgid", "setuid"])
def test_what_the_system_refuses_is_said(system: System, call: str) -> None:
    system.refuses = call
    with pytest.raises(ValueError, match="cannot become the user user-33: operation not permitted"):
        become(Identity(33, 50, (50,)))


@pytest.mark.parametrize("call", ["setgroups", "setgid", "setuid"])
def test_what_the_system_has_kept_in_silence_is_found(system: System, call: str) -> None:
    system.stubborn = (call,)
    with pytest.raises(ValueError, match="has kept some of the old rights"):
        become(Identity(33, 50, (50,)))


def test_a_way_back_to_root_is_found(system: System) -> None:
    system.way_back = True
    with pytest.raises(ValueError, match="has kept some of the old rights"):
        become(Identity(33, 50, (50,)))
