"""The settings of limits; what they mean to whom is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting

_WHO = (
    "address (IPv6 by its /64), user (who has no name by address), host, header:NAME (who does not send it by address; "
    "only for fields that a proxy sets, since whoever can choose it has a limit for each value), or all, which is one "
    "for all together"
)


USER = "user"

MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class RateSettings:
    """How often somebody may ask."""

    rate_limit: str = setting(
        "",
        "How often each client may ask, such as 10/s, 100/m, 5000/h or 20/10s. Who asks more often is answered with "
        "429, and told by Retry-After when to come again; every answer says how much is left. Places with the same "
        "limit count together.",
        unit="COUNT/TIME",
    )
    rate_limit_burst: int = setting(
        0, "How many of these requests may come all at once, 0 for as many as the limit names: 100/m lets 100 come."
    )
    rate_limit_key: str = setting("address", f"For whom a limit holds: {_WHO}.", unit="who")
    rate_limit_store: str = setting(
        "memory",
        "Where it is counted: memory (each worker counts for itself), or redis://HOST:PORT/DATABASE for all workers "
        "and machines (also Valkey, and rediss:// by TLS). While that does not answer, each worker counts for itself.",
        unit="store",
    )


@dataclass(frozen=True, slots=True)
class ConcurrencySettings:
    """How often at once somebody may ask."""

    concurrency_limit: int = setting(
        0,
        "How many requests of each client may run at once in a worker, streams and WebSockets included, 0 for no "
        "limit. More than that are answered with 429 (with 503 where the limit is for all together).",
    )
    concurrency_limit_key: str = setting("address", f"For whom that limit holds: {_WHO}.", unit="who")
    concurrency_limit_wait: float = setting(
        1.0,
        "How long a request waits for another one to end before it is answered so, 0 for not at all.",
        unit="seconds",
    )
