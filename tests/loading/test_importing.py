"""An application is imported from its folder first, and what fails is told from the user's own code on."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pellucid.loading.importing import NotLoaded, load
from pellucid.loading.targets import Named

MODULES = {
    "shop": "app = 'the app'\nclass site:\n    app = 'the inner app'\ndef make():\n    return 'made'\n",
    "maker": "def create_app():\n    return 'made'\n",
    "undone": "app = 'an app'\ndel app\n",
    "empty_handed": "import sys\n",
    "broken": "def inner():\n    return 1 / 0\n\ninner()\n",
    "misspelt": "app = = 1\n",
    "wanting": "import nowhere_to_be_found\n",
    "wanting_from": "from shop import nothing_of_this_name\n",
    "leaving": "import sys\nsys.exit(3)\n",
    "talking": "import sys\nsys.exit('no database\\nsee the manual')\n",
    "speechless": "class Odd(Exception):\n    def __str__(self):\n        raise ValueError('no')\nraise Odd\n",
    "chained": "try:\n    {}['key']\nexcept KeyError:\n    raise RuntimeError('no key')\n",
    "through": "import json\n\njson.loads('{')\n",
    "lazy": "def __getattr__(name):\n    if name == 'app':\n        raise RuntimeError('not today')\n"
    "    raise AttributeError(name)\n",
    "failing": "def make():\n    raise OSError('the database sleeps')\nasync def later(): ...\n"
    "def app(environ, start_response): ...\ndef wants(config): ...\ndef leaves():\n    raise SystemExit(0)\n",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of modules, each imported anew in each test."""
    for name, source in MODULES.items():
        (tmp_path / f"{name}.py").write_text(source)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "inner.py").write_text("app = 'packed'\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (Named("shop", "app"), "the app"),
        (Named("shop", "site.app"), "the inner app"),
        (Named("shop", "make", True), "made"),
        (Named("package.inner", "app"), "packed"),
    ],
)
def test_what_is_named_is_found(folder: Path, named: Named, found: str) -> None:
    assert load(named, str(folder)) == found


def test_the_folder_comes_before_all_else(folder: Path) -> None:
    (folder / "antigravity.py").write_text("app = 'ours'\n")
    assert load(Named("antigravity", "app"), str(folder)) == "ours"
    assert sys.path[0] == str(folder)
    load(Named("shop", "app"), str(folder))
    assert sys.path.count(str(folder)) == 1


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        (Named("shpo", "app"), "there is no module 'shpo', neither in {folder} nor elsewhere on Python's path; "
         "did you mean shop?"),
        (Named("package.iner", "app"), "there is no module 'package.iner', neither in {folder}/package nor elsewhere "
         "on Python's path; did you mean package.inner?"),
        (Named("pakage.inner", "app"), "there is no module 'pakage', neither in {folder} nor elsewhere on Python's "
         "path; did you mean package?"),
        (Named("shop.app", "x"), "there is no module 'shop.app': 'shop' is not a package; did you mean shop:app?"),
        (Named("zzzz", "app"), "there is no module 'zzzz', neither in {folder} nor elsewhere on Python's path"),
        (Named("shop", "ap"), "there is no 'ap' in shop ({folder}/shop.py); did you mean 'app'?"),
        (Named("shop", "zzzz"), "there is no 'zzzz' in shop ({folder}/shop.py); did you mean 'app'?"),
        (Named("maker", "app"), "there is no 'app' in maker ({folder}/maker.py); did you mean 'create_app()'?"),
        (Named("undone", "app"), "there is no 'app' in undone ({folder}/undone.py)"),
        (Named("empty_handed", "app"), "there is no 'app' in empty_handed ({folder}/empty_handed.py)"),
        (Named("shop", "site.apq"), "there is no 'apq' in shop.site; did you mean 'app'?"),
        (Named("shop", "app", True), "shop:app() is no factory: app is a str, leave the () out"),
        (Named("failing", "app", True), "failing:app() is no factory but the application itself: leave the () out"),
        (Named("failing", "wants", True), "failing:wants() cannot be called without arguments: "
         "missing a required argument: 'config'"),
        (Named("failing", "later", True), "failing:later() is a coroutine function: a factory must be a plain one, or "
         "is it the app itself?"),
    ],
)  # fmt: skip
def test_a_name_that_is_none_is_one_line(folder: Path, named: Named, reason: str) -> None:
    with pytest.raises(NotLoaded) as error:
        load(named, str(folder))
    assert str(error.value) == reason.format(folder=folder)
    assert error.value.trace == ""


