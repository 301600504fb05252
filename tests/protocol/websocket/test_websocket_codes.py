"""The payload of Close frames, from codes and reasons and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.errors import WrongAnswer
from pellucid.protocol.websocket.codes import NAMES, NO_CODE, SENDABLE, read_close, spell_close


@pytest.mark.parametrize("code", sorted({*range(990, 1030), 2999, 3000, 4999, 5000}))
def test_a_code_may_be_sent_or_it_may_not(code: int) -> None:
    # RFC 6455 7.4, and the registry as of 2026: 1012 to 1014 were added to it.
    if code in (1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 4999):
        assert read_close(spell_close(code, "why")) == (code, "why")
    elif code == NO_CODE:
        assert spell_close(code, "why") == b""
    else:
        with pytest.raises(WrongAnswer, match=str(code)):
            spell_close(code)


@given(st.text())
def test_a_reason_is_shortened_between_two_characters(reason: str) -> None:
    payload = spell_close(1000, reason)
    assert len(payload) <= 125
    code, read = read_close(payload)
    assert code == 1000
    assert reason.encode(errors="replace").decode().startswith(read)
    assert len(reason.encode(errors="replace")) <= 123 or len(payload) > 121


def test_codes_have_names() -> None:
    assert NAMES[1000] == "NORMAL"
    assert all(code in NAMES or code >= 3000 for code in SENDABLE)
