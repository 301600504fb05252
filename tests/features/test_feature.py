"""The same fields lead to the same changed fields, and memory for that is bounded."""

from pellucid.features.feature import KEPT, ChangedHeaders
from pellucid.message import Headers


def marked(headers: Headers) -> Headers:
    return headers.plus((b"x-mark", b"1"))


def test_fields_that_come_again_are_changed_once() -> None:
    changed = ChangedHeaders(marked)
    first, equal = Headers([(b"a", b"1")]), Headers([(b"a", b"1")])
    assert changed.of(first) is changed.of(first)
    assert list(changed.of(first)) == [(b"a", b"1"), (b"x-mark", b"1")]
    assert changed.of(equal) is not changed.of(first)


def test_what_is_remembered_is_bounded_and_never_mistaken() -> None:
    changed = ChangedHeaders(marked)
    for number in range(3 * KEPT):
        value = b"%d" % number
        assert changed.of(Headers([(b"a", value)])).get(b"a") == value
        assert len(changed._kept) <= KEPT
