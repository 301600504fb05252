"""Nonces of Digest: signed, bound in time, each count of each taken once; it knows no user and no clock.

A nonce needs no memory until somebody shows it with a right answer. The key is older than the workers, which inherit
it, so a nonce that one of them has given is good in all. What was counted is not shared: whoever copies a
request can show it once to each other worker as long as its nonce lasts. Therefore a method that changes something is
taken by the worker only that gave the nonce; others call it stale, and the client asks once more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum

LASTS = 300.0
"""For how long a nonce is good, in seconds."""

KEPT = 4096
"""Of how many nonces it is kept which counts were taken; older ones are stale then."""

WINDOW = 128
"""How far a count may be behind the highest one: requests on several connections overtake each other."""

SAFE = frozenset(("GET", "HEAD", "OPTIONS", "QUERY", "TRACE"))
"""Methods that change nothing (RFC 9110 section 9.2.1, RFC 10008)."""


class Shown(Enum):
    """What a nonce is worth."""

    GOOD = "good"
    STALE = "stale"
    FORGED = "forged"
    REPLAYED = "replayed"


class Nonces:
    """The nonces of a realm. `key` and `clock`, in seconds, are the same in all workers."""

    __slots__ = ("_clock", "_counted", "_floor", "_key", "_worker")

    def __init__(self, realm: str, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(key, realm.encode(), "sha256")
        self._clock = clock
        self._counted: OrderedDict[bytes, list[int]] = OrderedDict()
        self._floor = 0
        self._worker = b""

    def new(self) -> bytes:
        """One that was never given before."""
        return self._signed(int(self._clock() * 1000).to_bytes(6, "big") + self._own + secrets.token_bytes(10))

    def look(self, nonce: bytes, method: str) -> Shown:
        """Whether it is one of ours, and not too old; GOOD says nothing of its count."""
        try:
            data = base64.b64decode(nonce, b"-_", validate=True)
        except (binascii.Error, ValueError):
            return Shown.FORGED
        if not hmac.compare_digest(self._signed(data[:20]), nonce):
            return Shown.FORGED
        made = int.from_bytes(data[:6], "big")
        foreign = method not in SAFE and data[6:10] != self._own
        if foreign or made <= self._floor or not 0 <= self._clock() * 1000 - made + 1000 < LASTS * 1000 + 1000:
            return Shown.STALE
        return Shown.GOOD

    def count(self, nonce: bytes, count: int) -> Shown:
        """Take the count of a good nonce, once. To be called when all else is right, so strangers fill no memory."""
        seen = self._counted.get(nonce)
        if seen is None:
            seen = self._counted[nonce] = [0, 0]
            if len(self._counted) > KEPT:
                # Those as old as the one that is forgotten are stale from now on, or it could be counted anew.
                self._floor = max(self._floor, _made(self._counted.popitem(last=False)[0]))
        highest, below = seen
        if count > highest:
            # The lowest bit is the highest count.
            seen[0], seen[1] = count, ((below << min(count - highest, WINDOW)) | 1) & ((1 << WINDOW) - 1)
            return Shown.GOOD
        bit = 1 << (highest - count) if highest - count < WINDOW else 0
        if not bit or below & bit:
            return Shown.REPLAYED
        seen[1] |= bit
        return Shown.GOOD

    @property
    def _own(self) -> bytes:
        # Not made before the fork: it is what tells workers apart.
        if not self._worker:
            self._worker = hashlib.blake2b(
                os.getpid().to_bytes(8, "big") + secrets.token_bytes(8), digest_size=4
            ).digest()
        return self._worker

    def _signed(self, data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data + hmac.digest(self._key, data, "sha256")[:16])


def _made(nonce: bytes) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(nonce)[:6], "big")
