"""A form is the same however its bytes arrive, and one that breaks a rule is told so."""

import pytest

from pellucid.message import END
from pellucid.semantics.multipart import LONGEST_HEAD, MOST_PARTS, BrokenForm, Form, Part, PartEvent, boundary_of

FILE = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n'
FORM = (
    b"before it\r\n--XX\r\n" + FILE + b"\r\nhello\r\n--X not yet\r\n--XX \t\r\n"
    b'content-disposition:form-data;name=other\r\n\r\n\r\n--XX\r\nContent-Disposition: form-data; name="c d"; '
    b'filename="%22\xc3\xa4\\b%22"\r\n\r\n\r\n\r\n--XX--\r\nafter it'
)
EVENTS: list[PartEvent] = [
    Part(b"file", b"a.txt"),
    b"hello\r\n--X not yet",
    END,
    Part(b"other", None),
    END,
    Part(b"c d", b'"\xc3\xa4\\b"'),
    b"\r\n",
    END,
]


def events_of(*pieces: bytes, boundary: bytes = b"XX") -> tuple[list[PartEvent], bool]:
    """What comes of the pieces, the bytes of a part in one."""
    form = Form(boundary)
    events: list[PartEvent] = []
    for piece in pieces:
        for event in form.feed(piece):
            if isinstance(event, bytes) and events and isinstance(events[-1], bytes):
                event = events.pop() + event  # type: ignore[operator]  # both are bytes
            events.append(event)
    return events, form.finished


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
def test_a_form_is_read_in_whatever_pieces_it_arrives(size: int) -> None:
    pieces = [FORM[at : at + size] for at in range(0, len(FORM), size)]
    assert events_of(*pieces) == (EVENTS, True)


def test_the_first_delimiter_may_be_at_the_very_beginning() -> None:
    assert events_of(b"--XX\r\n" + FILE + b"\r\nx\r\n--XX--") == ([Part(b"file", b"a.txt"), b"x", END], True)
    assert events_of(b"--XX--") == ([], True)


@pytest.mark.parametrize("cut", range(len(FORM) - len(b"--\r\nafter it")))
def test_a_form_that_is_cut_is_not_finished(cut: int) -> None:
    assert not events_of(FORM[:cut])[1]


@pytest.mark.parametrize(
    "form",
    [
        b"--XX\r\n\r\nx\r\n--XX--",
        b"--XX\r\nContent-Type: a/b\r\n\r\nx\r\n--XX--",
        b'--XX\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--XX--',
        b'--XX\r\nContent-Disposition: form-data; filename="a"\r\n\r\nx\r\n--XX--',
        b"--XXX\r\n" + FILE + b"\r\nx\r\n--XX--",
        b"--XX" + b" " * (LONGEST_HEAD + 1),
        b"--XX\r\nA: " + b"x" * LONGEST_HEAD,
        b"--XX\r\nA: " + b"x" * LONGEST_HEAD + b"\r\n\r\n",
        (b"--XX\r\n" + FILE + b"\r\n\r\n") * (MOST_PARTS + 1),
    ],
)
def test_a_form_that_breaks_a_rule_is_told_so(form: bytes) -> None:
    with pytest.raises(BrokenForm):
        events_of(form)


def test_what_is_kept_in_memory_is_bounded() -> None:
    form = Form(b"XX")
    list(form.feed(b"--XX\r\n" + FILE + b"\r\n"))
    for _ in range(100):
        list(form.feed(b"x" * 1000))
        assert len(form._buffer) < 10


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (b"multipart/form-data; boundary=XX", b"XX"),
        (b'Multipart/Form-Data; charset=utf-8; Boundary="a b"', b"a b"),
        (b"multipart/form-data; boundary=----WebKitFormBoundaryabc", b"----WebKitFormBoundaryabc"),
        (b"multipart/form-data", None),
        (b"multipart/form-data; boundary=", None),
        (b'multipart/form-data; boundary="a "', None),
        (b"multipart/mixed; boundary=XX", None),
        (b"application/x-www-form-urlencoded", None),
        (b"", None),
    ],
)
def test_what_parts_the_parts(content_type: bytes, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary
