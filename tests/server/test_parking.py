"""Parked requests cost next to nothing, are each answered once, and never outlive their clients."""

import gc
import weakref
from collections.abc import Callable

import pytest
from conversing import Client, Later, Stage, request, statuses

from pellucid.message import Response
from pellucid.server.exchange import Exchange
from pellucid.server.parking import Parking


class Room:
    """An app that parks whoever asks for news, until there are some."""

    def __init__(self, patience: float = 25.0) -> None:
        self.news = b""
        self.asked: list[Exchange] = []
        self.answered: list[Exchange] = []
        self.parking = Parking(self.answer, patience)
        self.stage = Stage(self.ask)

    def ask(self, exchange: Exchange) -> None:
        self.asked.append(exchange)
        self.parking.park(exchange)

    def answer(self, exchange: Exchange) -> None:
        self.answered.append(exchange)
        exchange.respond(Response(200 if self.news else 204), self.news)


def test_a_request_waits_until_there_is_something() -> None:
    room = Room()
    clients = [room.stage.client() for _ in range(3)]
    assert [client.talk(request()) for client in clients] == [b""] * 3
    assert len(room.parking) == 3
    room.news = b"it rains"
    assert room.parking.wake() == 3
    assert len(room.parking) == 0
    for client in clients:
        answer = client.talk()
        assert statuses(answer) == [200]
        assert answer.endswith(b"it rains")
    assert room.parking.wake() == 0


def test_each_is_answered_at_its_own_deadline_by_one_timer() -> None:
    room = Room(patience=25)
    first, second = room.stage.client(), room.stage.client()
    timers = room.stage.timers
    first.talk(request())
    room.stage.wait(10)
    second.talk(request())
    assert room.stage.timers == timers + 1
    room.stage.wait(14.9)
    assert first.talk() == b""
    room.stage.wait(0.1)
    assert statuses(first.talk()) == [204]
    assert second.talk() == b""
    room.stage.wait(10)
    assert statuses(second.talk()) == [204]
    assert len(room.parking) == 0
    assert not first.ended


def test_one_who_has_left_does_not_move_the_deadlines_of_others() -> None:
    room = Room(patience=25)
    first, second = room.stage.client(), room.stage.client()
    first.talk(request())
    room.stage.wait(5)
    second.talk(request())
    first.link.abort()
    room.stage.wait(20)
    assert second.talk() == b""
    room.stage.wait(5)
    assert statuses(second.talk()) == [204]


def test_after_all_have_been_answered_the_next_deadline_is_kept() -> None:
    room = Room(patience=25)
    client = room.stage.client()
    client.talk(request())
    room.stage.wait(20)
    room.parking.wake()
    assert statuses(client.talk()) == [204]
    client.talk(request())
    room.stage.wait(24)
    assert client.talk() == b""
    room.stage.wait(1)
    assert statuses(client.talk()) == [204]


def test_a_client_that_vanishes_is_dropped_at_once_and_nobody_is_asked() -> None:
    room = Room()
    client = room.stage.client()
    client.talk(request())
    client.link.abort()
    room.stage.settle()
    assert len(room.parking) == 0
    assert not room.stage.open_connections
    assert room.parking.wake() == 0
    assert room.answered == []


def test_a_client_that_ends_its_side_is_answered_at_once_for_it_may_still_read() -> None:
    room = Room()
    client = room.stage.client()
    client.talk(request())
    client.link.finish()
    assert statuses(client.talk()) == [204]
    assert client.ended
    assert len(room.parking) == 0


def test_when_the_server_stops_all_are_answered_and_it_ends() -> None:
    room = Room()
    clients = [room.stage.client() for _ in range(3)]
    for client in clients:
        client.talk(request())
    room.stage.server.stop(10)
    room.stage.settle()
    for client in clients:
        answer = client.talk()
        assert statuses(answer) == [204]
        assert b"connection: close" in answer
    assert not room.stage.open_connections


def test_who_comes_when_the_end_is_near_does_not_wait() -> None:
    later = Later()
    stage = Stage(later)
    client = stage.client()
    client.talk(request())
    stage.server.stop(10)
    stage.settle()
    parking = Parking(lambda exchange: exchange.respond(Response(204)))
    parking.park(later.last)
    assert len(parking) == 0
    assert statuses(client.talk()) == [204]


def test_who_has_gone_before_is_not_parked() -> None:
    later = Later()
    stage = Stage(later)
    client = stage.client()
    client.talk(request())
    client.link.abort()
    stage.settle()
    parking = Parking(lambda exchange: exchange.respond(Response(204)))
    parking.park(later.last)
    assert len(parking) == 0


def test_one_can_be_answered_by_itself() -> None:
    room = Room()
    first, second = room.stage.client(), room.stage.client()
    first.talk(request(path="/1"))
    second.talk(request(path="/2"))
    one, _ = room.asked
    room.parking.answer(one)
    room.parking.answer(one)
    assert statuses(first.talk()) == [204]
    assert second.talk() == b""
    assert len(room.parking) == 1


