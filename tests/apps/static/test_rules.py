"""What the settings say of names: hidden ones, types, Cache-Control; and what settings may not say."""

import pytest

from pellucid.apps.static.rules import IMMUTABLE, REVALIDATE, Rules
from pellucid.apps.static.settings import StaticSettings

TEXT = b"text/css; charset=utf-8"


@pytest.mark.parametrize(
    ("names", "content_type", "value"),
    [
        ((b"a.css",), TEXT, REVALIDATE),
        ((b"assets", b"app.3f2a9c1b.css"), TEXT, IMMUTABLE),
        ((b"page.3f2a9c1b.html",), b"text/html; charset=utf-8", REVALIDATE),
        ((b"deep", b"a.png"), b"image/png", b"max-age=60"),
        ((b"fonts", b"x", b"a.css"), TEXT, b"max-age=600"),
        ((b"other", b"fonts", b"a.css"), TEXT, REVALIDATE),
        ((b"app.3f2a9c1b.png",), b"image/png", b"max-age=60"),
    ],
)
def test_cache_control_is_by_pattern_then_by_hash(names: tuple[bytes, ...], content_type: bytes, value: bytes) -> None:
    rules = Rules(StaticSettings(cache_control=("*.png=max-age=60", "/fonts/*=max-age=600", "*.png=no-store")))
    assert rules.cache_control(names, content_type) == value


def test_hashes_can_be_ignored() -> None:
    rules = Rules(StaticSettings(immutable=False))
    assert rules.cache_control((b"app.3f2a9c1b.css",), TEXT) == REVALIDATE


@pytest.mark.parametrize(
    ("names", "hidden"),
    [
        ((), False),
        ((b"a", b"b"), False),
        ((b".git", b"config"), True),
        ((b"a", b".env"), True),
        ((b".well-known", b"security.txt"), False),
        ((b".well-known", b".secret"), True),
        ((b"a", b".well-known"), True),
        ((b".well-knownx",), True),
    ],
)
def test_names_with_a_dot_before_them_are_hidden(names: tuple[bytes, ...], hidden: bool) -> None:
    assert Rules(StaticSettings()).hidden(names) is hidden
    assert not Rules(StaticSettings(dot_files=True)).hidden(names)


def test_media_types_are_overridden_by_extension_or_name() -> None:
    rules = Rules(
        StaticSettings(media_type=(".FOO=text/x-foo", "bar = text/x-bar", "CNAME=text/x-name", "JPG=image/x-jpg"))
    )
    assert rules.media_type(b"a.foo") == b"text/x-foo"
    assert rules.media_type(b"a.BAR") == b"text/x-bar"
    assert rules.media_type(b"CNAME") == b"text/x-name"
    assert rules.media_type(b"a.jpg") == rules.media_type(b"a.JPG") == b"image/x-jpg"
    assert rules.media_type(b"a.css") == TEXT


def test_pages_and_the_fallback_are_paths_from_the_root() -> None:
    rules = Rules(StaticSettings(spa="/app/100%.html", error_page=("503=errors/busy.html", "404=/no.html")))
    assert rules.spa == (b"app", b"100%.html")
    assert rules.error_pages == {503: (b"errors", b"busy.html"), 404: (b"no.html",)}
    assert Rules(StaticSettings()).error_pages == {404: (b"404.html",)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (StaticSettings(cache_control=("*.png",)), "cache-control '\\*.png' is not of the form PATTERN=VALUE"),
        (StaticSettings(cache_control=("*.png=",)), "PATTERN=VALUE"),
        (StaticSettings(cache_control=("a=b\r\nc: d",)), "PATTERN=VALUE"),
        (StaticSettings(media_type=("=text/html",)), "media-type .* EXTENSION=TYPE"),
        (StaticSettings(media_type=("foo=bar",)), "media-type: 'bar' is no type: write it as text/plain"),
        (StaticSettings(media_type=("foo=text/",)), "media-type: 'text/' is no type"),
        (StaticSettings(media_type=("foo=text/plain charset",)), "is no type"),
        (StaticSettings(error_page=("200=ok.html",)), "'200' is not a status"),
        (StaticSettings(error_page=("many=ok.html",)), "'many' is not a status"),
        (StaticSettings(error_page=("499=ok.html",)), "'499' is not a status"),
        (StaticSettings(error_page=("404=../x.html",)), "error-page: '../x.html' is not the path of a file"),
        (StaticSettings(spa="../index.html"), "spa: '../index.html' is not the path of a file"),
        (StaticSettings(spa="app/"), "spa: 'app/'"),
        (StaticSettings(spa="/"), "spa: '/'"),
        (StaticSettings(index=("a/b",)), "index 'a/b' is not the name of a file"),
        (StaticSettings(index=("",)), "index ''"),
    ],
)
def test_a_wrong_setting_is_told_in_its_own_words(settings: StaticSettings, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rules(settings)
