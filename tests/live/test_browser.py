"""A real browser at the real command: the demo site, the listing, and what the options promise to browsers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from chromium import Chromium, Load, Page
from serving import Serving, serving

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

DEMO = Path(__file__).parents[2] / "demo"

# The smallest picture that decodes: one pixel, as a GIF.
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def demo() -> Iterator[Serving]:
    with serving(DEMO) as server:
        yield server


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    with browser.page() as page:
        yield page


def failed(page: Page) -> list[Load]:
    """What was not loaded. A browser breaks off a film's loading on purpose, once it has enough of it."""
    return [load for load in page.loads if load.status >= 400 or (load.failed and load.kind != "Media")]


def decode_images(page: Page) -> int:
    """How many images there are, once each of them is decoded and has a size."""
    widths = page.evaluate(
        "Promise.all([...document.images].map(async image => { await image.decode(); return image.naturalWidth; }))"
    )
    assert all(widths)
    return len(widths)


def colour_scheme(page: Page, scheme: str) -> None:
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def brightness(page: Page) -> float:
    """Of the page's ground, between 0 and 1."""
    colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return (red + green + blue) / 765


def names(page: Page) -> list[str]:
    """What a listing shows, in its order."""
    shown: list[str] = page.evaluate("[...document.querySelectorAll('tbody bdi')].map(name => name.textContent)")
    return shown


# The demo


def test_every_image_of_the_demo_decodes_and_nothing_fails(page: Page, demo: Serving) -> None:
    assert page.open(demo.url).status == 200
    assert decode_images(page) >= 5
    for scheme in ("light", "dark"):
        colour_scheme(page, scheme)
        page.screenshot(f"demo-{scheme}")
    assert {urlsplit(load.url).netloc for load in page.loads} == {urlsplit(demo.url).netloc}
    assert failed(page) == []
    assert page.complaints == []


def test_the_film_is_sought_to_its_middle_by_a_range_and_the_frame_is_shown(page: Page, demo: Serving) -> None:
    # As from afar, so that the middle is wanted long before it would come by itself; and only the film.
    page.call("Network.setBlockedURLs", urls=["*/images/*"])
    page.call(
        "Network.emulateNetworkConditions", offline=False, latency=5, downloadThroughput=60_000, uploadThroughput=-1
    )
    page.open(demo.url)
    shown = page.evaluate("""(async () => {
        const video = document.querySelector('video');
        const paint = () => {
            const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 36});
            canvas.getContext('2d').drawImage(video, 0, 0, 64, 36);
            return canvas.toDataURL();
        };
        if (video.readyState < 2)
            await new Promise(resolve => video.addEventListener('loadeddata', resolve, {once: true}));
        const first = paint();
        const frame = new Promise(resolve => {
            const look = (now, frame) => frame.mediaTime ? resolve(frame) : video.requestVideoFrameCallback(look);
            video.requestVideoFrameCallback(look);
        });
        video.currentTime = video.duration / 2;
        await new Promise(resolve => video.addEventListener('seeked', resolve, {once: true}));
        return {
            frame: (await frame).mediaTime, time: video.currentTime, middle: video.duration / 2,
            state: video.readyState, changed: paint() !== first, error: video.error, source: video.currentSrc,
        };
    })()""")
    assert shown["error"] is None
    assert shown["time"] == pytest.approx(shown["middle"])
    assert shown["frame"] == pytest.approx(shown["middle"], abs=0.1)
    assert shown["state"] >= 2
    assert shown["changed"]
    parts = [load for load in page.loads if load.kind == "Media" and "bytes=" in load.asked.get("range", "")]
    assert {load.status for load in parts} == {206}
    size = (DEMO / shown["source"].removeprefix(f"{demo.url}/")).stat().st_size
    starts = [int(load.asked["range"].removeprefix("bytes=").split("-")[0]) for load in parts]
    assert any(size / 3 < start < size for start in starts), starts
    assert [load.fields["content-range"] for load in parts] == [f"bytes {start}-{size - 1}/{size}" for start in starts]
    assert page.complaints == []


def test_a_page_is_found_without_its_ending(page: Page, demo: Serving) -> None:
    page.open(demo.url)
    about = page.follow("nav a[href=about]")
    assert (about.url, about.status) == (f"{demo.url}/about", 200)
    assert page.evaluate("document.querySelector('h1').innerText") == "Five words, one method."
    assert decode_images(page) >= 2
    page.screenshot("about")
    assert failed(page) == []
    assert page.complaints == []


@pytest.mark.parametrize("path", ["/nowhere", "/deep/below/nowhere.html"])
def test_what_is_not_found_is_the_demos_own_page_with_its_style(page: Page, demo: Serving, path: str) -> None:
    assert page.open(demo.url + path).status == 404
    assert page.evaluate("document.querySelector('h1').innerText") == "Clear water, and nothing in it."
    assert decode_images(page) == 1
    page.screenshot("404")
    assert [load.url for load in failed(page)] == [demo.url + path]
    assert len(page.complaints) == 1
    assert path in page.complaints[0]


