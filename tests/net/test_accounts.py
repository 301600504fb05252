"""Users and groups are found by name and by number, and what there is not is explained."""

import grp
import os
import pwd

import pytest

from pellucid.net.accounts import Account, find_group, find_user, user_name

ROOT = pwd.getpwuid(0)
NOBODY_HAS = 4_000_000_123


@pytest.mark.parametrize("text", [ROOT.pw_name, "0", "00"])
def test_a_user_is_found(text: str) -> None:
    assert find_user(text) == Account(0, ROOT.pw_gid, ROOT.pw_name)


@pytest.mark.parametrize("text", [grp.getgrgid(0).gr_name, "0"])
def test_a_group_is_found(text: str) -> None:
    assert find_group(text) == 0


def test_a_number_without_an_entry_is_a_user_of_whom_nothing_is_known() -> None:
    account = find_user(str(NOBODY_HAS))
    assert account == Account(NOBODY_HAS, None, "")
    assert account.groups(7) == (7,)
    assert find_group(str(NOBODY_HAS)) == NOBODY_HAS
    assert user_name(NOBODY_HAS) == str(NOBODY_HAS)


def test_a_user_comes_with_all_its_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, 20, 10, gid])
    assert find_user("0").groups(15) == (10, 15, 20)


def test_a_user_has_a_name() -> None:
    assert user_name(0) == ROOT.pw_name


@pytest.mark.parametrize("text", ["nobody here", "", "-1", "a\0b", "\udcff", "ä", "²"])
def test_what_there_is_not_is_explained_in_one_line(text: str) -> None:
    for kind, find in (("user", find_user), ("group", find_group)):
        with pytest.raises(ValueError) as error:
            find(text)
        assert str(error.value).startswith(f"there is no {kind} {text!a} here")
        assert str(error.value).isprintable()


def test_a_near_name_is_shown() -> None:
    with pytest.raises(ValueError, match=f"did you mean {ROOT.pw_name}"):
        find_user(ROOT.pw_name + "t")


@pytest.mark.parametrize("text", ["4294967295", "4294967296", "1" * 5000])
def test_a_number_that_stands_for_none_is_refused(text: str) -> None:
    # chown takes 2^32 - 1 for "leave it": a socket would keep root for its owner without a word.
    for kind, find in (("user", find_user), ("group", find_group)):
        with pytest.raises(ValueError, match=f"is no number of a {kind}"):
            find(text)
