"""A form that nobody finds, and passwords that everybody does, are told of before anything is served."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pellucid.cli.checkplaces import cookie_faults, exposed_faults, form_faults
from pellucid.cli.command import main
from pellucid.config import Given, read_plan

TOP = 'serve = "public"\nauth-users = "users"\nsession = "memory"\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "public").mkdir()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ('auth = "form"', []),
        ('auth = "form"\n[paths."/admin"]\nrequire = "group:admins"', []),
        ('[paths."/admin"]\nauth = "form"\nlogin-path = "/admin/login"\nlogout-path = "/admin/logout"', []),
        (
            '[paths."/admin"]\nauth = "form"\nlogout-path = "/admin/out"',
            [
                "--auth: the form at its login-path /login is not within /admin, and what is served there has none: "
                'write login-path = "/admin/login"'
            ],
        ),
        (
            'auth = "form"\n[paths."/login"]\nauth = "basic"',
            ["--auth: the form at its login-path /login is not within /, and what is served there has none: "
             'write login-path = "/login"'],
        ),
        (
            'auth = "form"\n[paths."/a"]\nsession = "cookie"',
            [
                "--auth: the form at its login-path /login is not within /a, and what is served there has none: "
                'write login-path = "/a/login"',
                "--auth: the form at its logout-path /logout is not within /a, and what is served there has none: "
                'write logout-path = "/a/logout"',
            ],
        ),
    ],
)  # fmt: skip
def test_a_form_is_where_people_are_sent(tmp_path: Path, text: str, complaints: list[str]) -> None:
    (tmp_path / "pellucid.toml").write_text(TOP + text)
    plan = read_plan("pellucid.toml", Given({}, {}, (), ""))
    assert [line for line, _ in form_faults(plan)] == complaints


@pytest.mark.parametrize(
    ("file", "complaints"),
    [
        ("users", []),
        ("public/.users", []),
        ("public/users", ["--auth-users: public/users is in a folder that is served, where everybody could read it"]),
        ("link", ["--auth-users: link is in a folder that is served, where everybody could read it"]),
    ],
)
def test_passwords_are_not_in_a_folder_that_is_served(tmp_path: Path, file: str, complaints: list[str]) -> None:
    (tmp_path / "link").symlink_to("public/users")
    (tmp_path / "pellucid.toml").write_text(f'serve = "public"\nauth = "basic"\nauth-users = "{file}"')
    plan = read_plan("pellucid.toml", Given({}, {}, (), ""))
    assert [line for line, _ in exposed_faults(plan)] == complaints


@pytest.mark.parametrize("command", ["serve", "check"])
def test_they_are_not_without_a_file_of_settings_either(tmp_path: Path, command: str) -> None:
    (tmp_path / "users").write_text("")
    result = CliRunner().invoke(main, [command, "--auth", "basic", "--auth-users", "users", "--bind", "127.0.0.1:0"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "pellucid: --auth-users: users is in a folder that is served, where everybody could read it\n"
    )


@pytest.mark.parametrize(("algorithm", "told"), [("HS256", 1), ("RS256", 0)])
def test_a_secret_of_tokens_is_not_in_such_a_folder_and_what_is_public_may_be(
    algorithm: str, told: int, tmp_path: Path
) -> None:
    (tmp_path / "pellucid.toml").write_text(
        f'serve = "public"\nauth = "bearer"\njwt-keys = "public/keys.json"\njwt-algorithms = "{algorithm}"'
    )
    plan = read_plan("pellucid.toml", Given({}, {}, (), ""))
    assert [line[:11] for line, _ in exposed_faults(plan)] == ["--jwt-keys:"] * told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('session = "sqlite:public/sessions.db"', ["--session: public/sessions.db is in a folder that is served"]),
        ('session = "sqlite:sessions.db"\n', []),
        ('session = "sqlite:public/.hidden.db"\n', []),
        ('session = "cookie"\nsession-key-file = "public/key"', ["--session-key-file: public/key is in a folder"]),
    ],
)
def test_no_file_of_sessions_for_everybody(text: str, told: list[str], tmp_path: Path) -> None:
    (tmp_path / "pellucid.toml").write_text(f'serve = "public"\n{text}')
    plan = read_plan("pellucid.toml", Given({}, {}, (), ""))
    lines = [line for line, _ in exposed_faults(plan)]
    assert len(lines) == len(told)
    assert all(line.startswith(begin) or begin in line for line, begin in zip(lines, told, strict=True)), lines


@pytest.mark.parametrize(
    ("pair", "shown"),
    [("cert.pem,key.pem", ""), ("public/cert.pem,key.pem", ""), ("cert.pem,public/key.pem", "public/key.pem"),
     ("public/both.pem", "public/both.pem"), ("dev", "")],
)  # fmt: skip
def test_a_key_is_in_no_folder_that_is_served(tmp_path: Path, pair: str, shown: str) -> None:
    (tmp_path / "pellucid.toml").write_text(f'serve = "public"\ntls = "{pair}"')
    told = [line for line, _ in exposed_faults(read_plan("pellucid.toml"))]
    assert told == ([f"--tls: {shown} is in a folder that is served, where everybody could read it"] if shown else [])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('session = "sqlite:a"\n[paths."/x"]\nsession-idle = 5', False),
        ('session = "sqlite:a"\n[paths."/x"]\nsession = "sqlite:b"', True),
        ('session = "sqlite:a"\n[paths."/x"]\nsession = "sqlite:b"\nsession-cookie = "other"', False),
        ('session = "sqlite:a"\n[paths."/x"]\nsession = ""', False),
        ('session = "memory"\n[paths."/x"]\nsession-idle = 5', True),
        ('session = "cookie"\n[paths."/x"]\nsession-key-file = "keys"', True),
        ('[hosts."a.example"]\nsession = "sqlite:a"\n[hosts."b.example"]\nsession = "sqlite:b"', False),
    ],
)
def test_sessions_of_a_host_have_cookies_of_their_own(tmp_path: Path, text: str, wrong: bool) -> None:
    (tmp_path / "pellucid.toml").write_text(f'serve = "public"\n{text}')
    told = [line for line, _ in cookie_faults(read_plan("pellucid.toml"))]
    assert told == (
        [
            "--session: at /x it is another one than at /, and both have the cookie 'sid': give one of them another "
            "session-cookie"
        ]
        if wrong
        else []
    )
