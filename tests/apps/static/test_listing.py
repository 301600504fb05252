"""How a folder is shown."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.apps.static.listing import (
    CONTENT_SECURITY_POLICY,
    Item,
    parse_sort,
    render_html,
    render_json,
    render_text,
    sort_items,
)
from pellucid.apps.static.policy import only_style

DAY = 86_400
NAMES = st.binary(min_size=1, max_size=255).filter(lambda name: not {0, 47} & {*name} and name not in (b".", b".."))


def folder(name: bytes, modified: int = 0) -> Item:
    return Item(name, "folder", None, modified)


def file(name: bytes, size: int = 0, modified: int = 0) -> Item:
    return Item(name, "file", size, modified)


class Page(HTMLParser):
    """What a browser would find in a page: its elements, its links, and the words of each element."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(page.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append((self.open[-1] if self.open else "", data))

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        return [words for name, words in self.words if name == tag]

    @property
    def links(self) -> list[str]:
        return [attributes["href"] or "" for attributes in self.attributes("a")]


def page(items: list[Item], path: bytes = b"/", sort: str = "name", descending: bool = False) -> Page:
    return Page(render_html(path, items, sort, descending))


def names(items: list[Item]) -> list[bytes]:
    return [item.name for item in items]


# Sorting


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        (b"", ("name", False)),
        (b"sort=name", ("name", False)),
        (b"sort=name&order=desc", ("name", True)),
        (b"order=desc&sort=size", ("size", True)),
        (b"sort=modified&order=asc", ("modified", False)),
        (b"sort=size&order=sideways", ("size", False)),
        (b"sort=colour&order=desc", ("name", False)),
        (b"order=desc", ("name", False)),
        (b"sort", ("name", False)),
        (b"sort=\xff\xfe&order=desc", ("name", False)),
        (b"&&=&sort=size&x=1", ("size", False)),
    ],
)
def test_a_query_chooses_the_column_and_the_order(query: bytes, meant: tuple[str, bool]) -> None:
    assert parse_sort(query) == meant


@pytest.mark.parametrize(
    "ordered",
    [
        [b"file2", b"file10", b"file100"],
        [b"a", b"B", b"c"],
        [b"1.txt", b"2.txt", b"10.txt", b"a.txt"],
        [b"v1.9", b"v1.10"],
        [b"file", b"file0"],
        [b"file02", b"file2", b"file003"],
        [b"README", b"readme"],
        [b"\xc3\x84pfel", b"\xff"],
        [b"9" * 200, b"1" + b"0" * 200],
    ],
)
def test_names_stand_in_the_order_in_which_people_read_them(ordered: list[bytes]) -> None:
    assert names(sort_items([file(name) for name in reversed(ordered)], "name", False)) == ordered
    assert names(sort_items([file(name) for name in ordered], "name", True)) == ordered[::-1]


@pytest.mark.parametrize(
    ("sort", "descending", "ordered"),
    [
        ("name", False, [b"x", b"y", b"a", b"b", b"c"]),
        ("name", True, [b"y", b"x", b"c", b"b", b"a"]),
        ("size", False, [b"x", b"y", b"b", b"c", b"a"]),
        ("size", True, [b"x", b"y", b"a", b"b", b"c"]),
        ("modified", False, [b"y", b"x", b"a", b"c", b"b"]),
        ("modified", True, [b"x", b"y", b"b", b"a", b"c"]),
    ],
)
def test_folders_come_first_and_equals_stand_by_name(sort: str, descending: bool, ordered: list[bytes]) -> None:
    items = [file(b"c", 1, 5), folder(b"y", 1), file(b"b", 1, 9), folder(b"x", 2), file(b"a", 7, 5)]
    assert names(sort_items(items, sort, descending)) == ordered


@given(st.lists(NAMES, unique=True))
def test_the_order_does_not_depend_on_the_order_of_the_folder(found: list[bytes]) -> None:
    items = [file(name) for name in found]
    assert sort_items(items, "name", False) == sort_items(items[::-1], "name", False)


def test_an_unknown_column_is_the_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        sort_items([], "colour", False)


def test_the_heads_of_the_table_sort_and_then_turn_the_order() -> None:
    heads = {
        (sort, descending): [link for link in page([], b"/", sort, descending).links if link.startswith("?")]
        for sort, descending in [("name", False), ("size", True)]
    }
    assert heads["name", False] == ["?sort=name&order=desc", "?sort=size&order=desc", "?sort=modified&order=desc"]
    assert heads["size", True] == ["?sort=name&order=asc", "?sort=size&order=asc", "?sort=modified&order=desc"]


