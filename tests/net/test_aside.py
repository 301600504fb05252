"""What would hold up the loop is done aside of it, and its result comes back."""

import queue
import threading
from collections.abc import Callable

from pellucid.net.aside import Aside
from pellucid.net.memory import HandClock, MemoryPoller
from pellucid.net.reactor import Reactor

PATIENCE = 10.0


class Loop:
    """A loop that takes what threads post to it when it is asked to."""

    def __init__(self, most: int = 1, waiting: int = 1) -> None:
        self.reactor = Reactor(MemoryPoller(), HandClock())
        self.posts: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.reactor.post = self.posts.put  # type: ignore[method-assign,assignment]  # a loop that waits for threads
        self.aside = Aside(self.reactor, most, waiting)
        self.told: list[object] = []

    def call(self, work: Callable[[], object], wanted: Callable[[], bool] = lambda: True) -> bool:
        """Call aside, and have what comes of it told."""
        taken = self.aside.call(work, self.told.append, self.told.append, wanted)
        self.reactor.step(0)
        return taken

    def hear(self, count: int = 1) -> list[object]:
        """Wait until so much has been told."""
        while len(self.told) < count:
            self.posts.get(timeout=PATIENCE)()
        return self.told


def test_a_result_comes_back_to_the_loop() -> None:
    loop = Loop()
    assert loop.call(lambda: threading.current_thread() is threading.main_thread())
    assert loop.told == []
    assert loop.hear() == [False]


def test_what_is_raised_comes_back_too() -> None:
    loop = Loop()
    loop.call(lambda: int("x"))
    assert isinstance(loop.hear()[0], ValueError)


def test_no_more_waits_than_may() -> None:
    loop, may_end, begun = Loop(), threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        return may_end.wait(PATIENCE)

    assert loop.call(wait)
    assert begun.wait(PATIENCE)
    assert loop.call(lambda: "second")
    assert not loop.call(lambda: "third")
    may_end.set()
    assert loop.hear(2) == [True, "second"]


def test_what_nobody_wants_any_more_is_not_begun() -> None:
    loop = Loop(waiting=2)
    loop.call(lambda: "unwanted", wanted=lambda: False)
    loop.call(lambda: "wanted")
    assert loop.hear() == ["wanted"]


def test_it_ends_once_its_threads_have_left() -> None:
    loop = Loop()
    ended: list[bool] = []
    loop.call(lambda: "done")
    loop.hear()
    loop.aside.end(lambda: ended.append(True), 1.0)
    while not ended:
        loop.posts.get(timeout=PATIENCE)()


def test_one_that_was_never_asked_ends_at_once() -> None:
    loop = Loop()
    said: list[str] = []
    loop.aside.begin(said.append)
    loop.aside.end(lambda: said.append("ended"), 1.0)
    assert said == ["", "ended"]
