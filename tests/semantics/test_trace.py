"""A traceparent is valid as W3C Trace Context says, or it names no trace."""

import pytest

from pellucid.semantics.trace import UNTRACED, Trace, parse_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
VALID = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize("value", [VALID, VALID[:-1] + "0", "01" + VALID[2:], "cc" + VALID[2:] + "-what-comes-later"])
def test_a_valid_one_names_the_trace_and_the_callers_span(value: str) -> None:
    assert parse_traceparent(value.encode()) == Trace(TRACE, SPAN)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        VALID.upper(),
        VALID + "-more",
        VALID + " ",
        f"{VALID}, {VALID}",
        "ff" + VALID[2:],
        "0" + VALID,
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"01-{TRACE}-{SPAN}-01.x",
        VALID.replace("b", "\x1b"),
    ],
)
def test_any_other_names_none(value: str | None) -> None:
    assert parse_traceparent(value.encode() if value is not None else None) == UNTRACED
