"""A file as tables of values with the lines they stand on; of their meaning it knows nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pellucid.config.finding import PROJECT, TABLE, read_text
from pellucid.config.lines import Path, lines_of
from pellucid.config.mistakes import MASK, masked, spell_text

_NO_QUOTE = ("Illegal character '\\n'", "Expected \"'", "Unterminated string")
_SECRET = re.compile(r"(?:key|password|secret|token)s?[\"']?$")
_CLOSING = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Document:
    """The top table of a file, and where its keys stand."""

    file: str
    table: dict[str, Any]
    lines: dict[Path, int]

    def where(self, path: Path) -> str:
        """The file and line of a key, or of the nearest thing around it, such as pellucid.toml:3."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines[path]}" if path else self.file


def read_document(file: str) -> Document:
    """What a file says; of a project's file, its [tool.pellucid]. ValueError says in one line, with its number, what is
    not TOML, and how to mend what people often write.
    """
    import tomllib  # only who has a file pays for its parser

    text = read_text(file)
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(explain(file, text, str(error))) from None
    except RecursionError:
        raise ValueError(f"{file}: lists or tables are nested too deeply") from None
    lines = lines_of(text)
    if file.rpartition("/")[2] != PROJECT:
        return Document(file, table, lines)
    for key in TABLE:
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise ValueError(f"{file}: tool.pellucid: this is to be a table")
    depth = len(TABLE)
    return Document(file, table, {path[depth:]: line for path, line in lines.items() if path[:depth] == TABLE})


def explain(file: str, text: str, message: str) -> str:
    """What to say of a text that is not TOML, from what the parser said of it."""
    match = re.fullmatch(
        r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", message
    )
    if match is None:
        return f"{file}: this is not TOML: {message}"
    source = text.split("\n")
    number = int(match["line"]) if match["line"] else len(text.rstrip().split("\n"))
    if match["what"] in ("Unclosed array", "Unclosed inline table"):
        opened = (at for at, line in enumerate(source[:number], 1) if re.search(r"=\s*[\[{]", line))
        number = max(opened, default=number)
    if match["what"].startswith(_NO_QUOTE):
        begun = (at for at, line in enumerate(source[:number], 1) if line.count("'") % 2)
        return f"{file}:{number if match['line'] else next(begun, number)}: the text has no quote at its end"
    return f"{file}:{number}: {_advice(match['what'], source[number - 1].strip())}"


def _advice(what: str, line: str) -> str:
    pair = re.fullmatch(r"(?P<key>[^=\s\[{]+)\s*=\s*(?P<value>[^#]*?)\s*(?:#.*)?", line)
    if what.startswith("Cannot declare"):
        return f"{line.partition('#')[0].strip()} stands here a second time; put its keys under the first one"
    if what.startswith(("Cannot overwrite", "Duplicate", "Cannot mutate")):
        return f"{pair['key'] if pair else line} is given a second time; keep one of the two"
    if line.startswith("["):
        return _header_advice(what, line)
    if pair is None:
        return _pair_advice(what, line)
    if what.startswith("Unescaped"):
        value = MASK if _SECRET.search(pair["key"]) else pair["value"].strip('"')
        return f"a backslash in double quotes begins an escape; write {pair['key']} = '{value}'"
    if pair["value"].startswith(('"', "'")):
        return "the text has no quote at its end" if pair["value"].count(pair["value"][0]) % 2 else _plainly(what)
    return _value_advice(what, pair["key"], pair["value"])


def _header_advice(what: str, line: str) -> str:
    inner = line.partition("#")[0].strip("[] ")
    table, _, name = inner.partition(".")
    if name and name[0] not in "\"'" and re.search(r"[^\w.-]", name):
        return f"a name with other signs than letters, digits and dashes wants quotes: [{table}.{spell_text(name)}]"
    if "]" not in line:
        return f"the head of a table ends with a bracket: [{inner}]"
    return _plainly(what)


def _pair_advice(what: str, line: str) -> str:
    match = re.fullmatch(r"(?P<key>[\w-]+)\s*(?::|\s)\s*(?P<value>[^=#]+?)\s*(?:#.*)?", line)
    if match:
        value = match["value"].strip("\"'")
        return f"an equals sign belongs between a key and its value: {match['key']} = {_as_value(match['key'], value)}"
    return f"a line is KEY = VALUE or [TABLE]: {_plainly(what)}"


def _value_advice(what: str, key: str, value: str) -> str:
    if not value:
        return f'{key} has no value; write {key} = "…"'
    if value.startswith(("[", "{")):
        if what.startswith("Unclosed"):
            return (
                f"the {'list' if value[0] == '[' else 'table'} that begins here has no {_CLOSING[value[0]]} at its end"
            )
        return f"a list is written with commas between its items, and texts in quotes: {_plainly(what)}"
    return f"expected a number, true, false or text in quotes: {key} = {_as_value(key, value)}"


def _as_value(key: str, value: str) -> str:
    if _SECRET.search(key):
        return spell_text(MASK)
    word = value.lower()
    if word in ("true", "yes", "on"):
        return "true"
    if word in ("false", "no", "off"):
        return "false"
    return value if re.fullmatch(r"[1-9][0-9]*|0", value) else spell_text(masked(value))


def _plainly(what: str) -> str:
    return f"{what[:1].lower()}{what[1:]}"
