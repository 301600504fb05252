"""All lives begin before the ports are open and end after the last request, in any case within the grace."""

from collections.abc import Callable
from typing import Any

import pytest
from conversing import HELLO, Later, Stage, hello

from pellucid.message import Response
from pellucid.net.port import Port
from pellucid.processes.lifetime import SHORTEST_END, Lifetime


class Slow:
    """A life that begins and ends when the test says so."""

    def __init__(self, told: list[str], name: str) -> None:
        self.told = told
        self.name = name
        self.begun: Callable[[str], None] = lambda why: None
        self.ended: Callable[[], None] = lambda: None
        self.within = 0.0

    def begin(self, begun: Callable[[str], None]) -> None:
        self.told.append(f"{self.name} begins")
        self.begun = begun

    def end(self, ended: Callable[[], None], within: float) -> None:
        self.told.append(f"{self.name} ends")
        self.within = within
        self.ended = ended


class Living:
    """A server in memory with two lives, and what they were told."""

    def __init__(self, app: Any = hello, lives: int = 2) -> None:
        self.stage = Stage(app)
        self.told: list[str] = []
        self.lives = [Slow(self.told, str(number)) for number in range(lives)]
        self.lifetime = Lifetime(self.stage.server, self.lives, ())

    def begin(self) -> None:
        self.lifetime.begin(lambda: self.told.append("begun"))

    @property
    def stopped(self) -> bool:
        """Whether the loop was told to stop; what is posted waits for no descriptor in memory."""
        posted = self.stage.reactor._posted
        while posted:
            posted.popleft()()
        return self.stage.reactor.stopped


def test_all_begin_together_and_when_the_last_is_ready_it_is_said_once() -> None:
    living = Living()
    living.begin()
    assert living.told == ["0 begins", "1 begins"]
    living.lives[1].begun("")
    living.lives[1].begun("")
    assert "begun" not in living.told
    living.lives[0].begun("")
    assert living.told[-1] == "begun"
    assert not living.stopped


def test_without_lives_it_begins_at_once_and_ends_at_once() -> None:
    living = Living(lives=0)
    living.begin()
    assert living.told == ["begun"]
    living.lifetime.leave(10, 1)
    assert living.stopped


def test_one_that_cannot_begin_ends_all() -> None:
    living = Living()
    living.begin()
    living.lives[0].begun("no database")
    assert living.lifetime.why == "no database"
    assert living.told[2:] == ["1 ends", "0 ends"]
    living.lives[1].begun("")
    assert "begun" not in living.told
    living.lives[1].ended()
    assert not living.stopped
    living.lives[0].ended()
    assert living.stopped


def test_lives_end_when_the_last_connection_has() -> None:
    app = Later()
    living = Living(app)
    living.begin()
    for life in living.lives:
        life.begun("")
    client = living.stage.client()
    client.talk(HELLO)
    living.lifetime.leave(10, 1)
    living.lifetime.leave(0, 0)  # it is leaving already
    living.stage.settle()
    assert living.told[-1] == "begun"
    app.last.respond(Response(200), b"done")
    assert client.talk().endswith(b"done")
    assert living.told[-2:] == ["1 ends", "0 ends"]
    for life in living.lives:
        assert not living.stopped
        life.ended()
    assert living.stopped


def test_the_end_of_lives_is_bounded_by_what_is_left_of_the_grace() -> None:
    living = Living()
    living.begin()
    living.lifetime.leave(10, 1)
    living.stage.wait(9.9)
    assert not living.stopped
    living.stage.wait(0.1)
    assert living.stopped
    assert ("warning", "grace: an app has not come to its end within it") in living.stage.notes


def test_told_again_the_end_can_only_come_sooner() -> None:
    living = Living()
    living.begin()
    living.lifetime.leave(10, 1)
    living.lifetime.leave(2, 0)
    living.lifetime.leave(60, 1)
    living.stage.wait(1.9)
    assert not living.stopped
    living.stage.wait(0.1)
    assert living.stopped
    living.stage.wait(60)
    assert [level for level, _ in living.stage.notes] == ["warning"]


def test_where_requests_have_used_up_the_grace_lives_still_have_a_moment() -> None:
    living = Living(Later())
    living.begin()
    client = living.stage.client()
    client.talk(HELLO)
    living.lifetime.leave(10, 1)
    living.stage.wait(10)
    assert client.broken
    assert living.told[-1] == "0 ends"
    living.stage.wait(SHORTEST_END - 0.1)
    assert not living.stopped
    living.stage.wait(0.1)
    assert living.stopped


def test_at_once_means_without_waiting_for_anybody() -> None:
    living = Living(Later())
    living.begin()
    client = living.stage.client()
    client.talk(HELLO)
    living.lifetime.halt()
    assert client.broken
    assert living.stopped


def test_ports_are_open_only_while_it_does_not_leave() -> None:
    port = Port.tcp("127.0.0.1", 0)
    living = Living(lives=0)
    lifetime = Lifetime(living.stage.server, (), [port])
    lifetime.leave(1, 0)
    lifetime.listen()
    assert living.stage.server._ports == []
    port.close()


@pytest.mark.parametrize(("grace", "within"), [(10.0, 7.0), (3.0, SHORTEST_END), (0.0, SHORTEST_END)])
def test_lives_are_told_how_long_they_have(grace: float, within: float) -> None:
    app = Later()
    living = Living(app, lives=1)
    living.begin()
    client = living.stage.client()
    client.talk(HELLO)
    living.lifetime.leave(grace, 0.0)
    living.stage.wait(min(grace, 3.0))
    if not app.last.gone:
        app.last.respond(Response(200), b"late")
        client.talk()
    assert living.told[-1] == "0 ends"
    assert living.lives[0].within == pytest.approx(within)
