"""Who may connect to a socket in the file system is judged before it is opened."""

import os
import pwd

import pytest

from pellucid.net.access import Access, SocketSettings, access_of

ROOT = pwd.getpwuid(0).pw_name


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("mode", "owner", "expected"),
    [
        ("", "", Access()),
        ("660", "", Access(0o660)),
        ("0600", "", Access(0o600)),
        ("", ROOT, Access(None, 0)),
        ("", f"{ROOT}:50", Access(None, 0, 50)),
        ("666", ":50", Access(0o666, -1, 50)),
        ("", "4242:", Access(None, 4242)),
    ],
)
def test_what_is_chosen(mode: str, owner: str, expected: Access) -> None:
    assert access_of(SocketSettings(mode, owner)) == expected


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("mode", "owner", "complaint"),
    [
        ("rw", "", "--socket-mode: 'rw' is no mode of three octal digits, such as 660"),
        ("66", "", "'66' is no mode"),
        ("0o660", "", "is no mode"),
        ("4660", "", "is no mode"),
        ("668", "", "is no mode"),
        ("660\n", "", "is no mode"),
        ("", ":", "--socket-owner: write USER, USER:GROUP or :GROUP"),
        ("", "nobody here", "--socket-owner: there is no user 'nobody here' here"),
        ("", "0:no group", "--socket-owner: there is no group 'no group' here"),
        ("", "0:0:0", "there is no group '0:0' here"),
    ],
)
def test_what_cannot_be_is_explained(mode: str, owner: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        access_of(SocketSettings(mode, owner))
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("owner", "complaint"),
    [
        ("1000", ""),
        (":1000", ""),
        ("1000:27", ""),
        ("0", "only root can give a socket to another user"),
        ("0:1000", "only root can give a socket to another user"),
        (":50", "only root can give a socket to a group that it is not in itself"),
    ],
)
def test_whoever_is_not_root_gives_sockets_to_groups_of_its_own(
    monkeypatch: pytest.MonkeyPatch, owner: str, complaint: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 1000)
    monkeypatch.setattr(os, "getgroups", lambda: [1000, 27])
    if complaint:
        with pytest.raises(ValueError, match=complaint):
            access_of(SocketSettings(socket_owner=owner))
    else:
        access_of(SocketSettings(socket_owner=owner))
