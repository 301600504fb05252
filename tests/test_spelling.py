"""Who mistypes a word is told of the right one, and of none where there is none."""

import pytest

from pellucid.spelling import nearest


@pytest.mark.parametrize(
    ("word", "near"),
    [("bnid", "bind"), ("workers", "workers"), ("worker", "workers"), ("xylophone", ""), ("", "")],
)
def test_the_nearest_word_is_named(word: str, near: str) -> None:
    assert nearest(word, ["bind", "workers", "grace"]) == near


def test_how_much_alike_it_must_be_can_be_said() -> None:
    assert nearest("grade", ["grace"], 0.8) == "grace"
    assert nearest("grade", ["grace"], 0.9) == ""