def test_the_sorted_column_says_so() -> None:
    columns = [
        head.get("aria-sort") for head in page([], b"/", "size", True).attributes("th") if head["scope"] == "col"
    ]
    assert columns == [None, "descending", None]


def test_a_chosen_order_is_kept_on_the_way_through_folders() -> None:
    links = page([folder(b"in"), file(b"a.txt")], b"/up/here/", "size", True).links
    wish = "?sort=size&order=desc"
    assert [link for link in links if link.endswith(wish)] == [
        f"../../{wish}",
        f"../{wish}",
        f"../{wish}",
        f"./in/{wish}",
    ]
    assert "./a.txt" in links


# The page


def test_the_page_says_what_there_is_with_exact_figures_beside_the_human_ones() -> None:
    shown = page([folder(b"in"), file(b"a.mp4", 1_413_120, 20_000 * DAY + 61), file(b"b", 1)])
    assert shown.text("data") == ["1.4\u00a0MB", "1\u00a0byte", "1.4\u00a0MB"]
    assert [data["title"] for data in shown.attributes("data")] == ["1,413,120 bytes", "1 byte", "1,413,121 bytes"]
    assert [time["datetime"] for time in shown.attributes("time")][1] == "2024-10-04T00:01:01Z"
    assert "1 folder, 2 files, " in shown.text("span")


@pytest.mark.parametrize(
    ("size", "human"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_500_000_000, "1.5 GB"),
        (2**63 - 1, "9223.4 PB"),
    ],
)
def test_sizes_are_said_in_the_unit_that_fits(size: int, human: str) -> None:
    assert page([file(b"a", size)]).text("data")[0].replace("\u00a0", " ") == human


@pytest.mark.parametrize(
    ("name", "icon"),
    [
        (b"a.PNG", "image"),
        (b"a.webm", "video"),
        (b"a.flac", "audio"),
        (b"a.tar.zst", "archive"),
        (b"a.py", "code"),
        (b"a.md", "document"),
        (b"a.csv", "table"),
        (b"a.woff2", "font"),
        (b"a.\xff", "file"),
        (b"png", "file"),
        (b".png", "file"),
        (b"a.", "file"),
    ],
)
def test_each_kind_of_file_has_its_icon(name: bytes, icon: str) -> None:
    shown = page([file(name)])
    assert shown.attributes("use")[-1] == {"href": f"#{icon}"}
    assert icon in [symbol["id"] for symbol in shown.attributes("symbol")]


def test_a_folder_has_the_icon_of_folders_whatever_its_name() -> None:
    assert page([folder(b"a.png")]).attributes("use")[-1] == {"href": "#folder"}


def test_breadcrumbs_lead_up_step_by_step() -> None:
    shown = page([], b"/one/two & a half/three/")
    crumbs = [
        (link, urljoin("http://host/mount/one/two/three/", link)) for link in shown.links if link.startswith("..")
    ]
    assert crumbs == [
        ("../../../", "http://host/mount/"),
        ("../../", "http://host/mount/one/"),
        ("../", "http://host/mount/one/two/"),
        ("../", "http://host/mount/one/two/"),
    ]
    assert shown.text("bdi") == ["one", "two & a half", "three", "Parent folder"]


def test_the_root_has_no_parent() -> None:
    assert not [link for link in page([]).links if link.startswith("..")]


def test_an_empty_folder_is_said_kindly() -> None:
    assert page([]).text("strong") == ["Nothing here yet"]
    assert page([file(b"a")]).text("strong") == []


def test_every_one_of_many_entries_is_shown() -> None:
    items = [file(b"%d.txt" % number) for number in range(10_000)]
    links = page(items).links[3:]
    assert links == [f"./{number}.txt" for number in range(10_000)]


@pytest.mark.parametrize(("modified", "said"), [(-(2**62), "0001-01-01T00:00:00Z"), (2**62, "9999-12-31T23:59:59Z")])
def test_times_beyond_the_calendar_are_its_ends(modified: int, said: str) -> None:
    assert page([file(b"a", 0, modified)]).attributes("time") == [{"datetime": said}]


