"""Appendix C.2 to C.6 of RFC 7541 as data: blocks, what they hold, and the dynamic table behind each."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.message import Field


@dataclass(frozen=True)
class Example:
    """A block in hexadecimal; its fields; the dynamic table once it was read, newest entry first, and its size."""

    section: str
    block: str
    fields: str
    table: str
    size: int


def fields_of(text: str) -> tuple[Field, ...]:
    """The fields of lines like `name: value`."""
    pairs = (line.strip().encode().partition(b": ") for line in text.strip().splitlines())
    return tuple((name, value) for name, _, value in pairs)


# What is said on one connection each, with the size of its dynamic table.
CONVERSATIONS: list[tuple[int, list[Example]]] = [
    (
        4096,
        [
            Example(
                "C.2.1",
                "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
                """
                custom-key: custom-header
                """,
                """
                custom-key: custom-header
                """,
                55,
            ),
        ],
    ),
    (
        4096,
        [
            Example(
                "C.2.2",
                "040c2f73616d706c652f70617468",
                """
                :path: /sample/path
                """,
                "",
                0,
            ),
        ],
    ),
    (
        4096,
        [
            Example(
                "C.2.3",
                "100870617373776f726406736563726574",
                """
                password: secret
                """,
                "",
                0,
            ),
        ],
    ),
    (
        4096,
        [
            Example(
                "C.2.4",
                "82",
                """
                :method: GET
                """,
                "",
                0,
            ),
        ],
    ),
    (
        4096,
        [
            Example(
                "C.3.1",
                "828684410f7777772e6578616d706c652e636f6d",
                """
                :method: GET
                :scheme: http
                :path: /
                :authority: www.example.com
                """,
                """
                :authority: www.example.com
                """,
                57,
            ),
            Example(
                "C.3.2",
                "828684be58086e6f2d6361636865",
                """
                :method: GET
                :scheme: http
                :path: /
                :authority: www.example.com
                cache-control: no-cache
                """,
                """
                cache-control: no-cache
                :authority: www.example.com
                """,
                110,
            ),
            Example(
                "C.3.3",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
                """
                :method: GET
                :scheme: https
                :path: /index.html
                :authority: www.example.com
                custom-key: custom-value
                """,
                """
                custom-key: custom-value
                cache-control: no-cache
                :authority: www.example.com
                """,
                164,
            ),
        ],
    ),
    (
        4096,
        [
            Example(
                "C.4.1",
                "828684418cf1e3c2e5f23a6ba0ab90f4ff",
                """
                :method: GET
                :scheme: http
                :path: /
                :authority: www.example.com
                """,
                """
                :authority: www.example.com
                """,
                57,
            ),
            Example(
                "C.4.2",
                "828684be5886a8eb10649cbf",
                """
                :method: GET
                :scheme: http
                :path: /
                :authority: www.example.com
                cache-control: no-cache
                """,
                """
                cache-control: no-cache
                :authority: www.example.com
                """,
                110,
            ),
            Example(
                "C.4.3",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
                """
                :method: GET
                :scheme: https
                :path: /index.html
                :authority: www.example.com
                custom-key: custom-value
                """,
                """
                custom-key: custom-value
                cache-control: no-cache
                :authority: www.example.com
                """,
                164,
            ),
        ],
    ),
    (
        256,
        [
            Example(
                "C.5.1",
                (
                    "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d"
                    "546e1768747470733a2f2f7777772e6578616d706c652e636f6d"
                ),
                """
                :status: 302
                cache-control: private
                date: Mon, 21 Oct 2013 20:13:21 GMT
                location: https://www.example.com
                """,
                """
                location: https://www.example.com
                date: Mon, 21 Oct 2013 20:13:21 GMT
                cache-control: private
                :status: 302
                """,
                222,
            ),
            Example(
                "C.5.2",
                "4803333037c1c0bf",
                """
                :status: 307
                cache-control: private
                date: Mon, 21 Oct 2013 20:13:21 GMT
                location: https://www.example.com
                """,
                """
                :status: 307
                location: https://www.example.com
                date: Mon, 21 Oct 2013 20:13:21 GMT
                cache-control: private
                """,
                222,
            ),
            Example(
                "C.5.3",
                (
                    "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f"
                    "6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b"
                    "2076657273696f6e3d31"
                ),
                """
                :status: 200
                cache-control: private
                date: Mon, 21 Oct 2013 20:13:22 GMT
                location: https://www.example.com
                content-encoding: gzip
                set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1
                """,
                """
                set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1
                content-encoding: gzip
                date: Mon, 21 Oct 2013 20:13:22 GMT
                """,
                215,
            ),
        ],
    ),
    (
        256,
        [
            Example(
                "C.6.1",
                (
                    "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c7"
                    "8f0b97c8e9ae82ae43d3"
                ),
                """
                :status: 302
                cache-control: private
                date: Mon, 21 Oct 2013 20:13:21 GMT
                location: https://www.example.com
                """,
                """
                location: https://www.example.com
                date: Mon, 21 Oct 2013 20:13:21 GMT
                cache-control: private
                :status: 302
                """,
                222,
            ),
            Example(
                "C.6.2",
                "4883640effc1c0bf",
                """
                :status: 307
                cache-control: private
                date: Mon, 21 Oct 2013 20:13:21 GMT
                location: https://www.example.com
                """,
                """
                :status: 307
                location: https://www.example.com
                date: Mon, 21 Oct 2013 20:13:21 GMT
                cache-control: private
                """,
                222,
            ),
            Example(
                "C.6.3",
                (
                    "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335"
                    "dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007"
                ),
                """
                :status: 200
                cache-control: private
                date: Mon, 21 Oct 2013 20:13:22 GMT
                location: https://www.example.com
                content-encoding: gzip
                set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1
                """,
                """
                set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1
                content-encoding: gzip
                date: Mon, 21 Oct 2013 20:13:22 GMT
                """,
                215,
            ),
        ],
    ),
]
