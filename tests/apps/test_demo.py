"""The demo site is whole: what its pages name is there, and they need nothing from elsewhere."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

DEMO = Path(__file__).parents[2] / "demo"
PAGES = sorted(DEMO.rglob("*.html"))
HOST = "http://demo"
# The one link that leads nowhere on purpose, so that the page for it is seen.
NOWHERE = f"{HOST}/nowhere"


class Page(HTMLParser):
    """The elements of a page, what it links to, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(path.read_text("utf-8"))
        self.address = f"{HOST}/{path.relative_to(DEMO).as_posix()}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @property
    def links(self) -> list[str]:
        named = [value for _, each in self.elements for key, value in each.items() if key in ("href", "src", "poster")]
        sets = [each.get("srcset") or "" for _, each in self.elements]
        images = [candidate.split()[0] for value in sets for candidate in value.split(",") if candidate.strip()]
        return [urljoin(self.address, link) for link in [*filter(None, named), *images]]

    @property
    def places(self) -> set[str | None]:
        return {each.get("id") for _, each in self.elements}


def found(address: str) -> Path | None:
    """The file or folder behind an address, as the server would find it: an index, and pages without their ending."""
    path = DEMO / unquote(urlsplit(address).path).lstrip("/")
    if address.split("#")[0].endswith("/"):
        index = path / "index.html"
        return index if index.is_file() else path if path.is_dir() else None
    return next((each for each in (path, path.with_name(path.name + ".html")) if each.is_file()), None)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_to_something(path: Path) -> None:
    links = Page(path).links
    assert links
    for link in links:
        assert link.startswith(HOST + "/"), f"{link} is elsewhere"
        assert (found(link) is None) == (link == NOWHERE), link
        target, place = found(link), urlsplit(link).fragment
        assert not place or (target is not None and place in Page(target).places), f"{link} has no such place"


def test_the_page_for_what_is_not_found_works_at_any_depth() -> None:
    page = Page(DEMO / "404.html")
    page.address = f"{HOST}/some/where/deep/"
    assert [link for link in page.links if found(link) is None] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_strict_policy_does_not_hurt(path: Path) -> None:
    for tag, attributes in Page(path).elements:
        assert tag not in ("script", "style", "iframe")
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_picture_has_words_and_a_size(path: Path) -> None:
    for tag, attributes in Page(path).elements:
        if tag == "img":
            assert {"alt", "width", "height"} <= attributes.keys()


def test_every_file_of_the_site_is_reached() -> None:
    reached = {found(link) for path in PAGES for link in Page(path).links}
    shown = {path for folder in reached if folder is not None and folder.is_dir() for path in folder.rglob("*")}
    for path in DEMO.rglob("*"):
        if path.is_file() and path.name != "404.html":
            assert path in reached | shown, f"{path.name} is not linked"


def test_the_listed_folders_have_no_index() -> None:
    assert found(f"{HOST}/files/") == DEMO / "files"
    assert [path.name for path in (DEMO / "files" / "empty").iterdir()] == [".gitkeep"]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("images/dawn.jpg", b"\xff\xd8\xff"),
        ("images/noon.png", b"\x89PNG\r\n\x1a\n"),
        ("images/dusk.webp", b"RIFF"),
        ("images/night.avif", b"ftypavif"),
        ("video/turn.mp4", b"ftypisom"),
        ("video/turn.webm", b"\x1aE\xdf\xa3"),
        ("video/poster.webp", b"RIFF"),
    ],
)
def test_each_file_is_what_its_name_says(name: str, start: bytes) -> None:
    assert start in (DEMO / name).read_bytes()[:12]


def test_the_film_can_start_before_it_is_whole() -> None:
    film = (DEMO / "video" / "turn.mp4").read_bytes()
    assert 0 < film.index(b"moov") < film.index(b"mdat")


def test_the_site_is_small() -> None:
    sizes = {path: path.stat().st_size for path in DEMO.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 3_500_000
    assert max(sizes.values()) < 1_500_000
