"""What is shown is a file that means the same, with where each value was chosen."""

from pathlib import Path

import pytest

from pellucid.config.reading import Given, read_plan
from pellucid.config.showing import show
from pellucid.plan import Plan

SITE = """\
bind = ":8080"
serve = "public"
body-size = "64K"
header = ["A: top"]
[paths."/a b"]
serve = "main:app"
[hosts."a.org"]
aliases = ["*.a.org"]
serve = "site"
header = []
[hosts."a.org".paths."/x"]
listing = false
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with something to serve in it, where we are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public").mkdir()
    (tmp_path / "site").mkdir()


def facts(plan: Plan) -> list[object]:
    parts = [*plan.settings._parts]
    return [(each.host, each.mount, each.serves, [each.settings[part] for part in parts]) for each in plan.places]


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("text", [SITE, 'serve = "public"', '[hosts."a.org".paths."/x"]\nserve = "site"\n'])
def test_what_is_shown_means_the_same_if_it_is_read(text: str, every: bool) -> None:
    Path("a.toml").write_text(text)
    before = read_plan("a.toml", Given({"idle": 3.0}, {"idle": "--idle"}))
    Path("b.toml").write_text(show(before, every))
    assert facts(read_plan("b.toml")) == facts(before)


def test_each_value_is_shown_with_where_it_was_chosen() -> None:
    Path("a.toml").write_text(SITE)
    assert (
        show(read_plan("a.toml", Given({"idle": 3.5}, {"idle": "PELLUCID_IDLE"})))
        == """\
serve = "public"     # a.toml:2
bind = [":8080"]     # a.toml:1
body-size = "64K"    # a.toml:3
idle = 3.5           # PELLUCID_IDLE
header = ["A: top"]  # a.toml:4

[paths."/a b"]
serve = "main:app"   # a.toml:6
header = ["A: top"]  # a.toml:4

[hosts."a.org"]
serve = "site"       # a.toml:9
header = []          # a.toml:10

[hosts."a.org".paths."/a b"]
serve = "main:app"   # a.toml:6
header = []          # a.toml:10

[hosts."a.org".paths."/x"]
listing = false      # a.toml:12
header = []          # a.toml:10

[hosts."*.a.org"]
serve = "site"       # a.toml:9
header = []          # a.toml:10

[hosts."*.a.org".paths."/a b"]
serve = "main:app"   # a.toml:6
header = []          # a.toml:10

[hosts."*.a.org".paths."/x"]
listing = false      # a.toml:12
header = []          # a.toml:10

# Everything else has its default: `pellucid show --all` tells that too.
"""
    )


def test_all_are_shown_if_that_is_asked_for() -> None:
    shown = show(read_plan("", Given(targets=("public",), origin="the command line")), every=True)
    assert 'serve = "public"' in shown
    assert "# the command line" in shown
    assert shown.count("# default") > 50
    assert "Everything else" not in shown