# Safety


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"<script>alert(1)", "<script>alert(1)"),
        (b"\" onmouseover='x'", "\" onmouseover='x'"),
        (b"a&lt;b", "a&lt;b"),
        (b"two\nlines\x00", "two\u240alines\u2400"),
        (b"\x1b[31mred\x7f", "\u241b[31mred\u2421"),
        ("photo\u202egpj.exe".encode(), "photo\ufffdgpj.exe"),
        ("a\u2066b\u2069c\u0085d".encode(), "a\ufffdb\ufffdc\ufffdd"),
        (b"caf\xe9", "caf\ufffd"),
        ("👩\u200d👧".encode(), "👩\u200d👧"),
        (b"{title}", "{title}"),
    ],
)
def test_names_are_shown_as_text_and_steer_nothing(name: bytes, shown: str) -> None:
    assert page([file(name)]).text("bdi")[-1] == shown
    assert page([], b"/" + name + b"/").text("bdi")[0] == shown
    assert shown in render_text(b"/", [file(name)]).decode().split("\n")[2]
    assert not {*"\0\x1b\x7f\u0085\u202e"} & {*render_text(b"/", [file(name)]).decode()}


@given(NAMES, st.sampled_from(["folder", "file"]))
def test_every_link_leads_to_the_exact_bytes_of_the_name(name: bytes, kind: str) -> None:
    item = Item(name, kind, None if kind == "folder" else 0, 0)
    exact = b"/here/" + name + (b"/" if kind == "folder" else b"")
    for href in page([item]).links[-1], json.loads(render_json(b"/", [item]))["items"][0]["href"]:
        target = urlsplit(urljoin("http://host/here/", href))
        assert (target.netloc, target.query, target.fragment) == ("host", "", "")
        assert unquote_to_bytes(target.path) == exact


@given(NAMES, NAMES)
def test_a_name_never_becomes_markup(name: bytes, parent: bytes) -> None:
    plain = page([file(b"a")], b"/b/")
    odd = page([file(name)], b"/" + parent + b"/")
    assert [tag for tag, _ in odd.elements] == [tag for tag, _ in plain.elements]
    assert [{*attributes} for _, attributes in odd.elements] == [{*attributes} for _, attributes in plain.elements]


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    shown = page([file(b"a"), folder(b"b")], b"/c/")
    assert only_style("".join(shown.text("style"))) == CONTENT_SECURITY_POLICY


def test_the_page_needs_nothing_that_the_policy_forbids() -> None:
    shown = page([file(b"a"), folder(b"b")], b"/c/")
    tags = {tag for tag, _ in shown.elements}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "base", "video", "audio"}
    for _, attributes in shown.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on") or name == "src"]
    assert not re.search(r"url\(|@import|//", "".join(shown.text("style")))


# People who do not see, or see little


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(scheme: str) -> None:
    style = "".join(page([]).text("style"))
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[["light", "dark"].index(scheme)]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    grounds = [luminance(colours.pop(ground)) for ground in ("paper", "wash")]
    del colours["line"]
    assert {"ink", "soft", "accent"} <= colours.keys()
    for name, colour in colours.items():
        for ground in grounds:
            darker, lighter = sorted((ground, luminance(colour)))
            # WCAG 2.2, success criterion 1.4.3, level AA.
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, f"{name} is hard to read"


def test_the_table_is_a_table_with_heads_for_its_columns_and_rows() -> None:
    shown = page([file(b"a"), folder(b"b")])
    assert [head["scope"] for head in shown.attributes("th")] == ["col"] * 3 + ["row"] * 2
    assert shown.text("caption") == ["Contents of /, folders first"]
    assert {svg.get("aria-hidden") for svg in shown.attributes("svg")} == {"true"}


# JSON and text


def test_json_tells_the_same_to_programs() -> None:
    told = json.loads(render_json(b"/a\xff/", [file(b"b 2\n.txt", 12, DAY), folder(b"\xe9", 0)]))
    assert told == {
        "path": "/a\ufffd/",
        "truncated": False,
        "items": [
            {"name": "\ufffd", "kind": "folder", "size": None, "modified": "1970-01-01T00:00:00Z", "href": "./%E9/"},
            {
                "name": "b 2\n.txt",
                "kind": "file",
                "size": 12,
                "modified": "1970-01-02T00:00:00Z",
                "href": "./b%202%0A.txt",
            },
        ],
    }


def test_json_of_an_empty_folder_is_an_empty_list() -> None:
    assert json.loads(render_json(b"/", [])) == {"path": "/", "truncated": False, "items": []}


def test_text_stands_in_columns() -> None:
    assert render_text(b"/a/", [file(b"file10", 1_500), file(b"file2", 1), folder(b"in")]).decode() == (
        "/a/\n"
        "\n"
        "1970-01-01 00:00               in/\n"
        "1970-01-01 00:00       1 byte  file2\n"
        "1970-01-01 00:00       1.5 kB  file10\n"
        "\n"
        "1 folder, 2 files, 1.5 kB\n"
    )


def test_text_of_an_empty_folder_says_so() -> None:
    assert render_text(b"/a/", []) == b"/a/\n\nNothing here yet.\n"