def test_a_reload_brings_nothing_twice(page: Page, demo: Serving) -> None:
    page.open(demo.url)
    decode_images(page)
    assert page.reload().status == 304
    decode_images(page)
    again = [load for load in page.loads if load.kind != "Media"]
    assert len([load for load in again if load.kind == "Image"]) >= 5
    assert [load for load in again if load.status != 304 and not load.cached] == []
    assert page.complaints == []


# The listing


@pytest.mark.parametrize("path", ["/files/", "/files/letters/", "/files/empty/"])
def test_a_listing_follows_the_colour_scheme_and_breaks_no_policy(page: Page, demo: Serving, path: str) -> None:
    listing = page.open(demo.url + path)
    assert listing.status == 200
    assert "default-src 'none'" in listing.fields["content-security-policy"]
    colour_scheme(page, "light")
    light = brightness(page)
    page.screenshot(f"listing{path.replace('/', '-')}light")
    colour_scheme(page, "dark")
    dark = brightness(page)
    page.screenshot(f"listing{path.replace('/', '-')}dark")
    assert light > 0.9
    assert dark < 0.2
    assert [load.url for load in failed(page)] == []
    assert page.complaints == []


def test_a_listing_fits_a_narrow_screen(page: Page, demo: Serving) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    page.open(f"{demo.url}/files/")
    page.screenshot("listing-narrow")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_listing_is_sorted_by_clicks_without_script(page: Page, tmp_path: Path) -> None:
    for name, size, age in (("a.txt", 30, 2), ("b.txt", 10, 3), ("c.txt", 20, 1)):
        (tmp_path / name).write_bytes(b"." * size)
        os.utime(tmp_path / name, (1_700_000_000 - age, 1_700_000_000 - age))
    with serving(tmp_path) as server:
        page.call("Emulation.setScriptExecutionDisabled", value=True)
        page.open(server.url)
        assert names(page) == ["a.txt", "b.txt", "c.txt"]
        page.follow("thead a[href*=name]")
        assert names(page) == ["c.txt", "b.txt", "a.txt"]
        page.follow("thead a[href*=size]")
        assert names(page) == ["a.txt", "c.txt", "b.txt"]
        page.follow("thead a[href*=size]")
        assert names(page) == ["b.txt", "c.txt", "a.txt"]
        page.follow("thead a[href*=modified]")
        assert names(page) == ["c.txt", "a.txt", "b.txt"]
        assert page.complaints == []


HOSTILE = [
    b"<script>document.title='caught'.txt",
    b"<img src=x onerror=document.title='caught'>.txt",
    b"--><svg onload=document.title='caught'>.txt",
    b"\"onmouseover=\"document.title='caught'.txt",
    b"'quoted' & &lt;b&gt; `backticks`.txt",
    b"line\nbreak\r\ttab.txt",
    b"javascript:document.title='caught'.txt",
    b"https:elsewhere.txt",
    b"?sort=size#place.txt",
    b"100%41%2e.txt",
    b"  spaces  .txt",
    b"\xff\xfe no utf-8 \x80.txt",
    "\u202egnp.exe\u2066 \u05d0\u05d1\u05d2.txt".encode(),
    b"\x1b[31mred\x7f.txt",
    "\u4f60\u597d \U0001f41f.txt".encode(),
]


