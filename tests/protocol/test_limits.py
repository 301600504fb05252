"""The limits: each has its manual, a unit where it counts bytes, and a default that ordinary requests never meet."""

from pellucid.protocol.limits import UNBOUNDED, Limits
from pellucid.setting import manual_of
from protocol.battery import accept, request


def test_every_limit_is_explained() -> None:
    manual = manual_of(Limits)
    assert set(manual) == set(Limits.__slots__)
    assert [name for name in manual if manual[name].unit == "bytes"] == ["request_line", "head_size", "body_size"]
    assert all(each.text.endswith(".") for each in manual.values())


def test_the_request_line_may_be_as_long_as_the_rfc_asks_and_a_head_longer_than_a_line() -> None:
    limits = Limits()
    assert 8000 <= limits.request_line < limits.head_size < limits.body_size < UNBOUNDED
    accept(request(b"GET /" + b"a" * 7986 + b" HTTP/1.1", b"Cookie: " + b"c" * 16000))
