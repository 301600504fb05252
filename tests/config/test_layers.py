"""A table says its settings, what it serves and the tables in it; what stands wrongly is told with its line and key."""

from pathlib import Path

import pytest

from pellucid.config.document import read_document
from pellucid.config.layers import Reader
from pellucid.loading.targets import Folder, Named
from pellucid.settings import REACH, Reach


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with something to serve in it, where we are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("app = print")
    return tmp_path


def reader(text: str) -> Reader:
    Path("a.toml").write_text(text)
    return Reader(read_document("a.toml"), ".")


def test_a_table_is_a_layer_with_its_origins() -> None:
    read = reader('serve = "public"\nidle = 3\n[paths."/api/"]\nserve = "main:app"\nlisting = false\n')
    top = read.top(None)
    assert (top.layer.serves, top.layer.origin) == (Folder("public"), "a.toml:1")
    assert (top.layer.chosen, top.layer.origins) == ({"idle": 3.0}, {"idle": "a.toml:2"})
    assert top.paths["/api"].serves == Named("main", "app")
    assert (top.paths["/api"].chosen, top.paths["/api"].where) == ({"listing": False}, "a.toml:3")
    assert read.mistakes == []


def test_hosts_have_paths_and_other_names() -> None:
    read = reader('[hosts."A.org"]\naliases = ["www.a.org", "*.A.org"]\n[hosts."A.org".paths."/x"]\nlisting = false\n')
    hosts = read.hosts()
    assert [*hosts] == ["a.org"]
    assert hosts["a.org"].aliases == ("www.a.org", "*.a.org")
    assert [*hosts["a.org"].paths] == ["/x"]
    assert read.mistakes == []


def test_another_name_may_stand_alone() -> None:
    assert reader('[hosts."a.org"]\naliases = "b.org"\n').hosts()["a.org"].aliases == ("b.org",)


def test_a_module_is_looked_for_where_the_file_or_somebody_else_says() -> None:
    for text, app_dir in (('app-dir = "src"\nserve = "main.py"', None), ('serve = "main.py"', "src")):
        read = reader(text)
        read.top(app_dir)
        assert read.mistakes == [
            f"a.toml:{text.count(chr(10)) + 1}: serve: 'main.py' is a module; did you mean serve = \"main:app\"?"
        ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("serve = 3", "1: serve: expected a folder or MODULE:APP in quotes, and this is the number 3"),
        ('serve = ""', "1: serve: expected a folder or MODULE:APP in quotes, and this is nothing"),
        ('serve = "/api=main:app"', '1: serve: a path has a table of its own: [paths."/api"] with serve = "main:app"'),
        ('serve = "publc"', "1: serve: there is no folder 'publc'; did you mean 'public'?"),
        ("idel = 3", "1: idel: there is no such key; did you mean idle?"),
        ('aliases = ["a"]', "1: aliases: other names are those of a host; write it in its table"),
        ("[nonsense]", '1: nonsense: there is no such table; there are [hosts."example.com"] and [paths."/files"]'),
        ('[hosts."a"]\nbnid = 3', '2: hosts.a.bnid: there is no such key; did you mean bind?'),
        ('[hosts."a"]\nidle = 3', "2: hosts.a.idle: this is of the whole server; write idle at the top of"),
        ('[hosts."a"]\naliases = 3', "2: hosts.a.aliases: expected names in a list, and this is the number 3"),
        ('[hosts."a"]\naliases = ["b c"]', "2: hosts.a.aliases: 'b c' is no name of a host"),
        ('[hosts."a"]\naliases = ["A"]', "1: hosts.a: 'a' has a table already, in line 1; keep one of the two"),
        ('[hosts."a"]\n[hosts."b"]\naliases = ["a"]', "2: hosts.b: 'a' has a table already, in line 1"),
        ('[hosts."a"]\n[hosts."a".hosts."b"]', "2: hosts.a.hosts: a host cannot stand within a host"),
        ('[paths."/a"]\n[paths."/a".hosts."b"]', '2: paths."/a".hosts: a host cannot stand within a path'),
        ('[paths."/a"]\n[paths."/a".paths."/b"]', '2: paths."/a".paths: a path cannot stand within a path'),
        ('[paths."/a"]\naliases = "b"', '2: paths."/a".aliases: other names are those of a host'),
        ('[paths."/a"]\nredirect-http = ":80"', '2: paths."/a".redirect-http: this is of the whole server'),
        ('[paths."/a"]\n[paths."/a/"]', '2: paths."/a/": it wants the same path as paths."/a" (in line 1); give each'),
        ("[hosts.shop.example.com]\nserve = 'public'", '1: hosts.shop.example: a name with dots wants quotes: [hosts.'),
        ("[hosts]\nserve = 3", '2: hosts.serve: this wants a name before it; write [hosts."example.com"] above it'),
        ("[hosts]\na = 3", "2: hosts.a: expected a table, and this is the number 3"),
        ("paths = 3", '1: paths: expected tables such as [paths."/files"], and this is the number 3'),
        ("[hosts.a.b]\nc = 1\nd = 2", '1: hosts.a.b: a name with dots wants quotes: [hosts."a.b"]'),
        ("[hosts.a.b.paths.'/x']", '1: hosts.a.b: a name with dots wants quotes: [hosts."a.b"]'),
        ("lifespan = 'huh'", "1: lifespan: unknown lifespan 'huh'"),
    ],
)  # fmt: skip
def test_what_stands_wrongly_is_told(text: str, told: str) -> None:
    read = reader(text)
    read.top(None)
    read.hosts()
    assert len(read.mistakes) == 1
    assert read.mistakes[0].startswith(f"a.toml:{told}")


def test_what_is_of_a_host_is_not_of_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REACH, "cors", Reach.HOST)
    read = reader('[hosts."a"]\ncors = "*"\n[paths."/a"]\ncors = "*"\n')
    read.top(None)
    read.hosts()
    assert read.mistakes == [
        'a.toml:4: paths."/a".cors: this is of a host; write cors in its table, or at the top of the file for all hosts'
    ]
