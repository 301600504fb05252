"""What one table of a file says: its settings, what it serves, and the tables within it; each mistake is noted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pellucid.config.document import Document
from pellucid.config.finding import refer
from pellucid.config.lines import Path
from pellucid.config.mistakes import NO_SUCH, in_keys, spell_key, spell_text, unknown
from pellucid.config.names import host_name, mount_name
from pellucid.config.values import kind_of, value_of
from pellucid.loading.targets import Folder, Named, parse_target
from pellucid.settings import Reach, Setting, all_settings

SERVE, HOSTS, PATHS, ALIASES = "serve", "hosts", "paths", "aliases"

TOP, HOST, PATH = "the top of the file", "a host", "a path"
"""Where a table can stand."""

_KEYS = {TOP: (SERVE, HOSTS, PATHS), HOST: (SERVE, ALIASES, PATHS), PATH: (SERVE,)}
_REACHES = {TOP: {*Reach}, HOST: {Reach.HOST, Reach.PLACE}, PATH: {Reach.PLACE}}
_MISPLACED = {
    (HOST, HOSTS): "a host cannot stand within a host; write [hosts.…] beside it",
    (PATH, HOSTS): "a host cannot stand within a path; write the path within the host: [hosts.….paths.…]",
    (PATH, PATHS): "a path cannot stand within a path; write the whole of it beside this one",
    (TOP, ALIASES): "other names are those of a host; write it in its table",
    (PATH, ALIASES): "other names are those of a host; write it in its table",
}


@dataclass(slots=True)
class Layer:
    """The settings that a table chooses, where each was chosen, and what the table serves."""

    chosen: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    serves: Folder | Named | None = None
    origin: str = ""
    where: str = ""


@dataclass(slots=True)
class HostLayers:
    """The layer of a host, those of its paths by their mounts, and its other names."""

    layer: Layer
    paths: dict[str, Layer]
    aliases: tuple[str, ...] = ()


class Reader:
    """Reads the tables of a document, with targets looked for from its folder on, and notes what is wrong."""

    __slots__ = ("_app_dir", "_document", "_folder", "_settings", "mistakes")

    def __init__(self, document: Document, folder: str) -> None:
        self._document = document
        self._folder = folder
        self._settings = {each.key: each for each in all_settings()}
        self._app_dir = folder
        self.mistakes: list[str] = []

    def top(self, app_dir: str | None) -> HostLayers:
        """What the file says for all hosts; modules are looked for in `app_dir` where the file does not say where."""
        said = self._document.table.get("app-dir")
        if app_dir is not None or isinstance(said, str):
            self._app_dir = app_dir if app_dir is not None else refer(str(said), self._folder)
        layer = self._layer(self._document.table, (), TOP)
        return HostLayers(layer, self._paths(self._document.table, ()))

    def hosts(self) -> dict[str, HostLayers]:
        """The hosts by their names, in the order of the file."""
        found: dict[str, HostLayers] = {}
        seen: dict[str, Path] = {}
        for text, table, path in self._tables(self._document.table, (), HOSTS):
            name = self._named(host_name, text, path)
            layers = HostLayers(self._layer(table, path, HOST), self._paths(table, path))
            layers.aliases = self._aliases(table, path)
            for each in (name, *layers.aliases):
                if each and each in seen:
                    self._note(path, f"{each!r} has a table already, {self._where(seen[each])}; keep one of the two")
                elif each:
                    seen[each] = path
            if name:
                found.setdefault(name, layers)
        return found

    def _paths(self, table: dict[str, Any], path: Path) -> dict[str, Layer]:
        found: dict[str, Layer] = {}
        seen: dict[str, Path] = {}
        for text, inner, at in self._tables(table, path, PATHS):
            mount = self._named(mount_name, text, at)
            layer = self._layer(inner, at, PATH)
            if mount in seen:
                other = f"{spell_key(seen[mount])} ({self._where(seen[mount])})"
                self._note(at, f"it wants the same path as {other}; give each a path of its own")
            elif mount is not None:
                found[mount], seen[mount] = layer, at
        return found

    def _layer(self, table: dict[str, Any], path: Path, kind: str) -> Layer:
        layer = Layer(where=self._document.where(path))
        for key, value in table.items():
            here = (*path, key)
            if key == SERVE:
                self._serve(layer, value, here)
            elif key not in _KEYS[kind]:
                self._setting(layer, key, value, here, kind)
        return layer

    def _setting(self, layer: Layer, key: str, value: Any, path: Path, kind: str) -> None:
        setting = self._settings.get(key)
        if setting is None:
            self._note(path, _MISPLACED.get((kind, key)) or self._unknown(key, value, path, kind))
        elif setting.reach not in _REACHES[kind]:
            self._note(path, _out_of_place(setting))
        else:
            try:
                chosen = value_of(setting, value, self._folder)
                setting.part(**{setting.name: chosen})  # some parts judge their values themselves
                layer.chosen[setting.name] = chosen
                layer.origins[setting.name] = self._document.where(path)
            except ValueError as error:
                self._note(path, in_keys(str(error), self._settings))

    def _serve(self, layer: Layer, value: Any, path: Path) -> None:
        if not isinstance(value, str) or not value:
            what = "nothing" if value == "" else kind_of(value)
            self._note(path, f"expected a folder or MODULE:APP in quotes, and this is {what}")
            return
        layer.origin = self._document.where(path)
        at = refer(value, self._folder)
        mount, equals, rest = value.partition("=")
        if equals and value.startswith("/") and not os.path.isdir(at):
            self._note(
                path, f"a path has a table of its own: [paths.{spell_text(mount)}] with serve = {spell_text(rest)}"
            )
            return
        try:
            layer.serves = parse_target(at if os.path.isdir(at) or ":" not in value else value, self._app_dir).serves
        except ValueError as error:
            layer.serves = Folder(at)  # so that it is complained of once, and not as nothing
            self._note(path, in_keys(str(error), self._settings))

    def _aliases(self, table: dict[str, Any], path: Path) -> tuple[str, ...]:
        value = table.get(ALIASES, [])
        here = (*path, ALIASES)
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) for each in texts):
            self._note(here, f"expected names in a list, and this is {kind_of(value)}")
            return ()
        names = [self._named(host_name, each, here) for each in texts]
        return tuple(each for each in names if each)

    def _tables(self, table: dict[str, Any], path: Path, key: str) -> Iterator[tuple[str, dict[str, Any], Path]]:
        inner = table.get(key, {})
        if not isinstance(inner, dict):
            self._note((*path, key), f"expected tables such as {_example(key)}, and this is {kind_of(inner)}")
            return
        for name, value in inner.items():
            if isinstance(value, dict):
                yield name, value, (*path, key, name)
            elif name in self._settings or name in (SERVE, ALIASES):
                self._note((*path, key, name), f"this wants a name before it; write {_example(key)} above it")
            else:
                self._note((*path, key, name), f"expected a table, and this is {kind_of(value)}")

    def _named(self, read: Callable[[str], str], text: str, path: Path) -> str | None:
        try:
            return read(text)
        except ValueError as error:
            self._note(path, str(error))
            return None

    def _unknown(self, key: str, value: Any, path: Path, kind: str) -> str:
        if kind == HOST and isinstance(value, dict):
            return f'a name with dots wants quotes: [hosts."{".".join(_dotted(path[1:], value, self._settings))}"]'
        known = (*_KEYS[kind], *(each.key for each in self._settings.values() if each.reach in _REACHES[kind]))
        text = unknown(key, known)
        if text == NO_SUCH:
            # A key of the whole server may have been meant; where that stands is told once it is spelled right.
            text = unknown(key, self._settings)
        if text == NO_SUCH and isinstance(value, dict):
            return f"there is no such table; there are {_example(HOSTS)} and {_example(PATHS)}"
        return text

    def _note(self, path: Path, text: str) -> None:
        self.mistakes.append(f"{self._document.where(path)}: {spell_key(path)}: {text}")

    def _where(self, path: Path) -> str:
        return f"in line {self._document.where(path).rpartition(':')[2]}"


def _out_of_place(setting: Setting) -> str:
    if setting.reach is Reach.SERVER:
        return f"this is of the whole server; write {setting.key} at the top of the file, before the first [table]"
    return f"this is of a host; write {setting.key} in its table, or at the top of the file for all hosts"


def _dotted(words: Path, table: dict[str, Any], settings: Iterable[str]) -> list[str]:
    # [hosts.shop.example.com] is a table com in a table example in a table shop.
    names = [str(each) for each in words]
    while len(table) == 1:
        ((key, inner),) = table.items()
        if not isinstance(inner, dict) or key in (PATHS, HOSTS) or key in settings:
            break
        table, names = inner, [*names, key]
    return names


def _example(key: str) -> str:
    return '[hosts."example.com"]' if key == HOSTS else '[paths."/files"]'
