"""What an app's answer must not be, whatever protocol carries it: found before anything of it is sent, if it can be."""

from __future__ import annotations

from pellucid.errors import WrongAnswer
from pellucid.message import End, Request, Response
from pellucid.piece import Body, FileSlice, Piece


def check_final(request: Request, response: Response, body: Body) -> None:
    """Raise WrongAnswer for an answer after which the exchange would never end."""
    status = response.status
    if status < 200 and status != 101:
        raise WrongAnswer(f"{status} is no final answer: it goes out by inform (RFC 9110 15.2)")
    if isinstance(body, bytes) and (status == 101 or (request.method == "CONNECT" and status < 300)):
        raise WrongAnswer("an answer that opens a tunnel needs a source of what goes back (RFC 9110 7.8, 9.3.6)")


def check_piece(piece: object) -> None:
    """Raise WrongAnswer for what is no piece. An empty one would be taken for the end by chunked coding."""
    if not (isinstance(piece, bytes | FileSlice) and piece) and piece is not None and type(piece) is not End:
        raise WrongAnswer(
            f"a source gave {piece!r} for a piece: None says that there is nothing yet, End that it is over"
        )


def check_first(response: Response, length: int | None, piece: Piece | End | None) -> None:
    """Raise WrongAnswer for a body whose first piece breaks its length: nothing was sent yet, so it can be a 500."""
    if length is None:
        declared = response.headers.get(b"content-length", b"")
        length = int(declared) if declared and declared.isdigit() else None
    if length is None or piece is None or response.status in (204, 205, 304):
        return
    if (length > 0) if isinstance(piece, End) else len(piece) > length:
        raise WrongAnswer(f"a body that is not of the {length} bytes that it said (RFC 9110 8.6)")


def release(piece: Piece | End | None) -> None:
    """Let go of a piece that was pulled and will not be sent."""
    if isinstance(piece, FileSlice):
        piece.release()
