"""Each setting has its manual, and a default that the rules accept."""

import dataclasses

from pellucid.apps.static.rules import Rules
from pellucid.apps.static.settings import StaticSettings
from pellucid.setting import manual_of


def test_every_setting_has_a_manual_that_is_a_sentence() -> None:
    manual = manual_of(StaticSettings)
    assert list(manual) == [field.name for field in dataclasses.fields(StaticSettings)]
    for each in manual.values():
        assert each.text.endswith(".")
        assert each.text[0].isupper()


def test_the_defaults_are_good_settings() -> None:
    assert Rules(StaticSettings()).index == (b"index.html", b"index.htm")
