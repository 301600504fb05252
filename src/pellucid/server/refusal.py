"""The answer to a peer that broke a rule, and to a client whose app failed: brief, plain, the same everywhere."""

from __future__ import annotations

from pellucid.message import PHRASES, Field, Headers, Response


def refusal(status: int, why: str = "", *more: Field) -> tuple[Response, bytes]:
    """A head, with `more` fields, and a body of plain text: the status, its phrase, and the rule that was broken, where
    there is one.
    """
    lines = [f"{status} {PHRASES.get(status, '')}".rstrip(), *([why] if why else []), ""]
    usual = (b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")
    return Response(status, Headers([*usual, *more])), "\n".join(lines).encode()