def test_hostile_names_run_no_script_and_every_link_opens_its_file(page: Page, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b'/<b>folder" \n?\xff'
    os.mkdir(folder)
    for number, name in enumerate(HOSTILE):
        with open(folder + b"/" + name, "w") as file:
            file.write(f"file {number}")
    with serving(tmp_path) as server:
        page.open(server.url)
        page.follow("tbody a")
        page.screenshot("listing-hostile")
        at = page.evaluate("location.href")
        links: list[str] = page.evaluate("[...document.querySelectorAll('tbody a')].map(link => link.href)")[1:]
        assert {unquote_to_bytes(link.rpartition("/")[2]) for link in links} == set(HOSTILE)
        assert page.evaluate("document.querySelectorAll('script, img, iframe, [onload], [onmouseover]').length") == 0
        for place, link in enumerate(links, 1):
            number = HOSTILE.index(unquote_to_bytes(link.rpartition("/")[2]))
            assert page.follow("tbody a", place).status == 200
            assert page.evaluate("document.body.innerText") == f"file {number}"
            page.open(at)
        assert "caught" not in page.evaluate("document.title").partition("<")[0]
        assert page.complaints == []


# What the options promise


def test_an_application_with_its_own_paths_answers_them_all(page: Page, tmp_path: Path) -> None:
    (tmp_path / "app.html").write_text(
        "<!doctype html><title>app</title><p></p><script src=/app.js></script><img src=/none.png>"
    )
    (tmp_path / "app.js").write_text("document.querySelector('p').innerText = `at ${location.pathname}`")
    with serving(tmp_path, "--spa", "app.html") as server:
        for path in ("/users/7", "/a/very/deep.path/"):
            assert page.open(server.url + path).status == 200
            assert page.evaluate("document.querySelector('p').innerText") == f"at {path}"
            assert [load.url for load in failed(page)] == [f"{server.url}/none.png"]
        page.evaluate("history.pushState(null, '', '/moved/on')")
        assert page.reload().status in (200, 304)
        assert page.evaluate("document.querySelector('p').innerText") == "at /moved/on"
        assert page.evaluate("fetch('/api/none.json').then(answer => answer.status)") == 404


FETCH = """(url, fields) => fetch(url, {headers: fields}).then(
    async answer => [answer.status, await answer.text(), answer.headers.get('Content-Range')], error => error.name)"""

EXTRAS: list[dict[str, str]] = [{}, {"If-None-Match": '"none"', "X-Asks-First": "1"}]


@pytest.mark.parametrize("fields", EXTRAS, ids=["simple", "preflight"])
def test_another_site_may_read_only_where_cors_allows_it(
    page: Page, demo: Serving, tmp_path: Path, fields: dict[str, str]
) -> None:
    def fetch(server: Serving, **more: str) -> object:
        return page.evaluate(f"({FETCH})({json.dumps(server.url + '/shared.txt')}, {json.dumps(fields | more)})")

    (tmp_path / "shared.txt").write_text("shared")
    with (
        serving(tmp_path, "--cors", demo.url, "--security-headers") as named,
        serving(tmp_path, "--cors", "*") as anyone,
        serving(tmp_path, "--cors", "http://somebody.example") as others,
        serving(tmp_path) as nobody,
    ):
        page.open(demo.url)
        for server in (named, anyone):
            assert fetch(server) == [200, "shared", None]
            assert fetch(server, Range="bytes=1-2") == [206, "ha", "bytes 1-2/6"]
        assert page.complaints == []
        for server in (others, nobody):
            assert fetch(server) == "TypeError"
        assert len(page.complaints) >= 2
        assert all("CORS" in complaint or "ERR_FAILED" in complaint for complaint in page.complaints)


LOAD = """(name, at) => new Promise(resolve => {
    const element = document.createElement(name);
    Object.assign(element, {src: at, onload: () => resolve(true), onerror: () => resolve(false)});
    document.body.append(element);
})"""


def test_the_security_preset_is_in_force(page: Page, demo: Serving, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>careful</title><iframe src=/inner.html></iframe>")
    (tmp_path / "inner.html").write_text("<!doctype html><title>inner</title>")
    (tmp_path / "script.txt").write_text("window.caught = true")
    (tmp_path / "pixel.gif").write_bytes(PIXEL)
    with serving(tmp_path, "--security-headers") as server:
        page.open(server.url)
        assert page.evaluate("frames[0].document.title") == "inner"
        assert page.evaluate(f"({LOAD})('img', '/pixel.gif')")
        assert page.complaints == []
        assert not page.evaluate(f"({LOAD})('script', '/script.txt')")
        assert page.evaluate("window.caught") is None
        features = page.evaluate("document.featurePolicy.allowedFeatures()")
        assert not {"camera", "geolocation", "microphone", "usb"} & set(features)
        assert "fullscreen" in features

        page.open(demo.url)
        assert not page.evaluate(f"({LOAD})('img', '{server.url}/pixel.gif')")
        page.evaluate(f"({LOAD})('iframe', '{server.url}/')")
        refused = {load.url: load.failed for load in page.loads if load.url.startswith(server.url)}
        assert refused.pop(f"{server.url}/pixel.gif") == "corp-not-same-origin"
        assert refused.pop(f"{server.url}/")
        assert refused == {}
        assert any("'X-Frame-Options' to 'sameorigin'" in complaint for complaint in page.complaints)


def test_two_hundred_images_all_load_over_a_few_kept_connections(page: Page, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}.gif").write_bytes(PIXEL)
    images = "".join(f"<img src={number}.gif>" for number in range(200))
    (tmp_path / "index.html").write_text(f"<!doctype html><title>many</title>{images}")
    with serving(tmp_path) as server:
        page.open(server.url)
        assert decode_images(page) == 200
        pictures = [load for load in page.loads if load.kind == "Image"]
        assert [load.status for load in pictures] == [200] * 200
        # Browsers open at most six connections to a host.
        assert len({load.connection for load in page.loads}) <= 6
        assert failed(page) == []
        assert page.complaints == []
    assert len(server.log) >= 201
