"""Only words that mean something are taken for settings of loading."""

import pytest

from pellucid.loading.settings import INTERFACES, LOOPS, LoadingSettings, check


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("loop", LOOPS)
def test_each_word_is_taken(interface: str, loop: str) -> None:
    check(LoadingSettings(interface=interface, loop=loop))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (LoadingSettings(interface="cgi"), "interface: 'cgi' is none of auto, asgi, wsgi, exchange"),
        (LoadingSettings(root_path="shop"), "--root-path: a path begins with a slash: write /shop"),
        (LoadingSettings(loop="trio"), "loop: 'trio' is none of auto, asyncio, uvloop"),
    ],
)
def test_any_other_word_is_explained(settings: LoadingSettings, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check(settings)
