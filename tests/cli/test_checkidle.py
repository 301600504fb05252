"""What can have no effect is told, before somebody relies on it: passwords that nobody is asked for above all."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pellucid.cli.checkidle import NEEDS, idle_faults, vain_faults
from pellucid.cli.command import main
from pellucid.config import Given, read_plan
from pellucid.plan import Plan
from pellucid.settings import all_settings


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "public").mkdir()
    (tmp_path / "users").touch()
    monkeypatch.chdir(tmp_path)


def plan_of(text: str) -> Plan:
    Path("pellucid.toml").write_text(f'serve = "public"\n{text}\n')
    return read_plan("pellucid.toml", Given({}, {}, (), ""))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'auth-users = "users"',
            ["--auth-users: nobody is asked for a password: choose basic or form by --auth"],
        ),
        ('auth = "digest"\nauth-users = "users"', []),  # left from before, and no harm
        ('jwt-keys = "keys.json"', ["--jwt-keys: nobody is asked for a token: choose bearer by --auth"]),
        ('require-methods = "POST"', ["--require-methods: nobody is asked who it is: choose how by --auth"]),
        ("rate-limit-burst = 5", ["--rate-limit-burst: there is no limit: give --rate-limit too"]),
        ('session-same-site = "strict"', ["--session-same-site: there are no sessions: give --session too"]),
        ('session-same-site = "lax"', []),
        ('auth = "basic"\nauth-users = "users"', []),
        ('auth-users = "users"\n[paths."/admin"]\nauth = "basic"', []),
        ('auth = "basic"\nauth-users = "users"\n[paths."/about"]\nauth = []', []),
        (
            'auth = "basic"\nauth-users = "users"\n[paths."/about"]\nauth = []\nauth-users = "others"',
            ["--auth-users: nobody is asked for a password: choose basic or form by --auth"],
        ),
        ('rate-limit-burst = 5\n[hosts."shop.example"]\nrate-limit = "1/s"', []),
    ],
)
def test_what_counts_nowhere_is_told(text: str, told: list[str]) -> None:
    assert [line for line, _ in idle_faults(plan_of(text))] == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('auth = "certificate"', ["--auth: nobody is asked for a certificate: give --tls-client-ca too"]),
        ('tls-client-ca = "ca.pem"\nauth = "certificate"', []),
        (
            'auth = "basic"\nrequire = "group:admins"',
            ["--require: nobody is in a group here: give --auth-groups too, a file that tells them"],
        ),
        ('auth = "basic"\nauth-groups = "groups"\nrequire = "group:admins"', []),
        ('auth = "bearer"\nrequire = ["group:admins", "scope:read"]', []),
        (
            'auth = "bearer"\nrequire = ["user", "group:admins"]',
            ["--require: one rule is enough, so with user the others keep nobody out: leave user out, or them"],
        ),
        (
            'maintenance-file = "nowhere/closed.html"',
            ["--maintenance-file: there is no folder 'nowhere', in which it could be"],
        ),
        (
            'auth = "basic"\nrequire = "scope:read"',
            ["--require: nobody has a scope here, for only tokens have: choose bearer by --auth"],
        ),
        (
            'upload = true\nupload-size = "1G"',
            ["--upload-size: no more can come than --body-size: raise that too"],
        ),
        ('body-size = "1M"\nupload = true', []),
        ('body-size = 0\nupload = true\nupload-size = "1G"', []),
    ],
)
def test_what_nobody_can_have_is_told(text: str, told: list[str]) -> None:
    assert [line for line, _ in vain_faults(plan_of(text))] == told


def test_a_variable_that_counts_nowhere_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELLUCID_AUTH_USERS", "users")
    result = CliRunner().invoke(main, ["check", "public"], prog_name="pellucid")
    assert result.exit_code == 2
    assert "PELLUCID_AUTH_USERS: nobody is asked for a password: choose basic or form by --auth" in result.output


def test_nothing_is_served_to_everybody_by_passwords_that_nobody_is_asked_for() -> None:
    result = CliRunner().invoke(main, ["serve", "public", "--auth-users", "users"], prog_name="pellucid")
    assert result.exit_code == 2
    assert "--auth-users: nobody is asked for a password: choose basic or form by --auth" in result.output


def test_each_setting_that_needs_another_one_is_there() -> None:
    needing = [name for names, _, _ in NEEDS for name in names]
    assert {*needing} <= {each.name for each in all_settings()}
    assert len({*needing}) == len(needing)
