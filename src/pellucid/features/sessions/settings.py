"""The settings of sessions; what they mean to whom is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What is kept for each client from request to request, where, and for how long."""

    session: str = setting(
        "",
        "Keep a session for each client, and where: sqlite:FILE (right across workers, and over restarts), redis://"
        "HOST:PORT/DATABASE (for several machines; also Valkey, and rediss:// by TLS), memory (of one worker, and gone "
        "with it), or cookie (signed, in the client's hands). ASGI apps find it in scope[\"session\"], as Starlette's "
        'request.session; WSGI apps in environ["pellucid.session"].',
        unit="store",
    )
    session_key: tuple[str, ...] = setting(
        (),
        "A secret that signs the cookies of sessions, of 32 characters or more. The first one signs; the others are "
        "still believed, so that a new one can be put in front of the old.",
        unit="secret",
        secret=True,
    )
    session_key_file: str = setting(
        "",
        "A file with such secrets, one in a line. Without any, sqlite keeps one of its own in its file, and memory "
        "makes a new one at each start.",
        unit="file",
    )
    session_idle: float = setting(
        86400.0, "How long a session is kept after it was last used, 0 for as long as it may last.", unit="seconds"
    )
    session_age: float = setting(
        1209600.0,
        "How long a session may last, since it began or its id was renewed, 0 for as long as browsers keep a cookie.",
        unit="seconds",
    )
    session_cookie: str = setting(
        "sid",
        "The name of the cookie. Over https it has __Host- in front, so that no other site beneath its domain can set "
        "it.",
        unit="name",
    )
    session_same_site: str = setting(
        "lax",
        "When the cookie is sent with requests that other sites have brought about: lax (where one follows a link), "
        "strict (never), or none (always; by https only).",
        unit="rule",
    )
    session_exclusive: bool = setting(
        False,
        "Let the requests of one session wait for each other until the head of the answer goes out, so that even what "
        "two of them count up together is counted right. Without it the later of two writes to one key wins; writes to "
        "different keys are all kept.",
    )
