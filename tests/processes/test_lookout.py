"""A burst of changes is told once, whether the system tells of it or files are looked at, and the end is the end."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pellucid.processes import lookout
from pellucid.processes.changes import Area
from pellucid.processes.lookout import (
    EVERY,
    LONGEST_BURST,
    SETTLED,
    ReloadSettings,
    Roots,
    areas_of,
    concerns,
    look,
    look_out_by_notice,
    look_out_by_polling,
)


class Pauses:
    """What happens while it rests, one thing for each time; then it is over. `rests` is how long each was."""

    def __init__(self, *happenings: Callable[[], object]) -> None:
        self.happenings = list(happenings)
        self.rests: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.rests.append(seconds)
        if not self.happenings:
            return True
        self.happenings.pop(0)()
        return False


def nothing() -> None:
    pass


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("app.py", "page.html", ".hidden.py", "package/views.py", "build/old.py", ".git/hook.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("first")
    return tmp_path


def area(folder: Path, *include: str) -> Area:
    return Area(str(folder), include or ("*.py",), ("build",))


def told_of(areas: Sequence[Area], *happenings: Callable[[], object]) -> tuple[list[list[str]], list[float]]:
    told: list[list[str]] = []
    pauses = Pauses(*happenings)
    look_out_by_polling(areas, lambda paths: told.append([os.path.basename(path) for path in paths]), pauses)
    return told, pauses.rests


def test_the_files_that_matter_are_found(project: Path) -> None:
    assert sorted(look([area(project)])) == [str(project / "app.py"), str(project / "package/views.py")]
    assert look([area(project / "nowhere")]) == {}


def test_a_file_of_two_areas_is_one(project: Path) -> None:
    assert len(look([area(project), area(project / "package", "*")])) == 2


def test_links_are_files_and_circles_have_an_end(project: Path) -> None:
    os.symlink(project, project / "package/circle")
    os.symlink(project / "nowhere", project / "broken.py")
    os.symlink(project / "page.html", project / "link.py")
    names = {os.path.basename(path) for path in look([area(project)])}
    assert names == {"app.py", "views.py", "link.py"}


def test_a_change_is_told(project: Path) -> None:
    told, _ = told_of([area(project)], lambda: (project / "app.py").write_text("second"), nothing, nothing)
    assert told == [["app.py"]]


def test_what_has_come_and_what_has_gone_is_told(project: Path) -> None:
    def swap() -> None:
        os.unlink(project / "app.py")
        (project / "new.py").write_text("new")

    assert told_of([area(project)], swap, nothing, nothing)[0] == [["app.py", "new.py"]]


def test_a_file_of_the_same_size_and_time_in_its_place_is_a_change(project: Path) -> None:
    def replace() -> None:
        other = project / "other"
        other.write_text("other")
        before = os.stat(project / "app.py")
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.replace(other, project / "app.py")

    assert told_of([area(project)], replace, nothing)[0] == [["app.py"]]


def test_what_does_not_matter_is_not_told(project: Path) -> None:
    def touch() -> None:
        for name in ("page.html", ".hidden.py", "build/old.py", ".git/hook.py"):
            (project / name).write_text("second, longer")

    assert told_of([area(project)], touch, nothing)[0] == []


def test_a_burst_is_told_once_when_it_is_over(project: Path) -> None:
    steps = [lambda name=name: (project / name).write_text("x") for name in ("a.py", "b.py", "c.py")]
    told, rests = told_of([area(project)], *steps, nothing, nothing)
    assert told == [["a.py", "b.py", "c.py"]]
    assert rests == [EVERY, SETTLED, SETTLED, SETTLED, EVERY, EVERY]


def test_a_burst_without_end_is_told_all_the_same(project: Path) -> None:
    steps = [lambda number=number: (project / f"{number}.py").write_text("x") for number in range(LONGEST_BURST + 1)]
    assert [len(names) for names in told_of([area(project)], *steps, nothing)[0]] == [LONGEST_BURST + 1]


def test_what_came_and_went_within_a_burst_is_nothing(project: Path) -> None:
    told, _ = told_of(
        [area(project)], lambda: (project / "a.py").touch(), lambda: os.unlink(project / "a.py"), nothing, nothing
    )
    assert told == []


def test_changes_one_after_the_other_are_told_one_after_the_other(project: Path) -> None:
    told, _ = told_of(
        [area(project)],
        lambda: (project / "app.py").write_text("second"),
        nothing,
        lambda: (project / "package/views.py").write_text("second"),
        nothing,
    )
    assert told == [["app.py"], ["views.py"]]


def test_a_large_tree_is_looked_at_less_often(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((10.0, 12.0))
    monkeypatch.setattr("time.perf_counter", lambda: next(seconds))
    assert told_of([area(project)], nothing)[1] == [EVERY, 20.0]


# Told by the system: what it tells is played here, since when it does is up to it.


class FakeWatchfiles:
    """The package. Each round of `rounds` is what one call of `watch` gives: sets of changes, or an exception."""

    def __init__(self, *rounds: Any) -> None:
        self.rounds = list(rounds)
        self.watched: list[tuple[str, ...]] = []

    def watch(
        self, *folders: str, watch_filter: Any, stop_event: Any, **options: Any
    ) -> Iterator[set[tuple[int, str]]]:
        self.watched.append(folders)
        for step in self.rounds.pop(0) if self.rounds else []:
            if isinstance(step, Exception):
                raise step
            if callable(step):
                step()
                assert stop_event.is_set()
                return
            yield {change for change in step if watch_filter(*change)}  # nothing, too: as it does after a while


def noticed(
    monkeypatch: pytest.MonkeyPatch, areas: Sequence[Area], package: Any, times: int = 1
) -> tuple[bool, list[list[str]]]:
    """Whether the system could tell, and what was told; a round is as long as two questions whether it is over."""
    told: list[list[str]] = []
    monkeypatch.setitem(sys.modules, "watchfiles", package)
    pauses = Pauses(*[nothing] * times)
    return look_out_by_notice(areas, lambda paths: told.append(list(paths)), pauses), told


def test_what_the_system_tells_is_told_if_it_matters(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app, page, views = (str(project / name) for name in ("app.py", "page.html", "package/views.py"))
    package = FakeWatchfiles([{(2, app), (2, page), (1, views)}, {(2, page)}, {(3, app)}])
    assert noticed(monkeypatch, [area(project)], package) == (True, [[app, views], [app]])
    assert package.watched == [(str(project),)]


def test_what_changed_before_the_system_was_asked_is_told_as_well(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, views = str(project / "app.py"), str(project / "package/views.py")

    class Slow(FakeWatchfiles):
        def watch(self, *folders: str, **options: Any) -> Iterator[set[tuple[int, str]]]:
            (project / "package/views.py").write_text("second")  # while the package gets ready
            return super().watch(*folders, **options)

    assert noticed(monkeypatch, [area(project)], Slow([set(), set(), {(2, app)}])) == (True, [[views], [app]])


def test_a_folder_that_was_made_again_is_told_and_watched_anew(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dist = project / "dist"
    dist.mkdir()

    def build() -> None:
        os.rename(dist, project / "before")
        dist.mkdir()

    package = FakeWatchfiles([build], [])
    assert noticed(monkeypatch, [area(dist)], package, 3) == (True, [[str(dist)]])
    assert package.watched == [(str(dist),), (str(dist),)]


def test_a_folder_that_is_gone_is_told_and_waited_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dist = project / "dist"
    dist.mkdir()
    package = FakeWatchfiles([dist.rmdir], [dist.mkdir], [FileNotFoundError()], [])
    assert noticed(monkeypatch, [area(project), area(dist)], package, 6) == (True, [[str(dist)], [str(dist)]])
    assert [len(folders) for folders in package.watched] == [2, 1, 2, 2]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "no space left on device"),
        RuntimeError("too many folders"),
        UnicodeEncodeError("utf-8", "fo\udcff", 2, 3, "surrogates not allowed"),
    ],
)
def test_where_the_system_cannot_tell_the_files_are_looked_at(
    project: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    assert noticed(monkeypatch, [area(project)], FakeWatchfiles([error])) == (False, [])


def test_without_the_package_the_files_are_looked_at(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert noticed(monkeypatch, [area(project)], None) == (False, [])


def test_it_is_over_when_the_other_end_is_gone(project: Path) -> None:
    roots = Roots([area(project)], Pauses())
    assert roots.is_set()
    assert roots.replaced == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/project/app.py", True),
        ("/project/.venv/app.py", False),
        ("/project/public/index.html", True),
        ("/project/index.html", False),
        ("/projects/app.py", False),
        ("/project", False),
    ],
)
def test_which_paths_matter_to_any_of_the_areas(path: str, expected: bool) -> None:
    assert concerns([Area("/project", ("*.py",)), Area("/project/public", ("*",))], path) is expected


def test_everything_may_be_beneath_the_root() -> None:
    assert concerns([Area("/", ("*.py",))], "/app.py")


# Where to look


def test_the_folders_of_code_and_those_that_are_mounted_are_looked_at(project: Path) -> None:
    package = str(project / "package")
    settings = ReloadSettings(reload_include=("*.html",), reload_exclude=("old",))
    here, mounted = str(project), [package]
    assert areas_of(settings, [here, here], mounted, pages=False) == (
        Area(here, ("*.py", "*.html"), ("old",)),
        Area(package, ("*.py", "*.html"), ("old",)),
    )
    assert areas_of(settings, [here], mounted, pages=True)[1].include == ("*.py", "*.html", "*")
    assert [each.folder for each in areas_of(ReloadSettings(reload_dir=(package,)), [here], [], pages=False)] == [
        package
    ]


def test_a_folder_is_looked_at_where_it_really_is(project: Path) -> None:
    os.symlink(project, project / "link")
    assert areas_of(ReloadSettings(), [str(project / "link")], [], pages=False)[0].folder == os.path.realpath(project)


def test_what_is_no_folder_is_explained(project: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot look for changes: '.*app.py' is no folder"):
        areas_of(ReloadSettings(reload_dir=(str(project / "app.py"),)), [], [], pages=False)


def test_a_current_folder_that_was_removed_is_explained(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "gone").mkdir()
    monkeypatch.chdir(project / "gone")
    (project / "gone").rmdir()
    with pytest.raises(ValueError, match=r"cannot look for changes: '\.' is no folder"):
        areas_of(ReloadSettings(), ["."], [], pages=False)


# The process


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("by_notice", [True, False])
def test_a_change_is_a_line_and_the_other_ends_word_the_end(
    project: Path, monkeypatch: pytest.MonkeyPatch, by_notice: bool
) -> None:
    ours, theirs = os.pipe(), os.pipe()
    monkeypatch.chdir(project)

    def noticing(areas: Any, changed: Any, pause: Any) -> bool:
        if by_notice:
            changed([str(project / "app.py"), str(project / "b.py")])
        return by_notice

    def looking(areas: Any, changed: Any, pause: Any) -> None:
        assert not pause(0)
        changed([str(project / "app.py")])
        os.close(theirs[1])
        assert pause(60)

    monkeypatch.setattr(lookout, "look_out_by_notice", noticing)
    monkeypatch.setattr(lookout, "look_out_by_polling", looking)
    monkeypatch.setattr(os, "write", lambda fd, data: written.append((fd, data)))
    written: list[tuple[int, bytes]] = []
    lookout.look_out([area(project)], theirs[0])
    assert written == [(theirs[0], b"app.py and 1 more\n" if by_notice else b"app.py\n")]
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    for fd in (*ours, theirs[0], *([theirs[1]] if by_notice else [])):
        os.close(fd)
