"""What a form has sent, read as it comes; it knows no form."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

from pellucid.features.auth.late import Late
from pellucid.server.exchange import Exchange
from pellucid.server.refusal import refusal

LARGEST = 16 << 10
"""How long what a form sends may be, in bytes."""


def read_form(exchange: Exchange, late: Late, then: Callable[[dict[str, list[str]]], None]) -> None:
    """Call with the fields of a form that was sent, as application/x-www-form-urlencoded, or answer what is wrong."""
    kind = exchange.request.headers.get(b"content-type", b"") or b""
    if kind.partition(b";")[0].strip().lower() != b"application/x-www-form-urlencoded":
        late.answer(*refusal(415))
        return
    form = bytearray()

    def read() -> None:
        while piece := exchange.read():
            form.extend(piece)
            if len(form) > LARGEST:
                exchange.on_body = _ignored
                late.answer(*refusal(413))
                return
        if piece is not None:
            exchange.on_body = _ignored
            _parsed(form, late, then)

    exchange.on_body = read
    read()


def text_in(sent: dict[str, list[str]], name: str) -> str:
    """The one value of a field of a form, empty where there is none, or more of them."""
    values = sent.get(name, [])
    return values[0] if len(values) == 1 else ""


def _parsed(data: bytearray, late: Late, then: Callable[[dict[str, list[str]]], None]) -> None:
    try:
        sent = parse_qs(data.decode("ascii"), keep_blank_values=True, max_num_fields=16, errors="strict")
    except ValueError:  # too many fields, or no UTF-8
        late.answer(*refusal(400))
        return
    then(sent)


def _ignored() -> None:
    pass
