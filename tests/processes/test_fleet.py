"""What becomes of workers is decided by events and the time alone."""

from typing import Self

import pytest

from pellucid.processes.actions import Action, End, Halt, Kill, Say, Serve, Start, Stop, Trace
from pellucid.processes.backoff import FORGIVEN, TOGETHER, delay_of
from pellucid.processes.fleet import HALT_TIME, HASTE, MARGIN, REST, WAVE, YOUNG, Fleet

GRACE = 10.0


class Play:
    """A fleet with its clock. `did` is what it wants done now, words aside; `said` are the words."""

    def __init__(self, wanted: int = 2, *, development: bool = False) -> None:
        self.now = 1000.0
        self.fleet = Fleet(wanted, GRACE, development=development)
        self.said: list[str] = []

    @property
    def did(self) -> list[Action]:
        done: list[Action] = []
        while actions := self.fleet.step(self.now):
            self.said += [action.text for action in actions if isinstance(action, Say)]
            done += [action for action in actions if not isinstance(action, Say)]
        return done

    def wait(self, seconds: float) -> list[Action]:
        self.now += seconds
        return self.did

    def ready(self, *numbers: int) -> list[Action]:
        for number in numbers:
            self.fleet.ready(number, self.now)
        return self.did

    def serve(self, *numbers: int) -> list[Action]:
        for number in numbers:
            self.fleet.serves(number, self.now)
        return self.did

    def exit(self, number: int, how: str = "", why: str = "", *, fatal: bool = False) -> list[Action]:
        self.fleet.exited(number, how, self.now, why, fatal=fatal)
        return self.did

    def at_work(self) -> Self:
        """After the first start, long enough for nobody to be young any more."""
        numbers = range(1, self.fleet.wanted + 1)
        assert self.did == [Start(number) for number in numbers]
        assert self.ready(*numbers) == [Serve(number) for number in numbers]
        assert self.serve(*numbers) == []
        assert self.wait(YOUNG) == []
        assert self.fleet.settled
        return self


def test_the_first_workers_begin_to_serve_together() -> None:
    play = Play(3)
    assert play.did == [Start(1), Start(2), Start(3)]
    assert play.ready(2, 1) == []
    assert not play.fleet.open
    assert play.ready(3) == [Serve(1), Serve(2), Serve(3)]
    assert play.serve(1, 2) == []
    assert not play.fleet.open
    play.serve(3)
    assert play.fleet.open
    assert play.fleet.serving == 3
    assert play.fleet.causes == {"start": 3}


def test_the_first_workers_do_not_wait_without_end_for_a_slow_one() -> None:
    play = Play(2)
    assert play.did == [Start(1), Start(2)]
    assert play.ready(1) == []
    assert play.fleet.due() == play.now + WAVE
    assert play.wait(WAVE) == [Serve(1)]
    play.serve(1)
    assert play.wait(3600) == []  # an import may take as long as it takes
    assert play.ready(2) == [Serve(2)]


def test_one_that_cannot_start_does_not_keep_the_others_from_serving() -> None:
    play = Play(2)
    assert play.did == [Start(1), Start(2)]
    assert play.exit(1, "status 1", "why") == []
    assert play.ready(2) == [Serve(2)]
    assert play.wait(delay_of(1)) == [Start(1)]


@pytest.mark.parametrize("development", [False, True])
def test_where_none_can_start_and_code_is_not_the_reason_all_is_over(development: bool) -> None:
    play = Play(2, development=development)
    assert play.did == [Start(1), Start(2)]
    assert play.exit(2, "status 1", "no such folder", fatal=True) == []
    assert play.exit(1, "status 1", "no such folder", fatal=True) == [End(1, "no such folder")]
    assert play.wait(100) == []


def test_where_none_can_load_all_is_over() -> None:
    play = Play(1)
    assert play.did == [Start(1)]
    assert play.exit(1, "SIGKILL") == [End(1, "a worker ended with SIGKILL before it was ready")]


def test_in_development_what_cannot_load_waits_for_the_next_change() -> None:
    play = Play(1, development=True)
    assert play.did == [Start(1)]
    assert play.exit(1, "status 1", "SyntaxError") == []
    assert play.said[-1] == "SyntaxError\nwaiting for the next change"
    assert play.wait(1000) == []
    play.fleet.reload(play.now)
    assert play.did == [Start(1)]
    assert play.ready(1) == [Serve(1)]


def test_in_development_a_change_stops_all_and_new_ones_begin_when_the_old_ones_have_gone() -> None:
    play = Play(2, development=True).at_work()
    play.fleet.reload(play.now)
    assert play.did == [Stop(1, HASTE, 0.0, False), Stop(2, HASTE, 0.0, False)]
    assert play.exit(1) == []
    assert play.exit(2) == [Start(1), Start(2)]
    play.fleet.reload(play.now)  # while they load
    assert play.did == [Stop(1, HASTE, 0.0, True), Stop(2, HASTE, 0.0, True)]
    assert play.fleet.causes == {"start": 2, "reload": 2}


