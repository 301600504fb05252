"""The other paths at which the file of a path is to be had, since rules of the one are meant for all; names only."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from pellucid.apps.static.representation import CODINGS
from pellucid.apps.static.settings import StaticSettings

PAGE = ".html"


def spellings(path: str, settings: StaticSettings) -> Iterator[str]:
    """The paths beside this one, which is percent-encoded and ends without a slash: a page without its ending and with
    it, a file compressed, and the folder whose page it is, which ends with a slash.

    >>> list(spellings("/about/index.html", StaticSettings(precompressed=False)))
    ['/about/index', '/about/']
    """
    folder, _, name = path.rpartition("/")
    names = [name]
    if settings.clean_urls:
        names.append(name.removesuffix(PAGE) if name.endswith(PAGE) and name != PAGE else name + PAGE)
    files = [each for each in names if "." in each] if settings.precompressed else []
    compressed = [each + coding.ending.decode() for each in files for coding in CODINGS]
    yield from (f"{folder}/{each}" for each in (*names[1:], *compressed))
    if any(unquote(each) in settings.index for each in names):
        yield f"{folder}/"
