"""The look of a folder as HTML, JSON or text; it renders what it is told and knows no file system and no request."""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from html import escape
from typing import NamedTuple
from urllib.parse import quote_from_bytes

from pellucid.apps.static.policy import only_style


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a folder: its exact name, "folder" or "file", bytes if it is a file, seconds since the epoch."""

    name: bytes
    kind: str
    size: int | None
    modified: int


class Below(NamedTuple):
    """What stands below the items, as HTML, and its style."""

    html: str = ""
    style: str = ""


NOTHING = Below()


class Extent(Enum):
    """How much of a folder its items are, and the sentence that says so."""

    WHOLE = ""
    FIRST = "This folder holds more: only the first {} by name are shown."
    SOME = "This folder holds too many names to read them all: these {} are some of them."


STYLE: str = (pkgutil.get_data("pellucid.apps.static", "listing.css") or b"").decode()
"""What the page wears."""

CONTENT_SECURITY_POLICY: bytes = only_style(STYLE)
"""What the page may do."""


def parse_sort(query: bytes) -> tuple[str, bool]:
    """The column to sort by and whether it descends, from a query such as b"sort=size&order=desc".

    A query that names no column of ours gives ("name", False).
    """
    wishes = dict(part.partition(b"=")[::2] for part in query.split(b"&"))
    column = wishes.get(b"sort", b"").decode("latin-1")
    return (column, wishes.get(b"order") == b"desc") if column in _COLUMNS else ("name", False)


def sort_items(items: Sequence[Item], sort: str, descending: bool) -> list[Item]:
    """The items by "name", "size" or "modified"; folders always come first, and equals stand in the order of names.

    Names are compared as by `natural_order`.
    """
    keys = natural_order([item.name for item in items])
    named = sorted(zip(keys, items, strict=True), key=_by_key_and_name, reverse=descending and sort == "name")
    ordered = [item for _, item in named]
    if sort != "name":
        ordered.sort(key=_COLUMNS[sort].key, reverse=descending)
    ordered.sort(key=_is_file)
    return ordered


def natural_order(names: Sequence[bytes]) -> list[str]:
    """For each name the key that puts it where people look for it: without case, and file2 before file10.

    All are made at once, joined by what no name can hold: a large folder is put in order while all others wait.
    """
    if not names:
        return []
    folded = b"/".join(names).decode("utf-8", "replace").casefold()
    return _NUMBERS.sub(_number_key, folded).split("/")


def render_html(
    path: bytes,
    items: Sequence[Item],
    sort: str,
    descending: bool,
    extent: Extent = Extent.WHOLE,
    mount: bytes = b"",
    below: Below = NOTHING,
) -> bytes:
    """The page of a folder. The path is decoded and ends with a slash; the items may come in any order.

    All links are relative, so the page works wherever the folder is mounted, and none leads out of the mount.
    """
    wish = "" if (sort, descending) == ("name", False) else f"?sort={sort}&amp;order={_ORDER[descending]}"
    names = [segment for segment in path.split(b"/") if segment]
    home = _shown(mount.rpartition(b"/")[2]) or _ROOT
    rows = [_row(item, wish) for item in sort_items(items, sort, descending)]
    if names:
        rows.insert(0, _PARENT_ROW.format(wish=wish))
    page = _PAGE.format(
        title=_shown(mount + path),
        style=STYLE + below.style,
        sprite=_SPRITE,
        crumbs=_crumbs(names, wish, home),
        heading=_shown(names[-1]) if names else home,
        heads="".join(_head(name, sort, descending) for name in _COLUMNS),
        rows="\n".join(rows),
        empty="" if items or extent is not Extent.WHOLE else _EMPTY,
        below=below.html,
        summary=_summary(items),
        note="" if extent is Extent.WHOLE else f'<p class="note">{_note(items, extent)}</p>\n',
    )
    return page.encode()


def render_json(path: bytes, items: Sequence[Item], extent: Extent = Extent.WHOLE) -> bytes:
    """The same for programs: an object with the path, `truncated`, and the items by name, one on each line.

    `name` is for people (bytes that are not UTF-8 are replaced), `href` leads to the exact file; a folder's size is
    null, times are ISO 8601 in UTC.
    """
    lines = [
        json.dumps(
            {
                "name": item.name.decode("utf-8", "replace"),
                "kind": item.kind,
                "size": item.size,
                "modified": _moment(item.modified) + "Z",
                "href": _href(item),
            }
        )
        for item in sort_items(items, "name", False)
    ]
    body = ",\n".join(lines)
    head = json.dumps({"path": path.decode("utf-8", "replace"), "truncated": extent is not Extent.WHOLE})[:-1]
    return f'{head}, "items": [\n{body}\n]}}\n'.encode()


def render_text(path: bytes, items: Sequence[Item], extent: Extent = Extent.WHOLE) -> bytes:
    """The same for a terminal: date, size and name in columns; nothing in a name can steer the terminal."""
    whole = extent is Extent.WHOLE
    lines = [_printable(path), *([] if whole else [_note(items, extent)]), ""]
    for item in sort_items(items, "name", False):
        date = _moment(item.modified).replace("T", " ")[:-3]
        size = "" if item.size is None else _human(item.size)
        lines.append(f"{date}  {size:>11}  {_printable(item.name)}{_slash(item)}")
    if items:
        lines += ["", ", ".join([*_counts(items), _human(_total(items))])]
    elif whole:
        lines.append("Nothing here yet.")
    lines.append("")
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ").encode()


# How names become text. Whatever is not printable could move a cursor or turn the direction of the line, so it is
# shown as a picture or a replacement; joiners and direction marks stay, since scripts and emoji are spelled with them.
_STEERING = [*range(0x80, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
_PICTURES = {
    **{code: 0x2400 + code for code in range(0x20)},
    0x7F: 0x2421,
    **dict.fromkeys(_STEERING, 0xFFFD),
}


def _printable(name: bytes) -> str:
    text = name.decode("utf-8", "replace")
    return text if text.isprintable() else text.translate(_PICTURES)


def _shown(name: bytes) -> str:
    return escape(_printable(name))


def _href(item: Item) -> str:
    # The leading dot keeps a name with a colon from being read as a scheme (RFC 3986 section 4.2).
    return f"./{quote_from_bytes(item.name, safe='')}{_slash(item)}"


def _slash(item: Item) -> str:
    return "/" if item.kind == "folder" else ""


# How items are ordered.
_NUMBERS = re.compile(r"[0-9]+")


def _number_key(match: re.Match[str]) -> str:
    # Before any letter; and of two numbers the longer one, zeros aside, is the larger.
    digits = match[0].lstrip("0")
    return f"\x01{chr(len(digits))}{digits}"


def _by_key_and_name(pair: tuple[str, Item]) -> tuple[str, bytes]:
    return pair[0], pair[1].name


def _is_file(item: Item) -> bool:
    return item.kind != "folder"


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    key: Callable[[Item], int]
    descends_first: bool = True


_COLUMNS = {
    "name": _Column("Name", lambda item: 0, descends_first=False),
    "size": _Column("Size", lambda item: item.size or 0),
    "modified": _Column("Modified<small> (UTC)</small>", lambda item: item.modified),
}
_ORDER = {False: "asc", True: "desc"}


# How figures are said.
def _human(size: int) -> str:
    if size < 1000:
        return f"{size}\N{NO-BREAK SPACE}{'byte' if size == 1 else 'bytes'}"
    power = 1
    while power < 5 and size / 1000**power >= 999.95:
        power += 1
    return f"{size / 1000**power:.1f}\N{NO-BREAK SPACE}{' kMGTP'[power]}B"


def _exact(size: int) -> str:
    return f"{size:,} {'byte' if size == 1 else 'bytes'}"


def _moment(modified: int) -> str:
    # Damaged file systems tell times beyond the calendar: they are shown as its first or last second.
    second = min(max(modified, -62_135_596_800), 253_402_300_799)
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _counts(items: Sequence[Item]) -> list[str]:
    count = sum(map(_is_file, items))
    folders = len(items) - count
    return [_counted(folders, "folder")] * bool(folders) + [_counted(count, "file")] * bool(count)


def _total(items: Sequence[Item]) -> int:
    return sum(item.size or 0 for item in items)


def _note(items: Sequence[Item], extent: Extent) -> str:
    return extent.value.format(f"{len(items):,}")


def _summary(items: Sequence[Item]) -> str:
    counts = _counts(items)
    if not counts:
        return "0 items"
    total = _total(items)
    return ", ".join([*counts, f'<data value="{total}" title="{_exact(total)}">{_human(total)}</data>'])


# How the page is built.
_ROOT = "Home"

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{sprite}
<header>
{crumbs}<h1><bdi>{heading}</bdi></h1>
{note}</header>
<main>
<table>
<caption>Contents of {title}, folders first</caption>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
{empty}{below}</main>
<footer><span>{summary}</span> <span>Pellucid</span></footer>
</body>
</html>
"""

