"""A server whose ports others have too lets them come first when it is told to, and comes back to what still waits."""

from test_server import Harbour

from pellucid.server.server import PAUSE, YIELD


class Script:
    """A share that answers what the test has written down, and keeps what it was told."""

    def __init__(self, *batches: int) -> None:
        self.batches = list(batches)
        self.held: list[int | None] = []

    def hold(self, count: int | None) -> None:
        self.held.append(count)

    def batch(self, now: float) -> int:
        return self.batches.pop(0) if self.batches else 64


def test_so_many_are_accepted_as_the_share_says() -> None:
    harbour = Harbour()
    harbour.server.share = Script(1, 2)
    for _ in range(5):
        harbour.port.bring()
    counts = []
    for _ in range(3):
        harbour.reactor.step(0)
        counts.append(harbour.open_connections)
    assert counts == [1, 3, 5]


def test_where_others_come_first_the_port_rests_and_is_asked_again() -> None:
    harbour = Harbour()
    harbour.server.share = Script(0, 0, 1)
    harbour.port.bring()
    harbour.settle()
    for _ in range(2):
        assert harbour.open_connections == 0
        assert not harbour.busy
        harbour.wait(YIELD)
    assert harbour.open_connections == 1


def test_what_is_held_is_told_from_the_first_port_to_the_last() -> None:
    harbour = Harbour()
    share = harbour.server.share = Script()
    first = harbour.port.bring()
    second = harbour.port.bring()
    harbour.settle()
    assert share.held == [1, 2]
    first.close()
    harbour.settle()
    second.close()
    harbour.settle()
    assert share.held == [1, 2, 1, 0]
    harbour.server.stop(1)
    assert share.held[-1] is None


def test_who_cannot_accept_is_not_waited_for() -> None:
    harbour = Harbour()
    share = harbour.server.share = Script()
    harbour.port.exhausted = True
    harbour.port.bring()
    harbour.settle()
    assert share.held == [None]
    harbour.port.exhausted = False
    harbour.wait(PAUSE)
    assert share.held == [None, 0, 1]


def test_a_port_that_rests_may_be_closed_meanwhile() -> None:
    harbour = Harbour()
    harbour.server.share = Script(0)
    harbour.port.bring()
    harbour.settle()
    harbour.server.stop(1)
    harbour.wait(YIELD)
    assert harbour.port.closed == 1


def test_at_the_end_all_that_wait_are_accepted_without_asking() -> None:
    harbour = Harbour()
    harbour.server.share = Script(0, 0)
    for _ in range(3):
        harbour.port.bring()
    harbour.settle()
    harbour.server.accept_waiting()
    assert harbour.open_connections == 3
