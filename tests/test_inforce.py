"""A plan that is read anew is in force once a worker has begun with it; until then, what was before can come back."""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pellucid.features.https import HttpsSettings
from pellucid.inforce import InForce, check, check_loading
from pellucid.listening import Listening, read_certificates
from pellucid.loading import Folder, LoadingSettings, Named, Target
from pellucid.net.tlssettings import TlsSettings
from pellucid.plan import Place, Plan, plan_of
from pellucid.settings import CommandSettings, Settings
from signing import Authority


def plan(folder: str = "old", **chosen: Any) -> Plan:
    return replace(plan_of([Target("", Folder(folder))], Settings(chosen)), file="pellucid.toml")


def serves(in_force: InForce) -> list[str]:
    return [str(place.serves) for place in in_force.plan.places]


class Log:
    """What was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, level: str, text: str) -> None:
        self.lines.append(f"{level}: {text}")


@pytest.fixture
def log() -> Log:
    return Log()


def in_force(replan: Callable[[], Plan] | None, **chosen: Any) -> InForce:
    return InForce(plan(**chosen), Listening(), "", replan)


def test_what_was_read_anew_is_in_force_for_good_when_a_worker_is_ready(log: Log) -> None:
    standing = in_force(lambda: plan("new"))
    assert standing.renew(log)
    standing.begun(2)
    assert serves(standing) == ["new"]
    assert not standing.ready(1)  # one of before, which was late
    assert standing.ready(2)
    standing.ended(2, log)
    assert (serves(standing), log.lines) == (["new"], [])


def test_if_the_first_worker_ends_before_it_is_ready_what_was_before_is_in_force_again(log: Log) -> None:
    standing = in_force(lambda: plan("new"))
    standing.renew(log)
    standing.ended(1, log)  # one of before
    assert serves(standing) == ["new"]
    standing.begun(2)
    standing.ended(2, log)
    assert serves(standing) == ["old"]
    assert log.lines == ["warning: no worker could begin with what was read anew: what was before is in force again"]
    standing.begun(2)
    assert not standing.ready(2)


def test_of_two_that_are_read_in_a_row_each_is_tried_by_those_that_begin_with_it(log: Log) -> None:
    plans = [plan("first"), plan("second")]
    standing = in_force(lambda: plans.pop(0))
    standing.renew(log)
    standing.begun(2)
    standing.begun(3)
    standing.renew(log)
    assert not standing.ready(2)
    standing.ended(3, log)
    assert serves(standing) == ["second"]
    standing.begun(4)
    standing.ended(4, log)
    assert serves(standing) == ["old"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("pellucid.toml:3: hdr: no such key"), "pellucid.toml:3: hdr: no such key"),
        (FileNotFoundError(2, "No such file or directory", "pellucid.toml"), "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_line(log: Log, error: Exception, line: str) -> None:
    def replan() -> Plan:
        raise error

    standing = in_force(replan)
    assert not standing.renew(log)
    assert serves(standing) == ["old"]
    assert len(log.lines) == 1
    assert log.lines[0].startswith("error: the reload is refused, and what was in force stays: ")
    assert line in log.lines[0]


def test_what_a_start_would_refuse_is_refused(log: Log) -> None:
    standing = in_force(lambda: plan("new", workers="many"))
    assert not standing.renew(log)
    assert serves(standing) == ["old"]
    assert "many" in log.lines[0]


def test_files_are_named_from_the_folder_that_stands_where_the_first_one_stood(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    standing = InForce(plan(), Listening(), os.getcwd(), lambda: plan(Path("name").read_text()))
    (tmp_path / "here").rmdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "name").write_text("new")
    assert standing.renew(log)
    assert serves(standing) == ["new"]


def test_where_nothing_can_be_read_anew_it_is_as_it_was(log: Log) -> None:
    standing = in_force(None)
    assert standing.renew(log)
    assert (serves(standing), log.lines) == (["old"], [])


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ({}, {"bind": (":80",)}, "bind"),
        ({"metrics": ":9000"}, {}, "metrics"),
        ({"stuck_after": 3.0}, {"log_format": "json", "grace": 3.0}, "grace, stuck-after, log-format"),
        ({"socket_mode": "600"}, {"socket_mode": "666"}, "socket-mode"),
        ({}, {"tls": ("dev",)}, "tls"),
    ],
)
def test_what_only_a_start_can_change_is_told_and_stays(
    log: Log, before: dict[str, Any], after: dict[str, Any], names: str
) -> None:
    standing = in_force(lambda: plan("new", idle=3.0, **after), **before)
    old = standing.plan.settings
    assert standing.renew(log)
    assert log.lines == [f"warning: only a restart can change {names}: until then it stays as it was"]
    assert serves(standing) == ["new"]
    for part in (CommandSettings, TlsSettings):
        assert standing.plan.settings[part] == old[part]
    assert standing.plan.places[0].settings is standing.plan.settings
    log.lines.clear()
    assert standing.renew(log)
    assert len(log.lines) == 1  # as long as the file says so


def test_the_number_of_workers_follows(log: Log) -> None:
    standing = in_force(lambda: plan(workers="3"))
    assert standing.wanted == 1
    standing.renew(log)
    assert standing.wanted == 3


def test_certificates_of_other_files_are_taken_up_and_given_back(log: Log, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pairs = [",".join(authority.sign(name)) for name in ("a.example", "b.example")]
    plans = [plan("new", tls=tuple(pairs)), plan("new", tls=("gone.pem,gone.pem",))]
    first = plan(tls=(pairs[0],))
    listening = Listening((), (), *read_certificates(first.settings))
    standing = InForce(first, listening, "", lambda: plans.pop(0))
    assert standing.renew(log)
    certificates = standing.listening.certificates
    assert certificates is not None
    assert certificates.choose("b.example").names == {"b.example"}
    standing.begun(2)
    standing.ended(2, log)
    assert standing.listening is listening
    assert not standing.renew(log)
    assert "gone.pem" in log.lines[-1]


def test_each_place_knows_the_port_that_was_opened() -> None:
    chosen = Settings({"redirect_http": ("8080",), "tls": ("a,b",)})
    place = Place("a.example", "", Folder("."), chosen.having(HttpsSettings(redirect_http=("8080",), hsts=60.0)))
    standing = InForce(Plan(chosen, (place,)), Listening())
    assert standing.plan.settings[HttpsSettings].https_port == 443
    assert standing.plan.places[0].settings[HttpsSettings] == HttpsSettings(
        redirect_http=("8080",), https_port=443, hsts=60.0
    )


@pytest.mark.parametrize("where", ["", "a.example"])
def test_what_cannot_be_meant_at_one_place_is_told(where: str) -> None:
    place = Place(where, "/x", Folder("."), Settings({"hsts": 60.0}))
    with pytest.raises(ValueError, match="--hsts: it is said by https only"):
        check(Plan(Settings(), (place,)))


def test_sessions_in_the_memory_of_one_worker_are_not_for_several() -> None:
    place = Place("", "/x", Folder("."), Settings({"session": "memory"}))
    with pytest.raises(ValueError, match="--session: memory is of one worker, and there are 2: say sqlite:FILE"):
        check(Plan(Settings({"workers": "2"}), (place,)))
    check(Plan(Settings({"workers": "1"}), (place,)))


def test_a_loop_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="loop: uvloop is not installed; `pip install uvloop`"):
        check_loading([], LoadingSettings(loop="uvloop"))
    check_loading([], LoadingSettings(loop="asyncio"))


def test_modules_want_their_folder_to_be_there(tmp_path: Path) -> None:
    nowhere = LoadingSettings(app_dir=str(tmp_path / "gone"))
    with pytest.raises(ValueError, match=r"app-dir: there is no folder '.*gone'"):
        check_loading([Place("", "", Named("main", "app"), Settings())], nowhere)
    check_loading([Place("", "", Folder("."), Settings()), Place("", "/x", None, Settings())], nowhere)