@pytest.mark.parametrize(
    ("named", "reason", "shown"),
    [
        (Named("broken", "app"), "broken cannot be imported: ZeroDivisionError: division by zero",
         ["line 4, in <module>", "line 2, in inner", "return 1 / 0"]),
        (Named("misspelt", "app"), "misspelt cannot be imported: SyntaxError: invalid syntax", ["app = = 1", "^"]),
        (Named("wanting", "app"), "wanting cannot be imported: ModuleNotFoundError: No module named "
         f"'nowhere_to_be_found'; is it installed in {sys.prefix}?", ["line 1, in <module>"]),
        (Named("wanting_from", "app"), "wanting_from cannot be imported: ImportError: cannot import name",
         ["line 1, in <module>"]),
        (Named("leaving", "app"), "leaving ended the program while it was imported (exit status 3)",
         ["line 2, in <module>"]),
        (Named("talking", "app"), "talking ended the program while it was imported (SystemExit: no database): what",
         ["line 2, in <module>", "see the manual"]),
        (Named("speechless", "app"), "speechless cannot be imported: Odd: its words cannot be had (ValueError)",
         ["line 4, in <module>"]),
        (Named("chained", "app"), "chained cannot be imported: RuntimeError: no key",
         ["KeyError: 'key'", "During handling of the above exception", "line 4, in <module>"]),
        (Named("through", "app"), "through cannot be imported: JSONDecodeError: Expecting property name",
         ["line 3, in <module>", "json/decoder.py"]),
        (Named("lazy", "app"), "lazy:app cannot be had: RuntimeError: not today", ["line 3, in __getattr__"]),
        (Named("failing", "make", True), "failing:make() failed: OSError: the database sleeps", ["line 2, in make"]),
        (Named("failing", "leaves", True), "failing:leaves() failed: SystemExit: 0", ["line 7, in leaves"]),
    ],
)  # fmt: skip
def test_what_fails_is_told_from_the_users_code_on(folder: Path, named: Named, reason: str, shown: list[str]) -> None:
    with pytest.raises(NotLoaded) as error:
        load(named, str(folder))
    assert error.value.reason.startswith(reason)
    assert "\n" not in error.value.reason
    assert str(error.value) == error.value.trace + error.value.reason
    for part in shown:
        assert part in error.value.trace
    for ours in ("importlib", "pellucid", "frozen"):
        assert ours not in error.value.trace.replace(str(folder), "")


def test_an_interrupt_is_the_users_own(folder: Path) -> None:
    (folder / "stopped.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load(Named("stopped", "app"), str(folder))


def test_an_interrupt_of_a_factory_is_the_users_own(folder: Path) -> None:
    (folder / "halted.py").write_text("def make():\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load(Named("halted", "make", True), str(folder))


def test_a_factory_that_does_not_tell_what_it_wants_is_tried(folder: Path) -> None:
    (folder / "silent.py").write_text("make = dict\n")
    assert load(Named("silent", "make", True), str(folder)) == {}


def test_a_current_folder_that_was_removed_is_explained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    (folder / "gone").rmdir()
    with pytest.raises(NotLoaded, match="the current folder is not there any more"):
        load(Named("shop", "app"), ".")
    assert load(Named("shop", "app"), str(folder)) == "the app"


def test_a_folder_that_may_not_be_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(folder))
    with pytest.raises(NotLoaded) as error:
        load(Named("hidden", "app"), str(folder))
    assert str(error.value) == f"there is no module 'hidden' to be seen: the folder {folder} may not be read"
