"""A user gets a password in a file that others cannot read, and that is never half written."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pellucid.cli import passwd as module
from pellucid.cli.command import main
from pellucid.features.auth.htpasswd import read_digests, read_users
from pellucid.features.auth.passwords import verify


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, said: str | None = "correct horse\n") -> Result:
    return CliRunner().invoke(main, ["passwd", *words, *(["--stdin"] if said is not None else [])], input=said)


def test_a_new_file_is_for_its_owner_alone(here: Path) -> None:
    before = os.umask(0)
    try:
        assert run("users", "alice").exit_code == 0
    finally:
        os.umask(before)
    assert (here / "users").stat().st_mode & 0o777 == 0o600
    stored = read_users((here / "users").read_text(), "users").hashes["alice"]
    assert stored.startswith("$argon2id$")
    assert verify(stored, b"correct horse")
    assert [each.name for each in here.iterdir()] == ["users"]


def test_others_in_the_file_stay_as_they_are(here: Path) -> None:
    (here / "users").write_text("# of mine\nbob:$apr1$x$y\nalice:old\n")
    (here / "users").chmod(0o646)
    assert run("users", "alice", "--bcrypt").exit_code == 0
    lines = (here / "users").read_text().splitlines()
    assert lines[:2] == ["# of mine", "bob:$apr1$x$y"]
    assert verify(lines[2].removeprefix("alice:"), b"correct horse")
    assert (here / "users").stat().st_mode & 0o777 == 0o640


def test_a_line_ends_where_it_does_for_who_reads_it(here: Path) -> None:
    (here / "users").write_text("# a\u2028mallory:x\n\nbob:y\r\n")
    assert run("users", "alice").exit_code == 0
    assert (here / "users").read_text().split("\n")[:3] == ["# a\u2028mallory:x", "", "bob:y"]


def test_a_link_to_the_file_stays_one(here: Path) -> None:
    (here / "real").write_text("")
    (here / "users").symlink_to("real")
    assert run("users", "alice").exit_code == 0
    assert (here / "users").is_symlink()
    assert "alice" in (here / "real").read_text()


def test_a_digest_is_of_a_realm(here: Path) -> None:
    assert run("digests", "alice", "--digest").exit_code == 0
    assert run("digests", "alice", "--digest", "--realm", "other").exit_code == 0
    text = (here / "digests").read_text()
    assert set(read_digests(text, "digests", "this site").secrets) == {"alice"}
    assert set(read_digests(text, "digests", "other").secrets) == {"alice"}


def test_a_user_is_taken_out(here: Path) -> None:
    (here / "users").write_text("alice:x\nalicia:y\n")
    assert run("users", "alice", "--delete", said=None).exit_code == 0
    assert (here / "users").read_text() == "alicia:y\n"


def test_at_a_terminal_it_is_asked_for_twice(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, object]]] = []

    def prompt(text: str, **more: object) -> str:
        asked.append((text, more))
        return "correct horse"

    monkeypatch.setattr(module, "at_terminal", lambda: True)
    monkeypatch.setattr("click.prompt", prompt)
    assert run("users", "alice", said=None).exit_code == 0
    [(text, more)] = asked
    assert text == "New password"
    assert more["hide_input"]
    assert more["confirmation_prompt"]


@pytest.mark.parametrize(
    ("words", "said", "complaint"),
    [
        (("users", "alice"), None, "a password is asked for at a terminal, which this is not; say --stdin to read it"),
        (("users", "alice"), "\n", "a password is not empty, and holds no control character"),
        (("users", "alice"), "a\0b\n", "a password is not empty, and holds no control character"),
        (("users", "alice"), "x" * 1025 + "\n", "a password has 1024 bytes at the most"),
        (("users", "alice", "--bcrypt"), "x" * 73 + "\n", "bcrypt takes 72 bytes at the most"),
        (("users", "al:ice"), "secretsecret\n", "'al:ice' is no name of a user"),
        (("users", "#alice"), "secretsecret\n", "'#alice' is no name of a user"),
        (("users", "#\u2028admin"), "secretsecret\n", "'#\\u2028admin' is no name of a user"),
        (("users", "x\x85admin"), "secretsecret\n", "'x\\x85admin' is no name of a user"),
        (("nowhere/users", "alice"), "secretsecret\n", "nowhere/users: no such file or directory"),
        (("nowhere", "alice", "--delete"), None, "nowhere: no such file or directory"),
        (("kept", "alise", "--delete"), None, "there is no user 'alise' in kept; did you mean 'alice'?"),
        (("users",), None, "write `pellucid passwd FILE USER`, as in `pellucid passwd users alice`"),
        (
            ("users", "alice", "secretsecret"),
            None,
            "a password is not written here, where others can read it: it is asked for; see --stdin",
        ),
        (("users", "alice", "--realm", "x"), "secretsecret\n", "--realm is for --digest, and --bcrypt is not"),
        (("users", "alice", "--digest", "--bcrypt"), "secretsecret\n", "--realm is for --digest, and --bcrypt is not"),
    ],
)
def test_what_cannot_be_is_one_line(here: Path, words: tuple[str, ...], said: str | None, complaint: str) -> None:
    (here / "kept").write_text("alice:x\n")
    result = run(*words, said=said)
    assert result.exit_code == 2
    assert f"pellucid: {complaint}" in result.stderr
    assert result.stderr.count("\n") == 1
    assert [each.name for each in here.iterdir()] == ["kept"]
    assert (here / "kept").read_text() == "alice:x\n"


def test_a_short_password_is_complained_of() -> None:
    result = run("users", "alice", said="short\n")
    assert result.exit_code == 0
    assert "fewer than 8 characters" in result.stderr


def test_a_file_that_cannot_be_written_is_left_as_it_was(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "users").write_text("alice:x\n")

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert "users: no space left on device" in run("users", "bob").stderr
    assert [(each.name, each.read_text()) for each in here.iterdir()] == [("users", "alice:x\n")]