def test_one_that_was_answered_in_another_way_is_not_answered_again() -> None:
    room = Room()
    client = room.stage.client()
    client.talk(request())
    room.asked[0].respond(Response(200), b"directly")
    assert client.talk().endswith(b"directly")
    assert room.parking.wake() == 1
    assert room.answered == []


def test_whoever_is_parked_anew_by_an_answer_waits_for_the_next_one() -> None:
    again: list[Exchange] = []

    def answer(exchange: Exchange) -> None:
        if exchange in again:
            exchange.respond(Response(204))
        else:
            again.append(exchange)
            parking.park(exchange)

    parking = Parking(answer)
    stage = Stage(parking.park)
    client = stage.client()
    client.talk(request())
    assert parking.wake() == 1
    assert len(parking) == 1
    stage.wait(25)
    assert statuses(client.talk()) == [204]


def test_what_goes_wrong_with_one_is_a_500_and_the_others_are_answered() -> None:
    def answer(exchange: Exchange) -> None:
        if exchange.request.path == b"/bad":
            raise ZeroDivisionError("on purpose")
        exchange.respond(Response(200), b"well")

    parking = Parking(answer)
    stage = Stage(parking.park)
    clients = [stage.client() for _ in range(3)]
    for client, path in zip(clients, ("/good", "/bad", "/good"), strict=True):
        client.talk(request(path=path))
    with pytest.raises(ZeroDivisionError):
        parking.wake()
    assert [statuses(client.talk()) for client in clients] == [[200], [500], [200]]
    assert len(parking) == 0


def wrong(exchange: Exchange) -> None:
    raise ZeroDivisionError("on purpose")


ENDS: dict[str, Callable[[Stage, Client], object]] = {
    "client": lambda stage, client: client.link.finish(),
    "server": lambda stage, client: stage.server.stop(10),
    "deadline": lambda stage, client: stage.wait(25),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_goes_wrong_when_nobody_has_asked_is_a_500_too_and_noted_as_the_apps(
    end: Callable[[Stage, Client], object],
) -> None:
    parking = Parking(wrong)
    stage = Stage(parking.park)
    client = stage.client()
    client.talk(request())
    end(stage, client)
    assert statuses(client.talk()) == [500]
    (error,) = stage.errors
    assert "the app failed" in error
    assert error.endswith("ZeroDivisionError: on purpose")


def test_one_that_goes_wrong_by_itself_has_a_500_and_the_caller_is_told() -> None:
    exchanges: list[Exchange] = []
    parking = Parking(wrong)

    def app(exchange: Exchange) -> None:
        exchanges.append(exchange)
        parking.park(exchange)

    client = Stage(app).client()
    client.talk(request())
    with pytest.raises(ZeroDivisionError):
        parking.answer(exchanges[0])
    assert exchanges[0].why == "ZeroDivisionError: on purpose"
    assert statuses(client.talk()) == [500]


def test_a_deadline_does_not_keep_a_message_for_the_process() -> None:
    def interrupted(exchange: Exchange) -> None:
        raise KeyboardInterrupt

    parking = Parking(interrupted)
    stage = Stage(parking.park)
    stage.client().talk(request())
    with pytest.raises(KeyboardInterrupt):
        stage.wait(25)


def test_one_that_is_parked_again_does_not_hold_up_those_behind_it() -> None:
    room = Room(patience=25)
    exchanges: list[Exchange] = []
    first, second = room.stage.client(), room.stage.client()
    room.stage.watch.begun.append(exchanges.append)
    first.talk(request())
    room.stage.wait(5)
    second.talk(request())
    room.stage.wait(5)
    room.parking.park(exchanges[0])
    room.stage.wait(20)
    assert statuses(second.talk()) == [204]
    assert first.talk() == b""
    room.stage.wait(5)
    assert statuses(first.talk()) == [204]


def test_what_goes_wrong_behind_an_answer_does_not_take_it_back() -> None:
    def answer(exchange: Exchange) -> None:
        exchange.respond(Response(200), b"well")
        raise ZeroDivisionError("on purpose")

    parking = Parking(answer)
    stage = Stage(parking.park)
    client = stage.client()
    client.talk(request())
    with pytest.raises(ZeroDivisionError):
        parking.wake()
    assert client.talk().endswith(b"well")


def test_what_was_answered_leaves_nothing_for_the_collector_of_cycles() -> None:
    room = Room()
    gc.collect()
    gc.disable()
    try:
        client = room.stage.client()
        client.talk(request())
        exchange = weakref.ref(room.asked.pop())
        room.stage.wait(25)
        client.talk()
        room.answered.clear()
        assert exchange() is None
    finally:
        gc.enable()
