"""The command that gives users their passwords, in files that Apache and nginx can read as well."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from unicodedata import normalize

import click

from pellucid.features.auth import AuthSettings
from pellucid.features.auth.htpasswd import checked_name, digest_of
from pellucid.features.auth.passwords import LONGEST, argon2_of, bcrypt_of, prepared
from pellucid.spelling import nearest
from pellucid.tracebacks import reason_of

SHORT = 8
"""A password of fewer characters is complained of."""

PRIVATE = 0o600
"""What a new file may be read and written by: its owner alone."""


@click.command()
@click.argument("words", nargs=-1, metavar="FILE USER")
@click.option("--stdin", "from_input", is_flag=True, help="Read the password from the first line of standard input.")
@click.option("--delete", is_flag=True, help="Take the user out of the file.")
@click.option(
    "--bcrypt", "by_bcrypt", is_flag=True, help="Hash by bcrypt, which Apache and nginx read; else by argon2."
)
@click.option("--digest", is_flag=True, help="Write what --auth-digests reads.")
@click.option("--realm", help=f"The --auth-realm of a digest. [{AuthSettings().auth_realm}]")
def passwd(
    words: tuple[str, ...], from_input: bool, delete: bool, by_bcrypt: bool, digest: bool, realm: str | None
) -> None:
    """Give USER a password in FILE, a new one or another one. It is asked for twice.

    \b
    pellucid passwd users alice             for --auth-users users
    pellucid passwd --digest digests alice  for --auth-digests digests

    A new file can be read by its owner alone. A server that uses it sees the change within a second.
    """
    if (by_bcrypt and digest) or (realm is not None and not digest):
        raise click.UsageError("--realm is for --digest, and --bcrypt is not")
    file, user = _file_and_user(words)
    try:
        user = checked_name(user)
        key = f"{user}:{realm or AuthSettings().auth_realm}:" if digest else f"{user}:"
        lines = _lines(file, needed=delete)
        kept = [line for line in lines if not normalize("NFC", line).startswith(key)]
        if delete:
            if len(kept) == len(lines):
                raise ValueError(f"there is no user {user!r} in {file}{_near(user, lines)}")
        else:
            password = _password(from_input)
            kept.append(key + _hashed(user, key, password, by_bcrypt, digest))
        _write(file, kept)
    except OSError as error:
        raise click.UsageError(f"{file}: {reason_of(error)}") from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(f"{file}: {user} has {'no' if delete else 'a new'} password now.", err=True)


def at_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _file_and_user(words: tuple[str, ...]) -> tuple[str, str]:
    if len(words) > 2:
        raise click.UsageError("a password is not written here, where others can read it: it is asked for; see --stdin")
    if len(words) < 2:
        raise click.UsageError("write `pellucid passwd FILE USER`, as in `pellucid passwd users alice`")
    return words[0], words[1]


def _hashed(user: str, key: str, password: str, by_bcrypt: bool, digest: bool) -> str:
    if digest:
        return digest_of(user, key[len(user) + 1 : -1], password)
    return (bcrypt_of if by_bcrypt else argon2_of)(prepared(password))


def _password(from_input: bool) -> str:
    if from_input:
        password = sys.stdin.readline().rstrip("\r\n")
    elif at_terminal():
        password = click.prompt("New password", hide_input=True, confirmation_prompt="Once more", err=True)
    else:
        raise ValueError("a password is asked for at a terminal, which this is not; say --stdin to read it from a line")
    if not password or any(ord(character) < 0x20 or character == "\x7f" for character in password):
        raise ValueError("a password is not empty, and holds no control character")
    if len(prepared(password)) > LONGEST:
        raise ValueError(f"a password has {LONGEST} bytes at the most")
    if len(password) < SHORT:
        click.echo(f"pellucid: a password of fewer than {SHORT} characters is guessed before long", err=True)
    return password


def _lines(file: str, needed: bool) -> list[str]:
    try:
        with open(file, encoding="utf-8", newline="\n") as opened:
            # By nothing else than whoever reads it for its users, or a name could make a line of its own.
            lines = [line.rstrip("\r") for line in opened.read().split("\n")]
            return lines if lines[-1] else lines[:-1]
    except FileNotFoundError:
        if needed:
            raise
        return []
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is no text in UTF-8") from error


def _near(user: str, lines: list[str]) -> str:
    near = nearest(user, [line.partition(":")[0] for line in lines])
    return f"; did you mean {near!r}?" if near else ""


def _write(file: str, lines: list[str]) -> None:
    # Whoever reads it sees the old file or the new one, and never a part.
    file = os.path.realpath(file)
    try:
        before: os.stat_result | None = os.stat(file)
    except FileNotFoundError:
        before = None
    number, beside = tempfile.mkstemp(prefix=f".{os.path.basename(file)}.", dir=os.path.dirname(file))
    try:
        with open(number, "w", encoding="utf-8", newline="\n") as opened:
            opened.write("".join(f"{line}\n" for line in lines))
            opened.flush()
            os.fchmod(number, _mode(before))
            if before is not None and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(number, before.st_uid, before.st_gid)
            os.fsync(number)
        os.replace(beside, file)
    except BaseException:
        os.unlink(beside)
        raise


def _mode(before: os.stat_result | None) -> int:
    # Of a file that was there only what all others could do is taken away.
    return PRIVATE if before is None else stat.S_IMODE(before.st_mode) & 0o640 | PRIVATE
