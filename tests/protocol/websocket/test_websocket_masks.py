"""Masks, in plain Python and by the package that may be there, against the plainest way to do it."""

import runpy
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.speedups import apply_mask

from pellucid.protocol.websocket import masks
from protocol.websocket.framing import KEY

SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 124, 125, 126, 127, 511, 512, 513, 515, 1000, 4096, 65535, 65536, 65537]
WAYS = [masks.unmask_plainly, apply_mask]


@pytest.mark.parametrize("unmask", WAYS)
@pytest.mark.parametrize("size", SIZES)
def test_a_mask_is_the_exclusive_or_of_each_byte(size: int, unmask: masks.Unmask) -> None:
    payload = bytes(number * 7 & 0xFF for number in range(size))
    for mask in (KEY, b"\0\0\0\0", b"\xff\0\0\x01", b"\0\0\0\x80"):
        plainly = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        assert unmask(payload, mask) == plainly


@pytest.mark.parametrize("unmask", WAYS)
@given(payload=st.binary(max_size=1500), mask=st.binary(min_size=4, max_size=4), cut=st.integers(0, 1500))
def test_a_mask_that_is_turned_goes_on_where_it_stopped(
    unmask: masks.Unmask, payload: bytes, mask: bytes, cut: int
) -> None:
    first, second = payload[:cut], payload[cut:]
    parts = bytes(unmask(first, mask)) + unmask(second, masks.turned(mask, len(first)))
    assert parts == unmask(payload, mask)
    assert unmask(parts, mask) == payload


def test_masks_are_taken_off_in_c_where_the_package_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert masks.unmask is apply_mask
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)  # as where nobody has installed it
    anew = runpy.run_path(masks.__file__)
    assert anew["unmask"] is anew["unmask_plainly"]
