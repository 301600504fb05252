"""How often somebody may guess: a pure count of guesses by address and by account; it knows no password.

Each address, and each account, has a stock of tries, which fills up again within `pause`. A guess takes one of both
when it begins, so that many at once are not for free, and a right one gives them back. One address may use up its own
stock only. The stock of an account is ten times as large, for all addresses that are strangers to it: whoever guesses
from many addresses slows down the log-in of strangers, and never that of an address from which the account was used of
late.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

from pellucid.net.address import network_of

TIMES = 10
"""How many times the tries of an address an account has."""

KEPT = 16384
"""How many addresses, accounts, and pairs of both are remembered; those first forgotten that were used longest ago."""

KNOWN = 30 * 86400.0
"""How long an address stays known to an account, in seconds."""


@dataclass(slots=True)
class _Stock:
    used: float
    at: float


class Attempts:
    """The guesses of a process. `tries` is for an address, and comes back within `pause` seconds; with none of either
    nothing is counted.
    """

    __slots__ = ("_accounts", "_addresses", "_known", "_pause", "_tries")

    def __init__(self, tries: int, pause: float) -> None:
        self._tries = tries if pause else 0
        self._pause = pause
        self._addresses: OrderedDict[str, _Stock] = OrderedDict()
        self._accounts: OrderedDict[str, _Stock] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], float] = OrderedDict()

    def begin(self, address: str, account: str, now: float) -> int:
        """Take a try, or tell in how many whole seconds there will be one; 0 where there was one.

        An empty address, as over a Unix socket, is nobody's in particular and is not counted.
        """
        if not self._tries:
            return 0
        address = _client(address)
        most = self._tries * TIMES
        stranger = self._stranger(address, account, now)
        waits = [0.0]
        if address:
            waits.append(self._wait(self._addresses, address, self._tries, now))
        if stranger:
            waits.append(self._wait(self._accounts, account, most, now))
        if max(waits) > 0:
            return ceil(max(waits))
        if address:
            self._take(self._addresses, address, self._tries, now)
        if stranger:
            self._take(self._accounts, account, most, now)
        return 0

    def passed(self, address: str, account: str, now: float) -> None:
        """It was right: give back what it took, and know the address from now on."""
        self.undone(address, account, now)
        self.known(address, account, now)

    def known(self, address: str, account: str, now: float) -> None:
        """Know the address from now on; for what was right and has taken nothing."""
        address = _client(address)
        if self._tries and address:
            self._known[account, address] = now
            self._known.move_to_end((account, address))
            if len(self._known) > KEPT:
                self._known.popitem(last=False)

    def undone(self, address: str, account: str, now: float) -> None:
        """It was not looked at after all: give back what it took."""
        if self._tries:
            address = _client(address)
            self._give(self._addresses, address)
            if self._stranger(address, account, now):
                self._give(self._accounts, account)

    def _stranger(self, address: str, account: str, now: float) -> bool:
        return self._known.get((account, address), -KNOWN) <= now - KNOWN

    def _wait(self, stocks: OrderedDict[str, _Stock], key: str, most: int, now: float) -> float:
        stock = stocks.get(key)
        if stock is None:
            return 0.0
        rate = most / self._pause
        left = max(0.0, stock.used - (now - stock.at) * rate)
        return (left + 1 - most) / rate if left + 1 > most + 1e-9 else 0.0

    def _take(self, stocks: OrderedDict[str, _Stock], key: str, most: int, now: float) -> None:
        stock = stocks.setdefault(key, _Stock(0.0, now))
        stocks.move_to_end(key)
        stock.used = max(0.0, stock.used - (now - stock.at) * most / self._pause) + 1
        stock.at = now
        if len(stocks) > KEPT:
            stocks.popitem(last=False)

    def _give(self, stocks: OrderedDict[str, _Stock], key: str) -> None:
        stock = stocks.get(key)
        if stock is not None:
            stock.used = max(0.0, stock.used - 1)


def _client(address: str) -> str:
    return network_of(address) if ":" in address else address