def test_a_crashed_worker_is_replaced_at_once() -> None:
    play = Play(2).at_work()
    assert play.exit(1, "SIGSEGV") == [Start(1)]
    assert play.said == ["worker 1 ended unasked with SIGSEGV, and is replaced"]
    assert play.ready(1) == [Serve(1)]
    assert play.fleet.causes == {"start": 2, "crash": 1}


def test_all_that_crash_together_are_replaced_together() -> None:
    play = Play(3).at_work()
    for number in (1, 2, 3):
        play.fleet.exited(number, "SIGKILL", play.now)
    assert play.did == [Start(1), Start(2), Start(3)]


def test_deaths_at_the_start_put_the_next_start_off_ever_longer() -> None:
    play = Play(2).at_work()
    assert play.exit(1, "SIGKILL") == [Start(1)]
    delays = []
    for _ in range(9):
        assert play.exit(1, "status 1", "broken") == []
        delays.append(play.fleet.due() - play.now)
        assert play.wait(delays[-1] - 0.01) == []
        assert play.wait(0.01) == [Start(1)]
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert play.said[1] == "worker 1 could not start, the next try is in 0.5 s: broken"
    assert play.said[2] == "worker 1 could not start, the next try is in 1 s: as before"
    assert play.ready(1) == [Serve(1)]
    play.serve(1)
    play.wait(FORGIVEN)
    assert play.exit(1, "SIGKILL") == [Start(1)]
    play.exit(1, "status 1")
    assert play.fleet.due() - play.now == 0.5


def test_one_that_dies_young_is_replaced_at_once_the_first_time() -> None:
    play = Play(1)
    assert play.did == [Start(1)]
    assert play.ready(1) == [Serve(1)]
    assert play.exit(1, "SIGSEGV") == [Start(1)]
    play.now += 2 * TOGETHER
    assert play.ready(1) == [Serve(1)]
    assert play.exit(1, "SIGSEGV") == []
    assert play.wait(0.5) == [Start(1)]


def test_while_starts_fail_there_is_one_at_a_time() -> None:
    play = Play(3).at_work()
    assert play.exit(1, "SIGKILL") == [Start(1)]
    assert play.exit(1, "status 1", "broken") == []
    assert play.exit(2, "SIGKILL") == []
    assert play.exit(3, "SIGKILL") == []
    assert play.wait(0.5) == [Start(1)]
    assert play.ready(1) == [Serve(1), Start(2)]


def test_a_stuck_worker_writes_its_stack_and_is_killed_and_replaced() -> None:
    play = Play(2).at_work()
    play.fleet.stuck(1, 61.0, play.now)
    assert play.did == [Trace(1), Start(3)]
    assert play.said == ["worker 1 is replaced: stuck-after: its loop stands still for 61 s"]
    assert play.wait(HALT_TIME) == [Kill(1)]
    assert play.exit(1, "SIGKILL") == []
    assert play.fleet.causes == {"start": 2, "stuck": 1}


def test_a_reload_replaces_one_after_the_other_and_each_is_ready_before_the_old_one_leaves() -> None:
    play = Play(2).at_work()
    play.fleet.reload(play.now)
    assert play.did == [Start(3)]
    assert not play.fleet.settled
    assert play.ready(3) == [Serve(3)]
    assert play.serve(3) == [Stop(1, GRACE, GRACE, False), Start(4)]
    assert play.exit(1) == []
    assert play.ready(4) == [Serve(4)]
    assert play.serve(4) == [Stop(2, GRACE, GRACE, False)]
    assert play.fleet.settled
    assert play.exit(2) == []
    assert play.fleet.causes == {"start": 2, "reload": 2}


def test_a_reload_leaves_at_most_as_many_on_their_way_out_as_there_are_workers() -> None:
    play = Play(1).at_work()
    play.fleet.reload(play.now)
    assert play.did == [Start(2)]
    play.ready(2)
    assert play.serve(2) == [Stop(1, GRACE, GRACE, False)]
    play.fleet.reload(play.now)
    assert play.did == []
    assert play.exit(1) == [Start(1)]


def test_one_that_does_not_leave_is_killed() -> None:
    play = Play(1).at_work()
    play.fleet.reload(play.now)
    assert play.did == [Start(2)]
    play.ready(2)
    assert play.serve(2) == [Stop(1, GRACE, GRACE, False)]
    assert play.wait(GRACE + MARGIN - 0.1) == []
    assert play.wait(0.1) == [Kill(1)]
    assert play.exit(1, "SIGKILL") == []


def test_a_reload_that_fails_keeps_the_old_ones() -> None:
    play = Play(2).at_work()
    play.fleet.reload(play.now)
    assert play.did == [Start(3)]
    assert play.exit(3, "status 1", "SyntaxError") == []
    assert play.said[-1] == "the reload failed, and the workers that run go on: SyntaxError"
    assert play.wait(1000) == []
    assert play.fleet.settled
    play.fleet.reload(play.now)
    assert play.did == [Start(3)]


