"""A plan knows its hosts, and may be changed as a whole."""

from pathlib import Path

import pytest

from pellucid.apps.static.settings import StaticSettings
from pellucid.loading import Folder, Target
from pellucid.plan import Place, Plan, place_at, plan_of
from pellucid.server.timeouts import Patience
from pellucid.settings import Settings


def test_targets_are_places_of_whatever_host() -> None:
    settings = Settings()
    plan = plan_of([Target("", Folder("a")), Target("/b", Folder("b"))], settings)
    assert plan == Plan(settings, (Place("", "", Folder("a"), settings), Place("", "/b", Folder("b"), settings)))
    assert plan.hosts == ("",)


def test_each_host_is_named_once() -> None:
    settings = Settings()
    places = [Place(host, mount, None, settings) for host in ("b", "", "a") for mount in ("", "/x")]
    assert Plan(settings, tuple(places)).hosts == ("b", "", "a")


def test_places_that_had_their_settings_in_common_still_have_after_a_change() -> None:
    top, own = Settings(), Settings()
    places = [Place(str(number), "", None, settings) for number, settings in enumerate((top, own, own))]
    plan = Plan(top, tuple(places), "a.toml").changed(lambda settings: settings.having(Patience(idle=3.0)))
    settings = [plan.settings, *(place.settings for place in plan.places)]
    assert [each[Patience].idle for each in settings] == [3.0] * 4
    assert settings[0] is settings[1] is not settings[2]
    assert settings[2] is settings[3]
    assert plan.file == "a.toml"


@pytest.mark.parametrize(
    ("mounts", "path", "found"),
    [
        (["", "/a", "/a/b"], "/a/b/c", "/a/b"),
        (["", "/a", "/a/b"], "/a/bc", "/a"),
        (["", "/a"], "/", ""),
        (["", "/a"], "/a", "/a"),
        (["/a"], "/b", None),
        ([], "/", None),
    ],
)
def test_a_path_is_at_the_place_with_the_longest_mount(mounts: list[str], path: str, found: str | None) -> None:
    place = place_at([Place("", mount, None, Settings()) for mount in mounts], path)
    assert (place.mount if place is not None else None) == found


@pytest.mark.parametrize(
    ("file", "dot_files", "shown"),
    [
        ("public/a", False, True),
        ("public/in/../a", False, True),
        ("public/.a", False, False),
        ("public/.a", True, True),
        ("publica", False, False),
        ("a", False, False),
    ],
)
def test_a_folder_shows_the_files_in_it(tmp_path: Path, file: str, dot_files: bool, shown: bool) -> None:
    (tmp_path / "public/in").mkdir(parents=True)
    settings = Settings().having(StaticSettings(dot_files=dot_files))
    assert Place("", "", Folder(str(tmp_path / "public")), settings).shows(str(tmp_path / file)) is shown
    assert not Place("", "", None, settings).shows(str(tmp_path / file))