_PARENT_ROW = (
    '<tr><th scope="row"><a href="../{wish}"><svg aria-hidden="true"><use href="#up"/></svg>'
    "<bdi>Parent folder</bdi></a></th><td></td><td></td></tr>"
)

_EMPTY = """\
<p class="empty"><svg aria-hidden="true"><use href="#folder"/></svg>
<strong>Nothing here yet</strong> Whatever is put into this folder will show up here.</p>
"""

_DRAWINGS = {
    "home": '<path d="M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-4v-6H9v6H5a1 1 0 0 1-1-1z"/>',
    "up": '<path d="M12 20V5M6 11l6-6 6 6"/>',
    "folder": '<path d="M3 7a2 2 0 0 1 2-2h4l2.5 2.5H19a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z"/>',
    "file": '<path d="M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5"/>',
    "document": '<path d="M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5M9 12.5h6M9 16.5h4"/>',
    "image": '<rect x="3" y="4" width="18" height="16" rx="2"/><circle cx="8.5" cy="9" r="1.3"/>'
    '<path d="M4 18.5l5-5.5 3.5 3.5L16 13l4.5 5"/>',
    "video": '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M10 9l5 3-5 3z"/>',
    "audio": '<circle cx="6.5" cy="17.5" r="2.5"/><circle cx="16.5" cy="15.5" r="2.5"/><path d="M9 17.5V6l10-2v11.5"/>',
    "archive": '<path d="M3 4h18v4H3zM4.5 8v10a2 2 0 0 0 2 2h11a2 2 0 0 0 2-2V8M10 12h4"/>',
    "code": '<path d="M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14"/>',
    "table": '<rect x="3" y="4" width="18" height="16" rx="2"/><path d="M3 9.5h18M3 14.5h18M9.5 9.5V20"/>',
    "font": '<path d="M5 20l6-16h2l6 16M7.5 14h9"/>',
}
_SPRITE = '<svg class="sprite" aria-hidden="true">\n{}\n</svg>'.format(
    "\n".join(f'<symbol id="{name}" viewBox="0 0 24 24">{drawing}</symbol>' for name, drawing in _DRAWINGS.items())
)