def test_a_reload_during_a_reload_begins_anew() -> None:
    play = Play(2).at_work()
    play.fleet.reload(play.now)
    assert play.did == [Start(3)]
    play.fleet.reload(play.now)
    assert play.ready(3) == [Serve(3)]
    assert play.serve(3) == [Stop(1, GRACE, GRACE, False), Start(4)]
    play.exit(1)
    play.ready(4)
    assert play.serve(4) == [Stop(2, GRACE, GRACE, False), Start(1)]  # 3 had begun to load before the second one
    play.exit(2)
    play.ready(1)
    assert play.serve(1) == [Stop(3, GRACE, GRACE, False)]


def test_a_worker_that_has_served_enough_leaves_when_another_serves() -> None:
    play = Play(2).at_work()
    play.fleet.recycle(2, "recycle-age: it is 60 s old")
    play.fleet.recycle(2, "recycle-age: it is 61 s old")
    assert play.did == [Start(3)]
    assert play.said == ["worker 2 is replaced: recycle-age: it is 60 s old"]
    play.ready(3)
    assert play.serve(3) == [Stop(2, GRACE, GRACE, False)]
    assert play.fleet.causes == {"start": 2, "recycle": 1}


def test_a_recycling_that_fails_is_tried_again_later() -> None:
    play = Play(1).at_work()
    play.fleet.recycle(1, "recycle-age")
    assert play.did == [Start(2)]
    assert play.exit(2, "status 1", "broken") == []
    assert play.fleet.serving == 1
    assert play.wait(0.5) == [Start(2)]


def test_one_that_crashes_while_its_successor_starts_leaves_its_place_to_it() -> None:
    play = Play(1).at_work()
    play.fleet.reload(play.now)
    assert play.did == [Start(2)]
    assert play.exit(1, "SIGKILL") == []
    assert play.ready(2) == [Serve(2)]
    assert play.serve(2) == []
    assert play.fleet.settled


def test_the_number_of_workers_changes_on_demand() -> None:
    play = Play(1).at_work()
    play.fleet.resize(2, 128)
    assert play.did == [Start(2), Start(3)]
    play.ready(2)
    play.ready(3)
    play.serve(2, 3)
    play.fleet.resize(-1, 128)
    assert play.did == [Stop(3, GRACE, GRACE, False)]
    play.fleet.resize(-5, 128)
    assert play.did == [Stop(2, GRACE, GRACE, False)]
    assert play.said == ["3 workers from now on", "2 workers from now on", "1 worker from now on"]
    assert play.fleet.causes == {"start": 1, "more": 2}
    play.fleet.resize(500, 128)
    assert play.fleet.wanted == 128


def test_fewer_workers_during_a_reload_leave_somebody_who_serves() -> None:
    play = Play(2).at_work()
    play.fleet.reload(play.now)
    assert play.did == [Start(3)]
    play.fleet.resize(-1, 128)
    assert play.did == [Stop(3, GRACE, GRACE, True), Stop(2, GRACE, GRACE, False)]
    assert play.fleet.serving == 1
    play.exit(2)
    assert play.exit(3) == [Start(2)]
    play.ready(2)
    assert play.serve(2) == [Stop(1, GRACE, GRACE, False)]


def test_the_end_lets_requests_finish_and_ends_with_the_last_worker() -> None:
    play = Play(2).at_work()
    play.fleet.stop(play.now)
    assert play.did == [Stop(1, GRACE, REST, False), Stop(2, GRACE, REST, False)]
    assert play.exit(1) == []
    assert play.exit(2) == [End(0, "")]


def test_a_second_end_is_at_once_and_then_by_force() -> None:
    play = Play(2).at_work()
    play.fleet.stop(play.now)
    play.did  # noqa: B018 - it moves the fleet
    play.fleet.stop(play.now)
    assert play.did == [Halt(1), Halt(2)]
    assert play.exit(1) == []
    assert play.wait(HALT_TIME) == [Kill(2)]
    assert play.exit(2, "SIGKILL") == [End(0, "")]


def test_at_the_end_nothing_is_started_and_no_reload_begins() -> None:
    play = Play(2).at_work()
    play.fleet.stop(play.now)
    play.fleet.reload(play.now)
    assert [type(action) for action in play.did] == [Stop, Stop]
    assert play.exit(1, "SIGSEGV") == []
    assert play.wait(GRACE + MARGIN) == [Kill(2)]


def test_the_end_during_the_start_does_not_wait_for_imports() -> None:
    play = Play(1)
    assert play.did == [Start(1)]
    play.fleet.stop(play.now)
    assert play.did == [Stop(1, GRACE, REST, True)]
    assert play.exit(1) == [End(0, "")]
