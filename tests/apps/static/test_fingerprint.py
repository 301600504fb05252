"""Which names hold a hash for certain, and which ones people might have written."""

import random
import string

import pytest

from pellucid.apps.static.fingerprint import fingerprinted
from pellucid.semantics.media import media_type

BASE64URL = string.ascii_letters + string.digits + "-_"
BASE32 = string.ascii_uppercase + "234567"
HEXADECIMAL = string.digits + "abcdef"


def seen(path: str) -> bool:
    names = path.encode().split(b"/")
    return fingerprinted(names, media_type(names[-1]))


@pytest.mark.parametrize(
    "path",
    [
        *("app.3f2a9c1b.js", "main.8e1d4b7f2c90.chunk.css", "vendor.0f3a9c1b7d2e4f6a8b0c.js.map", "font-3f2a9c1b.ttf"),
        *("chunk-JXZ4CKST.js", "main-5XKQ2ZTR.css", "logo-4d21f6aa90be.svg", "clip-3f2a9c1b.mp4"),
        *("assets/index-BxK29sd1.js", "assets/index-Dx_a-4Qz.js", "sub/assets/font-a1B2c3D4.woff2"),
        *("_app/immutable/entry/start.js", "x/_next/static/media/roboto.woff2"),
    ],
)
def test_a_hash_in_a_name_is_seen(path: str) -> None:
    assert seen(path)


@pytest.mark.parametrize(
    "path",
    [
        # What people name.
        *("avatar-JohnDoe1.png", "report-2024Q3v2.pdf", "backup-Mon12Jan.zip", "level-Boss2Map.json"),
        *("report-20240101.pdf", "app-settings.js", "jquery-3.7.1.min.js", "version-20240101.js", "app.js"),
        *("theme-DarkMode2.css", "release-2024Q3v2.js", "build-v2Final1.js", "theme-iPhone15.css", "index-BxK29sd1.js"),
        *("photo-20240101.jpg", "photo-20240101a.jpg", "app-20240101a.js", "clip-1080p60fps.mp4", "a-facade01.js"),
        *("main-SETTINGS.js", "main-CHAPTER7.css", "main-20242024.js", "main-22222222.js", "lib-VueRouter.js"),
        *("app-deadbeef.js", "app-12345678.js", "app-3f2a9c1.js", "3f2a9c1b.js", "app-3f2a9c1b", "logo-BxK29sd1.png"),
        # What is known by its name, whatever that is.
        *("page.3f2a9c1b.html", "data.3f2a9c1b.json", "paper.3f2a9c1b.pdf", "all.3f2a9c1b.zip", "a.3f2a9c1b.txt"),
        *("_app/immutable/data.json", "assets/page.3f2a9c1b.html", "immutable/app.js", "static/_next/app.js"),
        *("assets/app-settings.js", "assets/avatar-JohnDoe1.png", "assets/theme-DarkMode.css", ""),
    ],
)
def test_what_people_might_have_written_is_no_hash(path: str) -> None:
    assert not seen(path)


@pytest.mark.parametrize(
    ("form", "alphabet", "length", "least"),
    [
        ("main.{}.js", HEXADECIMAL, 8, 0.85),
        ("main.{}.js", HEXADECIMAL, 20, 0.99),
        ("logo.{}.png", HEXADECIMAL, 16, 0.97),
        ("assets/index-{}.js", BASE64URL, 8, 0.6),
        ("chunk-{}.js", BASE32, 8, 0.7),
    ],
)
def test_most_of_what_build_tools_make_is_seen(form: str, alphabet: str, length: int, least: float) -> None:
    chance = random.Random(9110)
    paths = [form.format("".join(chance.choices(alphabet, k=length))) for _ in range(300)]
    assert sum(map(seen, paths)) / len(paths) >= least
