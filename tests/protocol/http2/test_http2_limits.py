"""The limits of every protocol as HTTP/2 keeps them, and its own, each told by its name."""

from __future__ import annotations

import pytest

from pellucid.protocol.http2.limits import Http2Limits
from pellucid.protocol.limits import Limits
from protocol.http2.frameplay import play

PLAYS: list[tuple[Limits, str]] = [
    (
        Limits(body_size=4),
        """
        >> POST 1 /
        == 1 POST / h body
        -> 1 credit 100
        >> DATA 1 abc
        == 1 data abc
        >> DATA 1 de
        == 1 refused 413 a body of more than 4 bytes: body-size (RFC 9110 15.5.14)
        >> DATA 1 f
        -> 1 413 body=x
        << HEADERS 1 :status=413 content-length=1
        << DATA 1 END_STREAM x
        >> DATA 1 END_STREAM g
        .. IDLE hungry
        """,
    ),
    (
        Limits(body_size=4),
        """
        >> POST 1 / content-length=5
        == 1 refused 413 a body of more than 4 bytes: body-size (RFC 9110 15.5.14)
        -> 1 413 body=x
        << HEADERS 1 :status=413 content-length=1
        << DATA 1 END_STREAM x
        >> DATA 1 END_STREAM hello
        .. IDLE hungry
        """,
    ),
    (
        Limits(body_size=4),
        """
        >> HEADERS 1 END_HEADERS :method=CONNECT :authority=h:443
        == 1 CONNECT h:443 h:443 length=0
        -> 1 200
        << HEADERS 1 :status=200
        -> 1 credit 100 answered
        >> DATA 1 a\\x20tunnel\\x20has\\x20no\\x20size
        == 1 data a tunnel has no size
        """,
    ),
    (
        Limits(request_line=20),
        """
        >> GET 1 /a-path-that-is-too-long
        == 1 refused 414 a request line of more than 20 bytes: request-line (RFC 9110 15.5.15)
        >> GET 3 /
        == 3 GET / h
        """,
    ),
    (
        Limits(field_count=2),
        """
        >> POST 1 / a=b
        == 1 POST / h body
        >> GET 3 / a=b c=d
        == 3 refused 431 more than 2 header fields: field-count (RFC 6585 5)
        -> 1 credit 1
        >> HEADERS 1 END_STREAM END_HEADERS a=b c=d e=f
        == 1 refused 431 more than 2 trailer fields: field-count (RFC 6585 5)
        """,
    ),
    (
        Limits(head_size=200),
        """
        >> POST 1 /
        == 1 POST / h body
        -> 1 credit 1
        >> HEADERS 1 END_STREAM END_HEADERS a=bbbbbbbbbbbbbb c=dddddddddddddd e=ffffffffff g=hhhhhhhhhhhh i=j
        == 1 refused 431 a head of more than 200 bytes: head-size (RFC 6585 5)
        """,
    ),
    (
        Limits(requests=2),
        """
        >> GET 1 /
        == 1 GET / h
        >> GET 3 /
        << PING leaving.
        << GOAWAY 2147483647 NO_ERROR
        == 3 GET / h
        >> PING ACK leaving.
        << GOAWAY 3 NO_ERROR
        >> GET 5 /
        >> POST 7 /
        >> DATA 7 END_STREAM whatever
        -> 1 204
        << HEADERS 1 END_STREAM :status=204
        -> 3 204
        << HEADERS 3 END_STREAM :status=204
        .. OVER finished unread
        """,
    ),
    (
        Limits(),
        """
        >> POST 1 /
        == 1 POST / h body
        >> POST 3 /
        == 3 POST / h body
        >> POST 5 /
        << RST_STREAM 5 REFUSED_STREAM
        >> DATA 5 END_STREAM on its way
        -> 1 reset
        << RST_STREAM 1 INTERNAL_ERROR
        >> GET 7 /
        == 7 GET / h
        """,
    ),
]


@pytest.mark.parametrize(("limits", "steps"), PLAYS)
def test_a_limit_is_kept_and_told_by_its_name(limits: Limits, steps: str) -> None:
    play(steps, limits, Http2Limits(h2_streams=2))


def test_even_numbers_are_refused_in_words_that_came_before_too() -> None:
    play(
        """
        >> GET 1 /
        == 1 GET / h
        >> GET 3 /
        == 3 GET / h
        >> GET 4 /
        << GOAWAY 3 PROTOCOL_ERROR HEADERS on a stream with an even number (RFC 9113 5.1.1)
        == 1 reset HEADERS on a stream with an even number (RFC 9113 5.1.1)
        == 3 reset HEADERS on a stream with an even number (RFC 9113 5.1.1)
        == 0 refused 0 PROTOCOL_ERROR: HEADERS on a stream with an even number (RFC 9113 5.1.1)
        """
    )


def test_an_end_is_made_of_a_connection_whose_peer_has_ended() -> None:
    play(
        """
        >> GET 1 /
        == 1 GET / h
        ><
        << GOAWAY 1 NO_ERROR
        -> drain
        -> 1 204
        << HEADERS 1 END_STREAM :status=204
        .. OVER finished
        """
    )
