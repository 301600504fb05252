"""A carrier of exchanges that no connection carries: it takes everything and does nothing."""

from collections.abc import Callable

from pellucid.message import Response
from pellucid.net.reactor import Timer
from pellucid.net.secured import Secured
from pellucid.server.exchange import Exchange


class Nowhere:
    """What an exchange knows of its connection, where there is none."""

    local = "192.0.2.2:80"
    now = 0.0
    late = False
    peer_port = 50000

    def __init__(self, peer: str = "192.0.2.1", secured: Secured | None = None) -> None:
        self.peer = peer
        self.secured = secured

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        return Timer(when, callback)

    def new_id(self) -> str:
        return "one"

    def wake(self, exchange: Exchange) -> None:
        pass

    def wake_soon(self, exchange: Exchange) -> None:
        pass

    def push(self, exchange: Exchange, piece: bytes) -> bool:
        return False

    def note(self, level: str, text: str) -> None:
        pass

    def complain(self, exchange: Exchange, why: str) -> None:
        pass

    def inform(self, exchange: Exchange, response: Response) -> None:
        pass

    def credit(self, exchange: Exchange, count: int) -> None:
        pass

    def abort(self, exchange: Exchange, why: str) -> None:
        pass

    def go_on(self, exchange: Exchange, call: Callable[[], None]) -> None:
        call()
