"""A value of TOML as a value of a setting, and the other way round; it knows of no table and no line."""

from __future__ import annotations

import os
from typing import Any

from pellucid.config.finding import refer
from pellucid.config.mistakes import MASK, masked, spell_text
from pellucid.settings import Setting, spell_size

NUMBERS_TOO = {"address", "group", "number", "user"}
"""The units of texts that may be a number as well: a port, an id, a count."""

QUOTES = "'"
"""What stands around a unit that shells would take apart."""

WITHIN = {"spa"}
"""What is named from the root of a folder that is served, and not from that of the file."""


def value_of(setting: Setting, value: Any, folder: str) -> Any:
    """What a setting gets for a value that stands in a file of this folder. ValueError says what was expected."""
    if isinstance(setting.default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"expected true or false, without quotes, and this is {kind_of(value)}")
        return value
    if isinstance(setting.default, int | float):
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"expected {_number(setting)}, and this is {kind_of(value)}")
        return setting.read(str(value))
    if not isinstance(setting.default, tuple):
        return _joined(setting, _text(setting, value), folder)
    items = value if isinstance(value, list) else [value]
    return tuple(_joined(setting, _text(setting, item), folder) for item in items)


def spell_value(setting: Setting, value: Any) -> str:
    """A value of a setting as TOML writes it; secrets, and passwords within addresses, are masked."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(spell_value(setting, item) for item in value)}]"
    if isinstance(value, int | float):
        return spell_text(spell_size(value)) if setting.manual.unit == "bytes" and value >= 1 << 10 else f"{value:.15g}"
    return spell_text(MASK if setting.manual.secret and value else masked(value))


def kind_of(value: Any) -> str:
    """What a value of TOML is, in a person's words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {spell_text(masked(value))}"
    return "a list" if isinstance(value, list) else "a table" if isinstance(value, dict) else "a date or a time"


def _text(setting: Setting, value: Any) -> str:
    if isinstance(value, str):
        return str(setting.read(value))
    if isinstance(value, int) and not isinstance(value, bool) and setting.manual.unit in NUMBERS_TOO:
        return str(value)
    unit = setting.manual.unit.upper() if setting.manual.unit not in ("", "text") else "TEXT"
    if isinstance(value, int | float) and not isinstance(value, bool) and unit == "TEXT":
        raise ValueError(f'expected text in quotes: {setting.key} = "{MASK if setting.manual.secret else value}"')
    several = ", or a list of such" if isinstance(setting.default, tuple) else ""
    expected = f'text in quotes, {setting.key} = "{unit.strip(QUOTES)}"{several}'
    found = "no text" if setting.manual.secret else kind_of(value)
    raise ValueError(f"expected {expected}, and this is {found}")


def _number(setting: Setting) -> str:
    unit = setting.manual.unit
    if unit == "seconds":
        return 'a time such as 10 or "500ms"'
    return 'a size such as 4096 or "64K"' if unit.startswith("bytes") else "a whole number"


def _joined(setting: Setting, text: str, folder: str) -> str:
    unit = setting.manual.unit
    if not text or setting.name in WITHIN:
        return text
    if unit in ("file", "folder"):
        return refer(text, folder)
    if unit == "files":
        return ",".join(_file(each.strip(), folder) for each in text.split(","))
    scheme, separator, path = text.partition(":")
    if separator and scheme in ("sqlite", "unix") and path and not path.startswith("//"):
        return f"{scheme}:{refer(path, folder)}"
    return text


def _file(text: str, folder: str) -> str:
    # A word such as dev, or dev:shop.localhost, is no file.
    return text if text.partition(":")[0] == "dev" and not os.path.exists(text) else refer(text, folder)
