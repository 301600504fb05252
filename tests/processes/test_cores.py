"""The number of workers is a number or auto, and auto is what this process may use."""

import os
from pathlib import Path

import pytest

from pellucid.processes import cores as module
from pellucid.processes.cores import MOST, cores, count_of, quota_of


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("1", 1), (" 8 ", 8), (str(MOST), MOST)])
def test_a_number_is_itself(text: str, count: int) -> None:
    assert count_of(text) == count


@pytest.mark.parametrize("text", ["", "-1", "many", "1.5", "²", str(MOST + 1), "9" * 5000])
def test_what_is_no_number_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is neither a number up to 128 nor auto"):
        count_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000\n", 0), ("200000 100000\n", 2), ("150000 100000", 2), ("1000 100000", 1), ("", 0), ("5 0", 0)],
)
def test_a_quota_is_so_many_cores_rounded_up(text: str, expected: int) -> None:
    assert quota_of(text) == expected


@pytest.mark.parametrize(
    ("usable", "quota", "expected"),
    [(8, "max 100000", 8), (8, "200000 100000", 2), (1, "800000 100000", 1), (8, None, 8), (500, None, MOST)],
)
def test_auto_is_what_this_process_may_use(
    usable: int, quota: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(module, "CPU_MAX", str(tmp_path / "cpu.max"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(usable)), raising=False)
    assert cores() == count_of("auto") == expected


def test_where_the_system_does_not_tell_it_is_one_per_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CPU_MAX", str(tmp_path / "absent"))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert cores() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
