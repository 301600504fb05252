"""What is said about options of other servers is about options that there are here."""

import re

import pytest

from pellucid.cli.elsewhere import ELSEWHERE
from pellucid.settings import all_settings

OPTIONS = {"--config", *(each.option for each in all_settings())}
SWITCHED_OFF = {f"--no-{each.option[2:]}" for each in all_settings() if isinstance(each.default, bool)}


@pytest.mark.parametrize("option", ELSEWHERE)
def test_a_hint_names_what_there_is(option: str) -> None:
    assert option not in OPTIONS
    assert {*re.findall(r"--[a-z][a-z0-9-]*", ELSEWHERE[option])} <= OPTIONS | SWITCHED_OFF
