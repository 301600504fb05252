"""A signature is believed by who has the key, for the host and the purpose that it was made for."""

import sys
from pathlib import Path

import pytest
from sessioning import KEY, OTHER_KEY

from pellucid.features.sessions.signing import Signing, read_keys


def test_what_was_signed_is_read() -> None:
    signing = Signing([KEY], "session")
    signed = signing.sign(b"text.with.dots", b"a.org")
    assert signing.read(signed, b"a.org") == b"text.with.dots"


@pytest.mark.parametrize(
    ("keys", "purpose", "host"),
    [([OTHER_KEY], "session", b"a.org"), ([KEY], "other", b"a.org"), ([KEY], "session", b"b.org"),
     ([KEY], "session", b""), ([], "session", b"a.org")],
)  # fmt: skip
def test_for_anybody_else_it_is_worth_nothing(keys: list[str], purpose: str, host: bytes) -> None:
    signed = Signing([KEY], "session").sign(b"text", b"a.org")
    assert Signing(keys or [KEY[::-1]], purpose).read(signed, host) is None


def test_text_cannot_be_moved_into_the_host() -> None:
    signing = Signing([KEY], "session")
    signed = signing.sign(b"b\nc", b"a")
    assert signing.read(b"c" + signed[3:], b"a\nb") == b"c"  # no host has a line break, and no text of ours
    assert signing.read(signed, b"a\nb") is None


@pytest.mark.parametrize("value", [b"", b".", b"a", b"a.", b".a", b"a.\xff", b"a.b.c", b"\0.\0", b"." * 1000])
def test_what_is_no_signature_is_none(value: bytes) -> None:
    assert Signing([KEY], "session").read(value, b"a.org") is None


def test_keys_come_from_both_and_those_of_the_options_first(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"\n{OTHER_KEY}\n  {OTHER_KEY[::-1]}  \n\n")
    assert read_keys([KEY], str(file)) == [KEY, OTHER_KEY, OTHER_KEY[::-1]]
    assert read_keys([], "") == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds no key: make one with"),
        (b"\n \n", "holds no key"),
        (b"short\n", "a session-key has 5 characters and needs 32 or more: make one with"),
        (b"\xff" * 40, "cannot be read: it is no text in utf-8"),
        (None, "cannot be read: no such file or directory"),
    ],
)
def test_a_file_without_keys_is_explained(content: bytes | None, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=complaint) as error:
        read_keys([], str(file))
    assert "short" not in str(error.value).replace("is too short", "")


def test_without_the_package_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "itsdangerous", None)
    with pytest.raises(ValueError, match=r'pip install "pellucid\[sessions\]"'):
        Signing([KEY], "session")
