"""The same fields lead to the same changed fields, and memory for that is bounded."""

from carrying import ground

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


def test_what_is_shared_is_made_once() -> None:
    made: list[int] = []
    common = ground()
    for key in ("a", "a", "b"):
        common.shared(key, lambda: made.append(1))
    assert len(made) == 2


def test_threads_of_one_name_are_shared_and_end_with_the_apps() -> None:
    common = ground()
    first = common.aside("hashing", 1, 1)
    assert common.aside("hashing", 1, 1) is first
    assert common.aside("asking", 1, 1) is not first
    assert common.lives[0] is first
