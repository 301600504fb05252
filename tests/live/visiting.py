"""A plain client: one request on a connection of its own, and all of the answer."""

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 20.0
BOUNDARY = "a-boundary-of-these-tests"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PARTS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
BYTES = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; an iterable body goes out in chunks."""

    method: str
    target: str
    fields: Mapping[str, str] = field(default_factory=dict)
    body: bytes | tuple[bytes, ...] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `whole` is false where the connection ended before the body did."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes
    whole: bool = True

    def get(self, name: str) -> str:
        """The value of a field that is there once, and else the empty string."""
        values = [value for other, value in self.fields if other == name]
        return values[0] if len(values) == 1 else ""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        assert self.get("content-type").startswith("application/json"), self
        return json.loads(self.body)


def visit(port: int, ask: Ask) -> Answer:
    """The answer to a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        return exchange(connection, ask)
    finally:
        connection.close()


def exchange(connection: http.client.HTTPConnection, ask: Ask) -> Answer:
    """The answer to a request on a connection that may be used again."""
    body: bytes | Iterable[bytes] | None = ask.body
    connection.request(ask.method, ask.target, body, dict(ask.fields), encode_chunked=isinstance(body, tuple))
    return answer_of(connection.getresponse())


def answer_of(response: http.client.HTTPResponse) -> Answer:
    """An answer with its body, as far as it came; field names in lower case."""
    fields = [(name.lower(), value) for name, value in response.getheaders()]
    try:
        return Answer(response.status, fields, response.read())
    except http.client.IncompleteRead as error:
        return Answer(response.status, fields, error.partial, whole=False)
    except ConnectionResetError:
        return Answer(response.status, fields, b"", whole=False)


def parts(fields: Mapping[str, str], name: str, filename: str, content: bytes) -> bytes:
    """A multipart body: some fields, and a file."""
    text = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    text += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    text += "Content-Type: application/octet-stream\r\n\r\n"
    return text.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
