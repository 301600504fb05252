"""The settings of forward-auth; what they mean to whom is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """Which service decides, and what of its answer the app is told."""

    forward_auth: str = setting(
        "",
        "With `auth = forward`: the URL of the service that is asked about each request, such as "
        "http://127.0.0.1:9091/api/verify, as Traefik's ForwardAuth and auth_request of nginx do. 2xx lets the request "
        "pass; 401, 403 and 3xx go to the client; all else, or no answer, is a 503.",
        unit="URL",
    )
    forward_auth_headers: tuple[str, ...] = setting(
        (),
        "Which fields of its answer the app gets. Those that a client sends under these names never reach it.",
        unit="field",
    )
    forward_auth_user: str = setting(
        "Remote-User", "The field of its answer that names the user; the app gets it too.", unit="field"
    )
    forward_auth_groups: str = setting(
        "Remote-Groups", "The one that lists its groups, with commas in between; likewise.", unit="field"
    )
    forward_auth_time: float = setting(5.0, "How long it may take to answer.", unit="seconds")
