"""Whatever bytes come, and however they are split: the same events, the same output, no exception, no hoarding."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pellucid.protocol.limits import Limits
from protocol.battery import course, cut, request
from protocol.requests import Requests

TIGHT = Limits(request_line=40, field_count=4, head_size=120, body_size=20, requests=3)

# Two kinds of chance: hypothesis draws the request's parts by a seed, and mutations and splits in a way it can shrink.
made = st.builds(lambda seed, wild: Requests(Random(seed), wild).several(), st.integers(0, 1 << 32), st.floats(0, 1))
noise = st.binary(max_size=200)
syntax = st.lists(
    st.sampled_from(
        [
            *[b"GET / HTTP/1.1", b"POST ", b"HEAD ", b"/", b"HTTP/1.0", b"Host: h", b"Content-Length: 3", b"abc", b"0"],
            *[b"Transfer-Encoding: chunked", b"\r\n\r\n", b"\r\n", b"\n\n", b"\n", b"\r", b" ", b":", b",", b";", b"5"],
            *[b"\x00", b"x" * 30],
        ]
    ),
    max_size=30,
).map(b"".join)


@settings(
    max_examples=600, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    data=made | noise | syntax,
    offsets=st.lists(st.integers(0, 400), max_size=8),
    limits=st.sampled_from([Limits(), TIGHT, Limits(0, 0, 0, 0)]),
    eof=st.booleans(),
    tunnels=st.booleans(),
)
@example(request(b"GET / HTTP/1.1", b"A: b\n\nC: d"), [], Limits(), False, False)
@example(b"\r\n", [], Limits(), True, False)
@example(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nx\r\n", [], Limits(), False, False)
def test_bytes_mean_the_same_however_they_are_split(
    data: bytes, offsets: list[int], limits: Limits, eof: bool, tunnels: bool
) -> None:
    whole = course([data], limits, eof, tunnels=tunnels)
    for pieces in (cut(data, range(len(data))), cut(data, [offset for offset in offsets if offset < len(data)])):
        assert course(pieces, limits, eof, tunnels=tunnels) == whole
    for window in (1, 5):
        assert course([data], limits, eof, tunnels=tunnels, window=window) == whole
