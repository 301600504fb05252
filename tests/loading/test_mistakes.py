"""What cannot be a target gets one line that says what to write instead."""

from pathlib import Path

import pytest

from pellucid.loading.mistakes import application_in, explain
from pellucid.loading.targets import parse_target

FASTAPI = "from fastapi import FastAPI\n\napp = FastAPI()\n"
FACTORY = "def create_app():\n    return print\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with modules, a package and a page."""
    (tmp_path / "public").mkdir()
    (tmp_path / "page.html").write_text("a page")
    (tmp_path / "key.pem").write_text("a key")
    (tmp_path / "main.py").write_text(FASTAPI)
    (tmp_path / "my-site.py").write_text(FASTAPI)
    (tmp_path / "made.py").write_text(FACTORY)
    (tmp_path / "tool.py").write_text("x = 1\nraise SystemExit('never run')\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "site.py").write_text(FASTAPI)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text(FASTAPI)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("main", "'main' is no folder; did you mean `pellucid serve main:app`?"),
        ("main.py", "'main.py' is a module; did you mean `pellucid serve main:app`?"),
        ("made.py", "did you mean `pellucid serve 'made:create_app()'`?"),
        ("tool.py", "'tool.py' is a module; to serve an application in it, name that too: `pellucid serve tool:NAME`"),
        ("src/site.py", "did you mean `pellucid serve src.site:app`?"),
        ("src.site", "did you mean `pellucid serve src.site:app`?"),
        ("main:", "did you mean `pellucid serve main:app`?"),
        ("shop:", "did you mean `pellucid serve shop:app`?"),
        ("nothing:", "'nothing:' names no application: write MODULE:APP"),
        (":app", "':app' names no module: write MODULE:APP"),
        ("main.py:app", "did you mean `pellucid serve main:app`?"),
        ("src/site:app", "did you mean `pellucid serve src.site:app`?"),
        ("./src/site:app", "did you mean `pellucid serve --app-dir ./src site:app`?"),
        ("/srv/www/site.py:app", "did you mean `pellucid serve --app-dir /srv/www site:app`?"),
        ("{here}/src/site:app", "did you mean `pellucid serve --app-dir {here}/src site:app`?"),
        ("main.py:create_app()", "did you mean `pellucid serve 'main:create_app()'`?"),
        ("main.app", "there is no folder 'main.app'; did you mean `pellucid serve main:app`?"),
        ("src/site/app", "did you mean `pellucid serve src.site:app`?"),
        ("/static:public", "did you mean `pellucid serve /static=public`?"),
        ("/api:main:app", "did you mean `pellucid serve /api=main:app`?"),
        ("/api=main", "'main' is no folder; did you mean `pellucid serve /api=main:app`?"),
        ("/api=main.py:app", "did you mean `pellucid serve /api=main:app`?"),
        ("/api=./main.py:app", "did you mean `pellucid serve --app-dir . /api=main:app`?"),
        ("my-site.py", "'my-site.py' is a module; no module can be imported as 'my-site': its name is to be of"),
        ("main:create_app('x')", "a factory is called without arguments; write 'main:create_app()'"),
        ("main:app:more", "is neither a folder nor MODULE:APP"),
        ("my-site:app", "is neither a folder nor MODULE:APP"),
        ("static=public", "did you mean `pellucid serve /static=public`?"),
        ("8080", "there is no folder '8080'; did you mean `pellucid serve --bind 8080`?"),
        ("publik", "there is no folder 'publik'; did you mean 'public'?"),
        ("none/at/all", "there is no folder 'none/at/all'"),
        ("page.html", "'page.html' is not a folder: give the one that it is in"),
        ("key.pem", "'key.pem' is not a folder; if it is for --tls, write a comma, as in --tls cert.pem,key.pem"),
        ("/static=publik", "there is no folder 'publik'; did you mean 'public'?"),
    ],
)
def test_a_mistake_is_one_line_with_a_way_out(here: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_target(text.format(here=here))
    assert complaint.format(here=here) in str(error.value)
    assert "\n" not in str(error.value)


def test_modules_are_looked_for_where_they_would_be_imported_from(here: Path) -> None:
    assert "did you mean `pellucid serve site:app`?" in explain("site", str(here / "src"))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("../main", "--app-dir .. main:app"),
        ("../made.py", "--app-dir .. 'made:create_app()'"),
        ("{here}/main.py", "--app-dir {here} main:app"),
    ],
)
def test_modules_elsewhere_are_named_with_their_folder(
    here: Path, text: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here / "src")
    assert f"did you mean `pellucid serve {command.format(here=here)}`?" in explain(text.format(here=here))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (FASTAPI, "app"),
        (FACTORY, "create_app()"),
        ("application = get_wsgi_application()", "application"),
        ("app: App = App()", "app"),
        ("app: App", ""),
        ("from shop import api as app", "app"),
        ("async def app(scope, receive, send): ...", "app"),
        ("class app: ...", "app"),
        ("create_app = make()", "create_app"),
        ("def create_app(): ...\napp = create_app()", "app"),
        ("if True:\n    app = 1", ""),
        ("not python", ""),
        ("x = 1", ""),
    ],
)
def test_the_likely_application_is_found_in_the_source(tmp_path: Path, source: str, name: str) -> None:
    file = tmp_path / "looked_at.py"
    file.write_text(source)
    assert application_in(str(file)) == name


def test_a_file_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    assert application_in(str(tmp_path / "absent.py")) == ""
