"""What can be chosen about serving a folder; it knows the words, not what is made of them."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.setting import setting


@dataclass(frozen=True, slots=True)
class StaticSettings:
    """How a folder is served."""

    index: tuple[str, ...] = setting(
        ("index.html", "index.htm"),
        "The file that stands for its folder; the first one that is there.",
        unit="name",
    )
    listing: bool = setting(True, "Show what is in a folder that has no index file.")
    listing_limit: int = setting(
        2000,
        "The most entries that a listing shows, 0 for all. Of a larger folder the first by name are shown, folders "
        "before files; of one with more than 50,000 names, some. The listing says so.",
    )
    clean_urls: bool = setting(True, "Answer /about with about.html where there is no file of the shorter name.")
    spa: str = setting(
        "",
        "The file, from the root of the folder, that answers when a browser navigates to a path that does not exist, "
        "or whoever takes anything (Accept: */*) asks for one without an extension; for applications that do their own "
        "routing.",
        unit="file",
    )
    error_page: tuple[str, ...] = setting(
        (),
        "A page of your own for a status, from the root of the folder, of at most 64 KiB. A 404.html there is used "
        "without asking.",
        unit="STATUS=FILE",
    )
    cache_control: tuple[str, ...] = setting(
        (),
        "The Cache-Control of the files that a pattern matches, such as '*.png=max-age=3600'; a pattern with a slash "
        "is matched from the root. The first match counts; files without one get no-cache, which means: ask whether it "
        "has changed.",
        unit="PATTERN=VALUE",
    )
    immutable: bool = setting(
        True,
        "Let browsers keep scripts, styles, fonts and pictures whose name has a build tool's hash in it "
        "(app.3f2a9c1b.js) for a year without asking.",
    )
    media_type: tuple[str, ...] = setting(
        (),
        "The Content-Type of files with an extension, or of a name, such as 'foo=application/x-foo'.",
        unit="EXTENSION=TYPE",
    )
    dot_files: bool = setting(
        False, "Serve files and folders whose names begin with a dot. Only /.well-known is served without this."
    )
    precompressed: bool = setting(
        True,
        "Send page.html.br, .zst or .gz in the place of page.html to clients that can decompress it; not with upload, "
        "where whoever sends the one would change the other.",
    )
    file_cache: int = setting(
        16 << 20,
        "The memory for small files that were asked for, 0 for none; what is kept is checked before it is used.",
        unit="bytes",
    )
    ranges: int = setting(
        32, "The most ranges of a file that one request may ask for, 0 for none; more get the whole file."
    )
    upload: bool = setting(
        False,
        "Let clients send files into the folder, and those in it: by PUT to the path of a file, in a form by POST to a "
        "folder, or on the page that shows what is in it. Say by auth and require who may.",
    )
    upload_size: int = setting(
        64 << 20, "How much may be sent at once; more than body-size never comes here.", unit="bytes"
    )
    upload_overwrite: bool = setting(False, "Let a file that is sent take the place of one that has its name.")
