"""Each path at which a file is to be had beside its own is known."""

import pytest

from pellucid.apps.static.settings import StaticSettings
from pellucid.apps.static.spellings import spellings

PLAIN = StaticSettings(clean_urls=False, precompressed=False)


@pytest.mark.parametrize(
    ("path", "settings", "others"),
    [
        ("/a", PLAIN, []),
        ("/a.html", PLAIN, []),
        ("/a/index.html", PLAIN, ["/a/"]),
        ("/index.htm", PLAIN, ["/"]),
        ("/a%20b", StaticSettings(index=("a b",), clean_urls=False, precompressed=False), ["/"]),
        ("/a/b", StaticSettings(precompressed=False), ["/a/b.html"]),
        ("/a/b.html", StaticSettings(precompressed=False), ["/a/b"]),
        ("/a/.html", StaticSettings(precompressed=False), ["/a/.html.html"]),
        ("/a/index", StaticSettings(precompressed=False), ["/a/index.html", "/a/"]),
        ("/a.json", StaticSettings(clean_urls=False), ["/a.json.br", "/a.json.zst", "/a.json.gz"]),
        ("/a", StaticSettings(), ["/a.html", "/a.html.br", "/a.html.zst", "/a.html.gz"]),
        ("/a.html", StaticSettings(), ["/a", "/a.html.br", "/a.html.zst", "/a.html.gz"]),
    ],
)
def test_a_file_is_to_be_had_at(path: str, settings: StaticSettings, others: list[str]) -> None:
    assert sorted(spellings(path, settings)) == sorted(others)
