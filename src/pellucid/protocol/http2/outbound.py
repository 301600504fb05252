"""What goes to the peer: answers, within their windows and in the words of RFC 9113 section 8.1 and 8.3.2."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.errors import WrongAnswer
from pellucid.message import Headers, Response
from pellucid.piece import Piece, discard
from pellucid.protocol.content import FRAMED_ALIKE, Content, content_of
from pellucid.protocol.http2.answer import Block, block_of, head_block, trailers_block
from pellucid.protocol.http2.codes import NO_ERROR, ConnectionFault
from pellucid.protocol.http2.frames import END_STREAM, LARGEST, data_frames, headers_frames
from pellucid.protocol.http2.hpack import NO_TABLE
from pellucid.protocol.http2.priority import QUANTUM
from pellucid.protocol.http2.session import Session
from pellucid.protocol.http2.streams import Stream

SMALL = 256
"""A part of an answer that a window cuts to less than this counts as a dribble, in bytes."""


class Outbound:
    """Takes an app's answers and puts frames into the session's output. It raises WrongAnswer, and takes nothing, where
    an answer breaks a rule. `date` gives the Date line.
    """

    __slots__ = ("_date", "_session")

    def __init__(self, session: Session, date: Callable[[], bytes]) -> None:
        self._session = session
        self._date = date

    def room(self, stream: int) -> int:
        """How much of an answer's body the windows let through; beside others, an incremental one has a QUANTUM."""
        session = self._session
        state = session.streams.get(stream)
        if state is None:
            return LARGEST  # nobody is told any more, and that takes no room
        room = state.window if state.window < session.window else session.window
        return QUANTUM if room > QUANTUM and len(session.streams) > 1 and state.priority.incremental else room

    def send_response(
        self, stream: int, response: Response, body: bytes | None, length: int | None = None
    ) -> bool | None:
        """Give the answer's head, and with `body` all of it, unless the peer has no room for that."""
        session = self._session
        state = session.streams.get(stream)
        if state is None or not state.owed:
            return self._answer_nobody(stream)
        status = response.status
        if body and state.incoming is None and not state.code and state.method in FRAMED_ALIKE and not session.resized:
            block, status, date = response.headers.block, response.status, self._date()
            kept = block.heads.get((status, len(body))) if type(block) is Block else None
            room = len(body) <= state.window and len(body) <= session.window
            if kept is not None and kept.date is date and room:
                number = stream.to_bytes(4, "big")
                session.output.append(b"%b%b%b%b%b%b" % (kept.headers, number, kept.block, kept.data, number, body))
                session.window -= len(body)
                session.close(stream)
                return True
        return self._respond(stream, state, response, body, length)

    def _respond(
        self, stream: int, state: Stream, response: Response, body: bytes | None, length: int | None
    ) -> bool | None:
        status = response.status
        if status == 101:
            raise WrongAnswer("101 has no place in HTTP/2: a tunnel is asked for with CONNECT (RFC 9113 8.6)")
        block = block_of(response.headers)
        if 100 <= status < 200:
            self.inform(stream, status, response.headers)
            return True
        content = self._content(state, status, block, length if body is None else len(body))
        if body and content.wanted and len(body) > self.room(stream):
            return None
        date = self._date()
        head = head_block(status, block, content.length if content.announced else None, date)
        state.owed = False
        self._release(stream, state)
        if body is None and content.wanted:
            state.left = content.length
            self._say(stream, head)
            return True
        if body and content.wanted:
            if len(body) <= LARGEST and state.method in FRAMED_ALIKE:
                block.keep_head(status, len(body), date, head)
            self._session.window -= len(body)
            self._session.frames += len(body) // LARGEST
            self._say(stream, head)
            self._session.output += data_frames(stream, body, END_STREAM)
        else:
            self._say(stream, head, END_STREAM)
        self._end(stream, state)
        return content.wanted

    def _content(self, state: Stream, status: int, block: Block, length: int | None) -> Content:
        if state.method != "CONNECT" or not 200 <= status < 300:
            return content_of(state.method, status, block.length, length)
        if state.incoming is None or not state.incoming.held:
            raise WrongAnswer("a tunnel that the client did not ask for, or that was forgone (RFC 9110 9.3.6)")
        state.tunnel = True
        return Content(True, None, False)

    def _release(self, stream: int, state: Stream) -> None:
        # What a tunnel's peer has sent ahead belongs to the tunnel; if there is none, to nobody.
        incoming = state.incoming
        if incoming is None or not incoming.held:
            return
        if not state.tunnel:
            self._session.drop_body(stream, state)
            return
        incoming.held = False
        if incoming.readable:
            self._session.bodies[stream] = state

    def inform(self, stream: int, status: int, headers: Headers) -> None:
        """Give a head that another one follows (RFC 9110 section 15.2)."""
        block = head_block(status, block_of(headers), None, b"")
        self._say(stream, block)

    def _say(self, stream: int, block: bytes, flags: int = 0) -> None:
        session = self._session
        if session.resized:
            session.resized = False
            block = NO_TABLE + block
        session.output.append(headers_frames(stream, block, flags))

    def _answer_nobody(self, stream: int) -> bool:
        if stream in self._session.leaving or self._session.finished:
            return False  # what was asked for is not wanted any more, which its app does not know yet
        raise WrongAnswer("an answer where none is due: the request has its own already")

    def send_data(self, stream: int, piece: Piece) -> None:
        """Give the next piece of the answer's body."""
        session = self._session
        state = session.streams.get(stream)
        size = len(piece)
        if state is None or not size:
            if state is None:
                self._answer_nobody(stream)
            discard([piece])
            return
        self._check_piece(state, size)
        if state.left is not None:
            state.left -= size
        state.window -= size
        session.window -= size
        session.frames += 1 + size // LARGEST
        session.output += data_frames(stream, piece)
        if state.priority.incremental:
            session.turns += 1
            state.turn = session.turns
        if size < SMALL and not (state.window and session.window):
            self._count_dribble()

    def _check_piece(self, state: Stream, size: int) -> None:
        if state.owed or state.answered:
            raise WrongAnswer("a piece of a body outside of an answer")
        if state.left is not None and size > state.left:
            raise WrongAnswer("the body is longer than its Content-Length (RFC 9113 8.1.1)")
        if size > state.window or size > self._session.window:
            raise WrongAnswer("a piece that the peer has no room for (RFC 9113 6.9)")

    def _count_dribble(self) -> None:
        session = self._session
        try:
            session.calm.dribbles.spend(session.now(), session.frames // 8)
        except ConnectionFault as fault:
            session.fail(fault.code, fault.why)

    def send_end(self, stream: int, trailers: Headers) -> None:
        """Give the end of the answer."""
        session = self._session
        state = session.streams.get(stream)
        if state is None:
            self._answer_nobody(stream)
            return
        if state.owed or state.answered:
            raise WrongAnswer("the end of a body outside of an answer")
        if state.left:
            raise WrongAnswer(f"the body is {state.left} bytes shorter than its Content-Length (RFC 9113 8.1.1)")
        if trailers:
            self._say(stream, trailers_block(trailers), END_STREAM)
        else:
            session.output += data_frames(stream, b"", END_STREAM)
        self._end(stream, state)

    def _end(self, stream: int, state: Stream) -> None:
        # What is still to come of the request is read and dropped if it is little; else the peer is told that it need
        # not send it (RFC 9113 8.1).
        session = self._session
        state.answered = True
        session.drop_body(stream, state)
        if state.code:
            session.reset(stream, state.code)
        elif not state.receiving:
            session.close(stream)
        elif state.incoming is not None and not state.incoming.droppable:
            session.reset(stream, NO_ERROR)
        else:
            session.lingering.add(stream)
