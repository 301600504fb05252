"""The files of the authority are made once, for their owner alone, whole, and by whoever comes first."""

import importlib.util
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from pellucid.authority.issuing import names_of
from pellucid.authority.keeping import AUTHORITY, AUTHORITY_KEY, SERVER, STAY, data_folder, keep
from pellucid.authority.machine import Machine

MACHINE = Machine("box", (ip_address("127.0.0.1"),))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (AUTHORITY, AUTHORITY_KEY, SERVER)}


def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "pellucid" / "tls"
    before = os.umask(0o000)
    try:
        kept = keep(str(folder), MACHINE, NOW)
    finally:
        os.umask(before)
    assert (kept.authority, kept.server, kept.made) == (str(folder / AUTHORITY), str(folder / SERVER), True)
    modes = {name: stat.S_IMODE(os.stat(folder / name).st_mode) for name in sorted(os.listdir(folder))}
    assert modes == {AUTHORITY: 0o644, AUTHORITY_KEY: 0o600, "lock": 0o600, SERVER: 0o600}
    assert {stat.S_IMODE(os.stat(each).st_mode) for each in (folder, folder.parent, tmp_path / "data")} == {0o700}


def test_it_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    assert keep(str(folder), MACHINE, NOW).made
    first = contents(folder)
    assert not keep(str(folder), MACHINE, NOW + timedelta(days=300)).made
    assert contents(folder) == first


@pytest.mark.parametrize(
    ("machine", "later"),
    [(MACHINE, timedelta(days=380)), (Machine("box", (ip_address("10.0.0.7"),)), timedelta(0))],
)
def test_near_its_end_or_without_all_names_a_certificate_is_renewed_by_the_same_authority(
    machine: Machine, later: timedelta, tmp_path: Path
) -> None:
    folder = tmp_path / "tls"
    keep(str(folder), MACHINE, NOW)
    first = contents(folder)
    assert not keep(str(folder), machine, NOW + later).made
    second = contents(folder)
    assert [name for name in first if first[name] != second[name]] == [SERVER]


@pytest.mark.parametrize("name", [AUTHORITY, AUTHORITY_KEY, SERVER])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\ngarbage"])
def test_what_is_missing_or_broken_is_made_anew(name: str, content: bytes | None, tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    keep(str(folder), MACHINE, NOW)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert keep(str(folder), MACHINE, NOW).made is (name != SERVER)
    assert not keep(str(folder), MACHINE, NOW).made


def test_names_that_were_asked_for_stay_in_the_certificate(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    keep(str(folder), MACHINE.calling("shop.localhost"), NOW)
    first = contents(folder)
    keep(str(folder), MACHINE, NOW)
    assert contents(folder) == first
    keep(str(folder), MACHINE.calling("10.0.0.7"), NOW)
    keep(str(folder), MACHINE.calling("api.localhost"), NOW)
    assert {"shop.localhost", "10.0.0.7", "api.localhost", "box"} <= {*names_of(contents(folder)[SERVER])}


def test_an_authority_that_is_trusted_stays_when_the_machine_changes_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    keep(str(folder), MACHINE, NOW)
    first = contents(folder)
    assert not keep(str(folder), Machine("laptop"), NOW).made
    second = contents(folder)
    assert [name for name in first if first[name] != second[name]] == [SERVER]
    assert names_of(second[SERVER]) == ["localhost", "laptop.local", "box", "box.local", "127.0.0.1"]
    with pytest.raises(ValueError, match=r"'shop\.laptop' is not beneath"):
        keep(str(folder), Machine("laptop").calling("shop.laptop"), NOW)


def test_names_that_change_each_time_do_not_pile_up(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    for number in range(STAY + 3):
        keep(str(folder), Machine(f"box{number}"), NOW)
    names = names_of(contents(folder)[SERVER])
    assert len(names) == STAY + 1
    assert names[:4] == ["localhost", f"box{STAY + 2}.local", f"box{STAY + 1}.local", f"box{STAY}.local"]


def test_a_folder_that_others_may_look_into_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(ValueError, match=r"must be yours and for nobody else: `chmod 700` it"):
        keep(str(folder), MACHINE, NOW)
    assert os.listdir(folder) == []


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(0o700)
    (tmp_path / "tls").symlink_to("elsewhere")
    with pytest.raises(ValueError, match="must be yours"):
        keep(str(tmp_path / "tls"), MACHINE, NOW)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"its certificates cannot be kept in .*/file/tls: not a directory"):
        keep(str(tmp_path / "file" / "tls"), MACHINE, NOW)


def test_without_the_package_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"`pip install 'pellucid\[tls\]'`"):
        keep(str(tmp_path / "tls"), MACHINE, NOW)
    assert os.listdir(tmp_path) == []


def test_of_several_processes_one_makes_it_and_all_have_the_same(tmp_path: Path) -> None:
    script = (
        "import sys; from pellucid.authority import keep, Machine;"
        "kept = keep(sys.argv[1], Machine('box')); print(kept.made, hash(open(kept.server, 'rb').read()))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "tls")]
    together = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONHASHSEED": "0"})
        for _ in range(4)
    ]
    told = sorted(process.communicate(timeout=60)[0].split() for process in together)
    assert [made for made, _ in told] == ["False", "False", "False", "True"]
    assert len({content for _, content in told}) == 1


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"HOME": "/home/ann"}, "linux", "/home/ann/.local/share/pellucid/tls"),
        ({"HOME": "/Users/ann"}, "darwin", "/Users/ann/Library/Application Support/pellucid/tls"),
        ({"HOME": "/home/ann", "XDG_DATA_HOME": "/data"}, "linux", "/data/pellucid/tls"),
        ({"XDG_DATA_HOME": "/data"}, "darwin", "/data/pellucid/tls"),
        ({"HOME": "/home/ann", "XDG_DATA_HOME": "data"}, "linux", "/home/ann/.local/share/pellucid/tls"),
    ],
)
def test_it_is_kept_with_the_data_of_the_user(environment: dict[str, str], platform: str, folder: str) -> None:
    assert data_folder(environment, platform) == folder


@pytest.mark.parametrize("environment", [{}, {"HOME": "/"}, {"HOME": ""}, {"XDG_DATA_HOME": "here"}])
def test_without_a_home_it_asks_for_one(environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="set XDG_DATA_HOME"):
        data_folder(environment, "linux")
