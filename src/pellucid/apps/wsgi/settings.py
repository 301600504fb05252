"""What can be chosen about running a WSGI application; it knows the words, not what is made of them."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class WsgiSettings:
    """How a WSGI application is run."""

    threads: int = setting(
        16,
        "The most threads that run a WSGI application; each is started when it is needed. 0 runs it in the loop "
        "itself: the fastest way for one that never waits, while one that does holds up everybody.",
    )
    request_queue: int = setting(
        1024, "The most requests that wait for a thread; one more is answered with 503. 0 stands for no limit."
    )
    body_memory: int = setting(
        65536,
        "How much of a request's body is held in memory until a WSGI application gets it; a longer one is put into an "
        "unnamed temporary file.",
        unit="bytes",
    )
