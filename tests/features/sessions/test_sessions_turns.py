"""Requests of one session have their turns, in one process and among several, and nobody who is gone holds them up."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sessioning import KEY, Place, count, everything

from pellucid.features.sessions.records import Operation, Unkept
from pellucid.features.sessions.turns import LEASE, LONGEST, MOST_WAITING, PASSES, PATIENCE, TICK, Turns
from pellucid.message import Response
from pellucid.server.exchange import Exchange
from pellucid.server.held import Held


@pytest.fixture(params=["memory", "sqlite:s.db"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, str(tmp_path), settings={"session_exclusive": True})


def turns_of(place: Place) -> Turns:
    turns = place.sessions.turns
    assert turns is not None
    return turns


begun: set[Exchange] = set()


def has_begun(exchange: Exchange) -> bool:
    """Whether its app was called."""
    return exchange in begun


def arrive(place: Place, cookie: bytes) -> Exchange:
    """A request, of which it is noted when it gets to its app."""
    exchange = place.made(cookie)
    held = place.sessions.ask(exchange)
    assert isinstance(held, Held)
    held.then(lambda response, body: begun.add(exchange) if response is None else exchange.respond(response, body))
    return exchange


def test_the_next_one_begins_when_the_one_before_has_kept_what_it_did(place: Place) -> None:
    cookie = place.ask(count).cookie
    exchanges = [arrive(place, cookie) for _ in range(3)]
    for number, exchange in enumerate(exchanges):
        place.settle()
        assert [has_begun(each) for each in exchanges] == [at <= number for at in range(3)]
        place.use(exchange, count, cookie)
    assert place.ask(everything, cookie).body == b"{'count': 4}"
    place.wait(TICK)
    assert len(turns_of(place)) == 0


def test_sessions_do_not_wait_for_each_other(place: Place) -> None:
    one, other = place.ask(count).cookie, place.ask(count).cookie
    first, second = arrive(place, one), arrive(place, other)
    place.settle()
    assert has_begun(first)
    assert has_begun(second)


@pytest.mark.parametrize("how", ["gone", "answered for"])
def test_who_is_gone_holds_up_nobody(how: str, place: Place) -> None:
    cookie = place.ask(count).cookie
    first, second, third = (arrive(place, cookie) for _ in range(3))
    place.settle()
    second.lose("the client hung up")
    if how == "gone":
        first.lose("the client hung up")
    else:
        first.response = Response(503)
    place.wait(TICK)
    assert has_begun(third)
    assert not has_begun(second)


def test_whose_end_is_told_lets_go_at_once(place: Place) -> None:
    cookie = place.ask(count).cookie
    first, second = arrive(place, cookie), arrive(place, cookie)
    place.settle()
    first.lose("the client hung up")
    place.ground.watch.tell(place.ground.watch.ended, first)
    place.settle()
    assert has_begun(second)


def test_who_is_gone_while_its_session_is_written_keeps_its_turn_until_it_is(place: Place) -> None:
    cookie = place.ask(count).cookie
    first, second = arrive(place, cookie), arrive(place, cookie)
    place.settle()
    assert first.session is not None
    first.session["count"] += 1
    first.respond(Response(200), b"")
    first.lose("the client hung up")
    place.ground.watch.tell(place.ground.watch.ended, first)
    turns_of(place)._on_tick()
    assert not has_begun(second)
    place.settle()
    assert has_begun(second)
    assert place.use(second, count, cookie).body == b"3"


def test_who_has_nothing_to_change_lets_go_too(place: Place) -> None:
    cookie = place.ask(count).cookie
    first, second = arrive(place, cookie), arrive(place, cookie)
    place.settle()
    first.respond(Response(200), b"")
    place.settle()
    assert has_begun(second)


def test_nobody_waits_longer_than_the_patience_lasts(place: Place) -> None:
    cookie = place.ask(count).cookie
    first, second = arrive(place, cookie), arrive(place, cookie)
    for _ in range(int(PATIENCE / TICK) + 2):
        place.wait(TICK)
    assert has_begun(first)
    assert second.status == 503
    assert not has_begun(second)
    assert place.use(first, count, cookie).status == 200


def test_no_more_than_so_many_wait(place: Place) -> None:
    cookie = place.ask(count).cookie
    exchanges = [arrive(place, cookie) for _ in range(MOST_WAITING + 2)]
    place.settle()
    assert [exchange.status for exchange in exchanges].count(503) == 2


class Two:
    """Two processes with one file."""

    def __init__(self, folder: Path) -> None:
        self.one, self.other = (
            Place("sqlite:s.db", str(folder), (KEY,), {"session_exclusive": True}) for _ in range(2)
        )
        self.cookie = self.one.ask(count).cookie


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def test_another_process_waits_until_this_one_has_given_it_back(two: Two) -> None:
    first, second = arrive(two.one, two.cookie), arrive(two.other, two.cookie)
    two.one.settle()
    two.other.wait(10 * LONGEST)
    assert (has_begun(first), has_begun(second)) == (True, False)
    two.one.use(first, count, two.cookie)
    two.other.wait(2 * LONGEST)
    assert has_begun(second)
    assert two.other.use(second, count, two.cookie).body == b"3"


def test_a_process_gives_it_back_when_others_have_waited_for_some_of_its_requests(two: Two) -> None:
    mine = [arrive(two.one, two.cookie) for _ in range(PASSES + 2)]
    two.one.settle()
    theirs = arrive(two.other, two.cookie)
    two.other.settle()
    for exchange in mine[:PASSES]:
        two.other.wait(2 * LONGEST)
        assert not has_begun(theirs)
        two.one.use(exchange, count, two.cookie)
    two.other.wait(2 * LONGEST)
    assert has_begun(theirs)
    assert not has_begun(mine[PASSES])
    two.other.use(theirs, count, two.cookie)
    two.one.wait(2 * LONGEST)
    assert has_begun(mine[PASSES])


def test_one_that_takes_long_keeps_its_turn_and_one_that_has_died_does_not(two: Two) -> None:
    first, second = arrive(two.one, two.cookie), arrive(two.other, two.cookie)
    two.one.settle()
    for _ in range(int(2 * LEASE / TICK)):
        two.one.wait(TICK)
        two.other.wait(TICK)
    assert (has_begun(first), has_begun(second)) == (True, False)
    for _ in range(int(LEASE / TICK) + 2):  # nothing more is heard of the one
        two.other.wait(TICK)
    assert has_begun(second)


@pytest.mark.parametrize("waiting", [0, 1])
def test_a_lease_that_is_asked_for_anew_and_given_back_at_once_is_not_taken_for_one(waiting: int, two: Two) -> None:
    turns, first = turns_of(two.one), arrive(two.one, two.cookie)
    two.one.settle()
    two.one.wall += LEASE / 2
    behind = [arrive(two.one, two.cookie) for _ in range(waiting)]
    for line in turns._lines.values():
        turns._take(line)
    first.respond(Response(200), b"")
    theirs = arrive(two.other, two.cookie)
    two.one.settle()
    two.other.settle()
    assert len(turns) == waiting
    assert has_begun(theirs)
    assert not any(map(has_begun, behind))


def test_without_a_store_nobody_has_a_turn_and_nobody_waits(two: Two) -> None:
    two.one.put(Broken())
    exchange = arrive(two.one, two.cookie)
    two.one.settle()
    assert exchange.status == 503
    assert len(turns_of(two.one)) == 0


def test_who_waits_is_told_when_the_store_goes_away(tmp_path: Path) -> None:
    place = Place("sqlite:s.db", str(tmp_path), settings={"session_exclusive": True})
    cookie = place.ask(count).cookie
    first = arrive(place, cookie)
    place.settle()
    assert place.desk is not None
    place.desk.store = Broken()
    second = arrive(place, cookie)
    place.wait(LEASE / 2 + TICK)  # when the lease is taken anew
    assert second.status == 503
    assert place.use(first, count, cookie).status == 503
    place.wait(TICK)
    assert len(turns_of(place)) == 0


class Broken:
    """A store that does not work."""

    near = True
    instant = False

    def read(self, name: bytes) -> None:
        raise Unkept("broken")

    def apply(self, operations: Sequence[Operation]) -> list[bool]:
        raise Unkept("broken")

    def close(self) -> None:
        pass