_ENDINGS = {
    "image": "apng avif bmp gif heic heif ico jpeg jpg jxl png psd svg tif tiff webp",
    "video": "avi m4v mkv mov mp4 mpeg mpg ogv ts webm wmv",
    "audio": "aac aif aiff flac m4a mid midi mp3 oga ogg opus wav weba",
    "archive": "7z br bz2 deb dmg gz iso jar lz4 rar rpm tar tgz whl xz zip zst",
    "code": "bash c cc cfg cjs conf cpp cs css go h hpp htm html ini java js json jsx kt lua mjs php pl py pyi r rb rs "
    "scss sh sql swift toml tsx vue wasm xhtml xml yaml yml",
    "document": "adoc doc docx epub ics log markdown md odp odt org pdf ppt pptx rst rtf tex text txt vtt",
    "table": "csv db ods parquet sqlite tsv xls xlsx",
    "font": "eot otf ttf woff woff2",
}
_ICONS = {ending.encode(): icon for icon, endings in _ENDINGS.items() for ending in endings.split()}


def _icon(item: Item) -> str:
    if item.kind == "folder":
        return "folder"
    stem, dot, ending = item.name.rpartition(b".")
    return _ICONS.get(ending.lower(), "file") if stem and dot else "file"


def _crumbs(names: Sequence[bytes], wish: str, home: str) -> str:
    if not names:
        return ""
    labels = [
        f'<svg aria-hidden="true"><use href="#home"/></svg>{home}',
        *(f"<bdi>{_shown(name)}</bdi>" for name in names[:-1]),
    ]
    links = "".join(
        f'<li><a href="{"../" * (len(names) - depth)}{wish}">{label}</a></li>' for depth, label in enumerate(labels)
    )
    return f'<nav aria-label="Breadcrumb"><ol>{links}</ol></nav>\n'


def _head(name: str, sort: str, descending: bool) -> str:
    column = _COLUMNS[name]
    here = name == sort
    state = f' aria-sort="{"descending" if descending else "ascending"}"' if here else ""
    order = _ORDER[not descending if here else column.descends_first]
    return f'<th scope="col"{state}><a href="?sort={name}&amp;order={order}" rel="nofollow">{column.title}</a></th>'


def _row(item: Item, wish: str) -> str:
    icon = _icon(item)
    href = _href(item)
    size = ""
    if item.size is not None:
        size = f'<data value="{item.size}" title="{_exact(item.size)}">{_human(item.size)}</data>'
    if item.kind == "folder":
        href += wish
    moment = _moment(item.modified)
    date, _, clock = moment.partition("T")
    return (
        f'<tr><th scope="row"><a href="{href}"><svg class="{icon}" aria-hidden="true"><use href="#{icon}"/></svg>'
        f"<bdi>{_shown(item.name)}{_slash(item)}</bdi></a></th><td>{size}</td>"
        f'<td><time datetime="{moment}Z">{date}<span> {clock[:5]}</span></time></td></tr>'
    )
