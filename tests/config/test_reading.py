"""A file and what is said beside it become a plan, in which what is nearer to a place counts."""

from pathlib import Path

import pytest

from pellucid.apps.static.settings import StaticSettings
from pellucid.config.mistakes import Mistakes
from pellucid.config.reading import Given, read_plan
from pellucid.features.headers import HeaderSettings
from pellucid.loading.settings import LoadingSettings
from pellucid.loading.targets import Folder, Named
from pellucid.plan import Place, Plan
from pellucid.server.timeouts import Patience


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with something to serve in it, where we are."""
    monkeypatch.chdir(tmp_path)
    for name in ("public", "site", "elsewhere"):
        (tmp_path / name).mkdir()
    return tmp_path


def plan(text: str, given: Given | None = None, file: str = "a.toml") -> Plan:
    Path(file).write_text(text)
    return read_plan(file, given)


def served(found: Plan) -> dict[str, str]:
    return {f"{each.host}{each.mount}": str(each.serves) for each in found.places}


def place(found: Plan, host: str, mount: str = "") -> Place:
    (one,) = [each for each in found.places if (each.host, each.mount) == (host, mount)]
    return one


def test_without_a_file_the_current_folder_is_served() -> None:
    assert read_plan("").places[0].serves == Folder(".")
    given = Given({"idle": 3.0}, {"idle": "--idle"}, ("/a=public", "main:app"), "the command line")
    found = read_plan("", given)
    assert served(found) == {"/a": "public", "": "main:app"}
    assert found.settings[Patience].idle == 3.0
    assert found.settings.origins == {"idle": "--idle"}
    assert {each.origin for each in found.places} == {"the command line"}
    assert (found.file, found.hosts) == ("", ("",))


SITE = """\
serve = "public"
header = ["A: top"]
[paths."/api"]
serve = "main:app"
[paths."/api/admin"]
header = ["A: admin"]
[hosts."a.org"]
aliases = ["www.a.org"]
serve = "site"
header = ["A: a"]
[hosts."a.org".paths."/api"]
listing = false
[hosts."b.org"]
"""


def test_a_site_has_each_path_at_each_host() -> None:
    found = plan(SITE)
    assert served(found) == {
        "": "public",
        "/api": "main:app",
        "/api/admin": "None",
        "a.org": "site",
        "a.org/api": "main:app",
        "a.org/api/admin": "None",
        "www.a.org": "site",
        "www.a.org/api": "main:app",
        "www.a.org/api/admin": "None",
        "b.org": "public",
        "b.org/api": "main:app",
        "b.org/api/admin": "None",
    }
    assert found.file == "a.toml"


@pytest.mark.parametrize(
    ("host", "mount", "header", "origin"),
    [
        ("", "", "A: top", "a.toml:2"),
        ("", "/api", "A: top", "a.toml:2"),
        ("", "/api/admin", "A: admin", "a.toml:6"),
        ("a.org", "", "A: a", "a.toml:10"),
        ("a.org", "/api", "A: a", "a.toml:10"),
        ("a.org", "/api/admin", "A: admin", "a.toml:6"),
        ("www.a.org", "", "A: a", "a.toml:10"),
        ("b.org", "", "A: top", "a.toml:2"),
    ],
)
def test_what_is_nearer_to_a_place_counts(host: str, mount: str, header: str, origin: str) -> None:
    settings = place(plan(SITE), host, mount).settings
    assert settings[HeaderSettings].header == (header,)
    assert settings.origins["header"] == origin


def test_a_path_within_a_path_has_what_is_around_it() -> None:
    found = plan(SITE)
    assert place(found, "a.org", "/api/admin").settings[StaticSettings].listing is False
    assert place(found, "", "/api/admin").settings[StaticSettings].listing is True


def test_a_hosts_own_path_counts_more_than_the_same_for_all() -> None:
    found = plan(
        'serve = "public"\n[paths."/a"]\nserve = "public"\nlisting = false\nheader = "A: all"\n'
        '[hosts."a.org".paths."/a"]\nserve = "site"\nlisting = true\n'
    )
    own = place(found, "a.org", "/a")
    assert (own.serves, own.origin) == (Folder("site"), "a.toml:7")
    assert own.settings[StaticSettings].listing is True
    assert own.settings[HeaderSettings].header == ("A: all",)


def test_places_that_choose_nothing_share_their_settings() -> None:
    found = plan(SITE)
    assert place(found, "b.org").settings is place(found, "").settings is found.settings
    assert place(found, "www.a.org").settings is place(found, "a.org").settings


def test_where_the_top_serves_nothing_there_is_no_place_for_other_hosts() -> None:
    assert plan('header = "A: b"\n[hosts."a.org"]\nserve = "public"\n').hosts == ("a.org",)


def test_a_host_with_paths_alone_has_a_place_of_its_own_too() -> None:
    assert served(plan('[hosts."a.org".paths."/x"]\nserve = "public"\n')) == {"a.org": "None", "a.org/x": "public"}


def test_the_command_line_says_again_what_the_top_says() -> None:
    given = Given({"header": ("A: line",), "idle": 3.0}, {"header": "--header", "idle": "PELLUCID_IDLE"})
    found = plan("idle = 5\n" + SITE, given)
    assert found.settings[Patience].idle == 3.0
    assert found.settings.origins["idle"] == "PELLUCID_IDLE"
    assert place(found, "").settings[HeaderSettings].header == ("A: line",)
    assert place(found, "a.org").settings[HeaderSettings].header == ("A: a",)


def test_a_target_takes_the_place_of_what_the_top_serves_there() -> None:
    given = Given(targets=("site", "/new=elsewhere"), origin="the command line")
    found = plan('serve = "public"\n[paths."/api"]\nserve = "main:app"\nlisting = false\n', given)
    assert served(found) == {"": "site", "/api": "main:app", "/new": "elsewhere"}
    assert place(found, "").origin == "the command line"
    both = plan('serve = "public"\n[paths."/api"]\nlisting = false\n', Given(targets=("/api=site",)))
    assert served(both) == {"": "public", "/api": "site"}
    assert place(both, "", "/api").settings[StaticSettings].listing is False


def test_what_was_said_wrongly_beside_the_file_is_no_mistake_in_it() -> None:
    with pytest.raises(ValueError, match="there is no folder 'none'") as error:
        plan('serve = "public"', Given(targets=("none",)))
    assert not isinstance(error.value, Mistakes)


def test_files_are_named_from_the_folder_of_the_file(folder: Path) -> None:
    (folder / "conf" / "www").mkdir(parents=True)
    (folder / "conf" / "main.py").write_text("app = print")
    found = plan(
        'serve = "www"\ntls = "a.pem,b.pem"\n[paths."/x"]\nserve = "main:app"\n', file=str(folder / "conf" / "a.toml")
    )
    assert place(found, "").serves == Folder(f"{folder}/conf/www")
    assert place(found, "", "/x").serves == Named("main", "app")
    assert found.settings[LoadingSettings].app_dir == f"{folder}/conf"
    assert read_plan("conf/a.toml").settings[LoadingSettings].app_dir == "conf"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ['a.toml: serve: nothing is served; write serve = "FOLDER" or serve = "main:app" at the top']),
        (
            '[hosts."a.org"]\nlisting = false\n',
            ['a.toml:1: serve: nothing is served at this host; '
             'write serve = "FOLDER" or serve = "main:app" in this table'],
        ),
        (
            '[hosts."a.org".paths."/a"]\nserve = "public"\n[hosts."a.org".paths."/b"]\nlisting = false\n',
            ["a.toml:3: serve: nothing is served at /b, nor around it; write serve = "
             '"FOLDER" or serve = "main:app" in this table'],
        ),
        (
            '[paths."/a"]\nserve = "public"\n[paths."/b"]\nlisting = false\n',
            ["a.toml:3: serve: nothing is served at /b, nor around it; write serve = "
             '"FOLDER" or serve = "main:app" in this table'],
        ),
        ("idel = 3\nbnid = 4\n", ["a.toml:1: idel: there is no such key; did you mean idle?",
                                 "a.toml:2: bnid: there is no such key; did you mean bind?"]),
        ("serve = public\n", ['a.toml:1: expected a number, true, false or text in quotes: serve = "public"']),
    ],
)  # fmt: skip
def test_all_mistakes_are_told(text: str, lines: list[str]) -> None:
    with pytest.raises(Mistakes) as error:
        plan(text)
    assert [*error.value.lines] == lines


def test_a_path_for_all_hosts_may_be_one_of_some_only() -> None:
    # Where the host serves nothing around it, there is nothing to put these settings on.
    found = plan(
        '[paths."/a"]\nlisting = false\n[hosts."a.org"]\nserve = "public"\n[hosts."b.org".paths."/b"]\nserve = "site"\n'
    )
    assert served(found) == {"a.org": "public", "a.org/a": "None", "b.org": "None", "b.org/b": "site"}


def test_a_host_may_have_answers_and_serve_nothing() -> None:
    found = plan('serve = "public"\n[hosts."old.org"]\nredirect = "/* -> https://new.org/*"\n')
    assert served(found) == {"": "public", "old.org": "public"}
    alone = plan('[hosts."old.org"]\nredirect = "/* -> https://new.org/*"\n')
    assert served(alone) == {"old.org": "None"}


def test_a_file_is_not_served_itself(folder: Path) -> None:
    for text in ('serve = "."', '[hosts."a.org"]\nserve = "public/.."\n'):
        with pytest.raises(Mistakes, match="everybody could read a") as error:
            plan(text)
        assert len(error.value.lines) == 1
    assert plan('serve = "."\n', file=".hidden.toml").places[0].serves == Folder(".")
    with pytest.raises(Mistakes, match="everybody could read"):
        plan('serve = "."\ndot-files = true\n', file=".hidden.toml")


def test_a_projects_file_says_where_to_write() -> None:
    with pytest.raises(Mistakes, match=r"in \[tool.pellucid\]"):
        plan("[tool.pellucid]\nidle = 3\n", file="pyproject.toml")


@pytest.mark.parametrize(
    "text",
    [
        '"a\\u001b" = 3',
        'serve = "\\u001b[31m"',
        '[paths."\\u001b"]',
        '[hosts."\\u001b/"]',
        "a = \x1b\n",
        "\x1b",
        '[a."\\u009b"]',
    ],
)
def test_no_complaint_brings_a_control_character_out(text: str) -> None:
    with pytest.raises(Mistakes) as error:
        plan(text)
    assert all(line.isprintable() for line in error.value.lines)


@pytest.mark.parametrize(
    "text",
    [
        "session-key = hunter2",
        "session-key: hunter2",
        'session-key = "\\hunter2"',
        "session-key = 4711",
        'session-key = "hunter2',
    ],
)
def test_no_complaint_repeats_a_secret(text: str) -> None:
    with pytest.raises(Mistakes) as error:
        plan(f'serve = "public"\n{text}\n')
    assert not any("hunter2" in line or "4711" in line for line in error.value.lines)
