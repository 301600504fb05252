"""Conversations of HTTP/2: each playbook is played with whole frames and byte by byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.http2.frameplay import play
from protocol.playbook import sections

PLAYBOOKS = Path(__file__).parent / "playbooks"

PLAYS = {title: steps for path in sorted(PLAYBOOKS.glob("*.txt")) for title, steps in sections(path).items()}


@pytest.mark.parametrize("title", PLAYS)
def test_a_conversation_goes_as_it_stands_in_the_playbook(title: str) -> None:
    play(PLAYS[title])


def test_no_two_conversations_have_one_name() -> None:
    assert sum(len(sections(path)) for path in PLAYBOOKS.glob("*.txt")) == len(PLAYS)
