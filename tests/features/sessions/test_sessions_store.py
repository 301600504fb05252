"""A store that fails is told of once and answered with 503, and what is handed in goes to it together."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sessioning import KEY, NOW, InLoop, Place, count, everything, nothing

from pellucid.features.sessions.memory import MemoryStore
from pellucid.features.sessions.records import Change, Operation, Record, Unkept
from pellucid.features.sessions.store import CLEANING, MOST_AT_ONCE, MOST_WAITING, PAUSE, PORTION, Desk, Outcome
from pellucid.session import Session


class Faulty(MemoryStore):
    """A store that does not work while it is told to."""

    near = True
    instant = False

    def __init__(self) -> None:
        super().__init__()
        self.fault: Exception | None = None
        self.batches: list[int] = []
        self.reads = 0
        self.closed = 0

    def read(self, name: bytes) -> Record | None:
        self.reads += 1
        if self.fault is not None:
            raise self.fault
        return super().read(name)

    def apply(self, operations: Sequence[Operation]) -> list[bool]:
        self.batches.append(len(operations))
        if self.fault is not None:
            raise self.fault
        return super().apply(operations)

    def close(self) -> None:
        self.closed += 1


class Far(Faulty):
    """One that is read in other threads."""

    near = False


DOWN = Unkept("sessions in 'x': the disk is full")


def place_of(store: Faulty, **settings: object) -> Place:
    place = Place("memory", keys=(KEY,), settings=settings)
    place.put(store)
    return place


@pytest.mark.parametrize("kind", [Faulty, Far])
def test_a_store_that_fails_gives_503_and_one_line_until_it_is_back(kind: type[Faulty]) -> None:
    store = kind()
    place = place_of(store)
    cookie = place.ask(count).cookie
    store.fault = DOWN
    for _ in range(3):
        for use, shown in ((count, cookie), (everything, cookie), (count, b"")):
            told = place.ask(use, shown)
            assert (told.status, told.set_cookie, told.headers.get(b"retry-after")) == (503, None, b"5")
        place.wait(PAUSE / 2)
    assert place.ask(nothing).status == 200
    store.fault = None
    place.wait(PAUSE)
    assert place.ask(count, cookie).body == b"2"
    assert place.ask(count, cookie).body == b"3"
    assert place.notes == [
        ("error", "sessions in 'x': the disk is full; whoever needs a session is answered with 503"),
        ("info", "sessions are kept again"),
    ]


def test_a_store_that_has_failed_is_left_alone_for_a_while() -> None:
    store = Faulty()
    place = place_of(store)
    cookie = place.ask(count).cookie
    store.fault = DOWN
    place.ask(count, cookie)
    reads = store.reads
    for _ in range(10):
        assert place.ask(count, cookie).status == 503
    assert store.reads == reads
    place.wait(PAUSE)
    assert place.ask(count, cookie).status == 503
    assert store.reads == reads + 1


def test_who_cannot_be_read_is_unavailable_whatever_the_app_makes_of_it() -> None:
    store = Faulty()
    place = place_of(store)
    cookie = place.ask(count).cookie
    store.fault = DOWN

    def careless(session: Session) -> str:
        try:
            return str(session.get("count"))
        except Unkept:
            return "all is well"

    assert place.ask(careless, cookie).status == 503


def test_a_fault_of_ours_is_the_log_s_and_nobody_waits_for_ever() -> None:
    store = Faulty()
    place = place_of(store)
    exchange = place.begin()
    store.fault = ZeroDivisionError("on purpose")
    with pytest.raises(ZeroDivisionError):
        place.use(exchange, count)
    assert exchange.status == 503
    store.fault = None
    assert place.ask(count).status == 200


def test_a_fault_in_reading_ahead_is_too() -> None:
    store = Far()
    place = place_of(store)
    cookie = place.ask(count).cookie
    store.fault = ZeroDivisionError("on purpose")
    exchange = place.begin(cookie)
    with pytest.raises(ZeroDivisionError):
        place.settle()
    assert exchange.status == 503


def test_when_too_many_wait_to_be_read_one_is_turned_away() -> None:
    store = Far()
    place = place_of(store)
    cookie = place.ask(count).cookie
    readers = place.keeping.readers
    assert isinstance(readers, InLoop)
    readers.full = True
    told = place.ask(count, cookie)
    assert (told.status, place.notes) == (503, [])
    assert b"too many requests wait" in told.body


def handed(desk: Desk, told: list[object], many: int, first: int = 0) -> None:
    for number in range(first, first + many):
        desk.hand_in(Change(b"%d" % number, "{}", None, NOW, NOW + 60), told.append, told.append)


def test_what_comes_in_one_round_goes_together_and_so_many_at_once() -> None:
    store = Faulty()
    place = place_of(store)
    told: list[object] = []
    assert place.desk is not None
    handed(place.desk, told, MOST_AT_ONCE + 3)
    place.settle()
    assert store.batches == [MOST_AT_ONCE, 3]
    assert told == [True] * (MOST_AT_ONCE + 3)


def test_no_more_waits_than_may() -> None:
    store = Faulty()
    place = place_of(store)
    told: list[object] = []
    assert place.desk is not None
    handed(place.desk, told, MOST_WAITING + 1)
    place.settle()
    assert told.count(True) == MOST_WAITING
    assert [str(each) for each in told if each is not True] == ["too many sessions wait to be written"]
    assert place.notes == []


def test_what_has_expired_is_thrown_away_now_and_then_in_portions() -> None:
    store = Faulty()
    place = place_of(store)
    assert place.desk is not None
    told: list[str] = []
    place.desk.begin(told.append)
    handed(place.desk, [], PORTION + 10)
    place.settle()
    place.wait(CLEANING + 1)
    assert (told, len(store)) == ([""], 10)
    place.wait(1.0)
    assert len(store) == 0
    store.fault = DOWN
    place.wait(CLEANING)
    store.fault = None
    batches = len(store.batches)
    place.wait(CLEANING)
    assert len(store.batches) == batches + 1
    place.desk.end(lambda: told.append("ended"), 1.0)
    place.wait(10 * CLEANING)
    assert (told, store.closed, len(store.batches)) == (["", "ended"], 1, batches + 1)


def test_a_store_of_files_is_let_go_of_at_the_end(tmp_path: Path) -> None:
    place = Place("sqlite:s.db", str(tmp_path))
    place.ask(count)
    (desk,) = place.ground.lives
    told: list[str] = []
    desk.end(lambda: told.append("ended"), 1.0)
    assert told == ["ended"]
    assert [path.name for path in tmp_path.iterdir()] == ["s.db"]  # the last one to leave has tidied up


def test_what_was_read_ahead_is_not_read_again_in_the_loop_though_there_was_nothing() -> None:
    store = Far()
    place = place_of(store)
    cookie = place.ask(count).cookie
    place.wait(90_000)
    before = store.reads
    exchange = place.begin(cookie)
    place.settle()
    assert store.reads == before + 1
    store.fault = DOWN  # nobody is to notice
    assert place.use(exchange, everything).body == b"{}"
    assert store.reads == before + 1


class Partial(Faulty):
    """One in which a change is given up, and others are not."""

    def apply(self, operations: Sequence[Operation]) -> list[Outcome]:  # type: ignore[override]  # it tells more
        super().apply(operations)
        return [Unkept("it is busy") for _ in operations]


def test_a_change_that_is_given_up_is_no_outage() -> None:
    place = place_of(Partial())
    assert place.ask(count).status == 503
    assert place.notes == []
    assert place.ask(nothing).status == 200
