"""SETTINGS: what is announced, and what of the peer's is taken, overlooked or refused (RFC 9113 section 6.5)."""

from __future__ import annotations

import pytest

from pellucid.protocol.http2.codes import FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR, ConnectionFault
from pellucid.protocol.http2.engine import Http2
from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.http2.settings import own_settings, read_settings
from pellucid.protocol.limits import Limits
from protocol.http2.frameplay import HELLO, said, spell


def test_what_is_announced() -> None:
    assert own_settings(100, 32768) == [(3, 100), (6, 32768), (8, 1), (9, 1)]
    assert own_settings(0, 0) == [(8, 1), (9, 1)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((1, 0), (1, 4294967295), (2, 0), (2, 1), (3, 0), (4, 2147483647), (5, 16384), (5, 16777215)),
        *((6, 0), (8, 1), (9, 0), (9, 1), (0, 7), (255, 4294967295)),
    ],
)
def test_values_within_their_bounds_are_taken(key: int, value: int) -> None:
    payload = key.to_bytes(2, "big") + value.to_bytes(4, "big")
    assert list(read_settings(payload * 2)) == [(key, value)] * 2


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        (2, 2, PROTOCOL_ERROR),
        (4, 2147483648, FLOW_CONTROL_ERROR),
        (5, 16383, PROTOCOL_ERROR),
        (5, 16777216, PROTOCOL_ERROR),
        (8, 2, PROTOCOL_ERROR),
        (9, 2, PROTOCOL_ERROR),
    ],
)
def test_values_beyond_their_bounds_are_a_fault(key: int, value: int, code: int) -> None:
    with pytest.raises(ConnectionFault) as fault:
        list(read_settings(key.to_bytes(2, "big") + value.to_bytes(4, "big")))
    assert fault.value.code == code


@pytest.mark.parametrize("size", [1, 5, 7, 11])
def test_settings_of_a_wrong_size_are_a_fault(size: int) -> None:
    with pytest.raises(ConnectionFault) as fault:
        list(read_settings(bytes(size)))
    assert fault.value.code == FRAME_SIZE_ERROR


def test_a_server_whose_limits_are_others_says_so() -> None:
    engine = Http2(Limits(head_size=5000), Http2Limits(h2_streams=7), lambda: b"", lambda: 0.0)
    assert said(engine).startswith(spell("SETTINGS 3=7 6=5000 8=1 9=1"))


def test_the_last_of_several_values_counts() -> None:
    engine = Http2(Limits(), Http2Limits(), lambda: b"", lambda: 0.0)
    engine.receive(HELLO + spell("SETTINGS 4=5 4=9") + spell("GET 1 /"))
    assert engine.room(1) == 9
