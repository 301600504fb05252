"""The manual is what the code says: its generated parts are current, and they leave nothing out."""

import re
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "tools"))

import manual
import provoked

from pellucid.cli.options import metavar_of
from pellucid.protocol.limits import Limits
from pellucid.server.timeouts import Patience
from pellucid.setting import manual_of
from pellucid.settings import Setting, all_settings
from pellucid.watch import HOOKS

TEXT = manual.MANUAL.read_text("utf-8")


def test_the_manual_is_current() -> None:
    assert manual.renewed(TEXT) == TEXT, "run `make manual`"


def test_every_part_that_can_be_made_stands_in_the_manual() -> None:
    assert re.findall("<!-- from the code: (.*) -->", TEXT) == [match["name"] for match in manual.PART.finditer(TEXT)]
    assert {match["name"] for match in manual.PART.finditer(TEXT)} == {*manual.PARTS}


def test_a_part_that_nobody_knows_is_a_fault() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        manual.renewed("<!-- from the code: nonsense -->\n<!-- end -->\n")


@pytest.mark.parametrize("each", all_settings(), ids=lambda each: each.name)
def test_every_setting_is_explained(each: Setting) -> None:
    shown = each.option if isinstance(each.default, bool) else f"{each.option} {metavar_of(each)}"
    assert len(re.findall(rf"^\| `{re.escape(shown)}`.* \| .* \| {re.escape(each.manual.text[:20])}", TEXT, re.M)) == 1


def test_every_limit_is_struck() -> None:
    assert {*provoked.STRIKES} == provoked.LIMITS
    assert {*manual_of(Limits), *manual_of(Patience)} < provoked.LIMITS
    for strike in provoked.STRIKES.values():
        assert strike if isinstance(strike, str) else strike().outcome


@pytest.mark.parametrize("request_bytes", provoked.REFUSALS.values(), ids=provoked.REFUSALS)
def test_every_wrong_request_is_refused_with_a_rule(request_bytes: bytes) -> None:
    status, reason = provoked.refusal_of(request_bytes)
    assert status >= 400
    assert "(RFC " in reason


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_explained(hook: str) -> None:
    assert f"| `{hook}` |" in TEXT
