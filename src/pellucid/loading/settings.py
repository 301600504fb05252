"""What can be chosen about loading an application; it knows the words, not what is made of them."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting

INTERFACES = ("auto", "asgi", "wsgi", "exchange")
LOOPS = ("auto", "asyncio", "uvloop")


@dataclass(frozen=True, slots=True)
class LoadingSettings:
    """How an application is found, and what it is taken for."""

    app_dir: str = setting(".", "The folder in which modules are looked for first.", unit="folder")
    interface: str = setting(
        "auto",
        "What a module's application speaks: asgi, wsgi, exchange (an app of this server's own), or auto to tell it by "
        "looking at the application.",
    )
    root_path: str = setting(
        "",
        "The path under which a proxy in front shows all of this, such as /shop, whether or not it takes that away. "
        "Applications need it for their links: it is ASGI's root_path and WSGI's SCRIPT_NAME.",
    )
    loop: str = setting(
        "auto",
        "The event loop that ASGI applications run in: asyncio, uvloop, or auto for uvloop where it is installed.",
    )


def check(settings: LoadingSettings) -> None:
    """ValueError where a word is none of those that there are."""
    for option, word, words in (("interface", settings.interface, INTERFACES), ("loop", settings.loop, LOOPS)):
        if word not in words:
            raise ValueError(f"{option}: {word!r} is none of {', '.join(words)}")
    if settings.root_path and not settings.root_path.startswith("/"):
        raise ValueError(f"--root-path: a path begins with a slash: write /{settings.root_path}")
