"""What is to be served, and where: targets from the text of a person; it reads no settings and imports nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pellucid.loading.mistakes import explain


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of files, by its path."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class Named:
    """An attribute of a module, perhaps of an attribute of it, and whether it is called to make the application."""

    module: str
    attribute: str
    call: bool = False

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}{'()' if self.call else ''}"


@dataclass(frozen=True, slots=True)
class Target:
    """Something to serve, and its mount: a path without a slash at its end, percent-encoded, empty for all paths."""

    mount: str
    serves: Folder | Named


def parse_targets(texts: Sequence[str], app_dir: str = ".") -> tuple[Target, ...]:
    """The targets that these texts name; ValueError says in one line what is wrong and what to do."""
    targets = tuple(parse_target(text, app_dir) for text in texts)
    seen: dict[str, str] = {}
    for target, text in zip(targets, texts, strict=True):
        where = target.mount or "/"
        if where in seen:
            raise ValueError(
                f"{seen[where]!r} and {text!r} both want {where}: give each a path of its own, "
                "as in `pellucid serve /=main:app /static=public`"
            )
        seen[where] = text
    return targets


def parse_target(text: str, app_dir: str = ".") -> Target:
    """One target: FOLDER, MODULE:ATTRIBUTE or MODULE:FACTORY(), after MOUNT= where it has one. ValueError as above."""
    mount, before, serves = "", "", text
    if text.startswith("/") and "=" in text and not os.path.isdir(text):
        path, _, serves = text.partition("=")
        mount, before = parse_mount(path), f"{path}="
        if not serves:
            raise ValueError(f"{text!r} mounts nothing: name a folder or MODULE:APP after the equals sign")
    if os.path.isdir(serves):
        _check_readable(serves)
        return Target(mount, Folder(serves))
    match = re.fullmatch(r"(?P<module>[^:()/\\]+):(?P<attribute>[^:()/\\]+)(?P<call>\(\))?", serves)
    if match and _dotted(match["module"]) and _dotted(match["attribute"]) and not _is_file(match["module"], app_dir):
        return Target(mount, Named(match["module"], match["attribute"], bool(match["call"])))
    raise ValueError(explain(serves, app_dir, before))


def parse_mount(path: str) -> str:
    """A mount as it stands in a Target, from a path such as "/", "/static" or "/static/"."""
    segments = path.strip("/").split("/") if path.strip("/") else []
    if re.search(r"[?#\\\0%]", path) or "" in segments or {".", ".."} & {*segments} or path.startswith("//"):
        raise ValueError(f"{path!r} cannot be a mount: write a plain path, such as /static")
    return "".join("/" + quote(segment, safe="!$&'()*+,;:@") for segment in segments)


def _dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _is_file(module: str, app_dir: str) -> bool:
    # `main.py:app` would be read as the module `py` in the package `main`.
    return module.endswith(".py") and os.path.isfile(os.path.join(app_dir, module))


def _check_readable(folder: str) -> None:
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ValueError(f"the folder {folder!r} may not be read: its permissions forbid it")
