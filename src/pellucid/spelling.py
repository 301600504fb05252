"""What somebody may have meant who wrote a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The known word that is most like this one, empty if none is `alike` enough, 1 being the same."""
    from difflib import get_close_matches  # 0.2 MB, in a process that may never be asked

    near = get_close_matches(word, known, 1, alike)
    return near[0] if near else ""
