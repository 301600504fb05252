"""The same count in a Redis or a Valkey, for several workers and machines, by the clock of that one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pellucid.features.limits.rates import Rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from pellucid.net.redislink import Client

# What is kept is when the bucket is empty, in microseconds; Redis forgets it then. A clock that was set back must not
# keep anybody out for longer than a full bucket leaks.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, fill = tonumber(ARGV[1]), tonumber(ARGV[2])
local empty = tonumber(redis.call('GET', KEYS[1]) or '0')
local debt = math.min(math.max(empty - now, 0), fill)
if debt + interval <= fill then
  local lasts = math.ceil((debt + interval) / 1000)
  redis.call('SET', KEYS[1], string.format('%.0f', now + debt + interval), 'PX', lasts)
end
return debt
"""


def debt_in_redis(rate: Rate, who: str) -> Callable[[str], Callable[[Client], float]]:
    """For a key of these: what asks a Redis for its debt before this request, in seconds, and puts the request down if
    there is room.
    """
    interval = max(1, round(1_000_000 * rate.interval))
    fill = interval * rate.burst
    name = f"pellucid:rate:{rate.count}/{rate.window:.0f}:{rate.burst}:{who}:"

    def asking(key: str) -> Callable[[Client], float]:
        bucket = name + _hashed(key)

        def ask(client: Client) -> float:
            return int(client.eval(TAKE, 1, bucket, str(interval), str(fill))) / 1_000_000

        return ask

    return asking


def _hashed(key: str) -> str:
    # Whoever sees the store need not know who has asked; and a name can hold anything.
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
