"""What `import pellucid` gives is what the documents promise, and each name is there."""

import pytest

import pellucid


def test_the_package_gives_what_an_app_needs() -> None:
    assert pellucid.__all__ == sorted(pellucid.__all__)
    assert set(pellucid.__all__) >= {"Exchange", "Headers", "Port", "Response", "Server", "work"}
    for name in pellucid.__all__:
        assert getattr(pellucid, name).__name__ == name


def test_nothing_else_is_promised() -> None:
    public = {name for name in vars(pellucid) if not name.startswith("_")}
    modules = {name for name in public if type(getattr(pellucid, name)).__name__ == "module"}
    assert public - modules == set(pellucid.__all__) - {"WebSocket"}  # which is made when it is asked for
    with pytest.raises(AttributeError, match="has no attribute 'Websocket'"):
        pellucid.Websocket  # noqa: B018  # that it cannot be had is what is tried
