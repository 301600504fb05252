"""A link that speaks TLS over another link, by the `ssl` of the standard library in memory; it knows no HTTP.

What comes is given to OpenSSL and read from it decrypted. What goes is encrypted lump by lump, and only while the link
beneath takes it: a large file waits on its disk, and not encrypted in memory.
"""

from __future__ import annotations

import ssl

from pellucid.net.link import AT_ONCE, CAPACITY, Link, room_beside
from pellucid.net.pollers import READ, WRITE
from pellucid.net.secured import Secured
from pellucid.net.tlserrors import explain
from pellucid.piece import FileSlice, Piece, discard

RECORD = 16384
"""How many bytes a record holds at the most (RFC 9846 section 5.1). OpenSSL is given no more at a time, in either
direction: the memory that it passes bytes on in grows with them, and stays with its connection.
"""

LUMP = 8 * RECORD
"""How many bytes are encrypted at once, at the most."""


class HandshakeFailed(Exception):
    """No keys were agreed on; says why. What the peer is told of it was given to the link beneath. `unproved` says that
    it was for want of a certificate that can be believed.
    """

    def __init__(self, why: str, unproved: bool = False) -> None:
        super().__init__(why)
        self.unproved = unproved


class TlsLink:
    """The server's end of TLS over a link, which belongs to it from now on; `shake` comes before all else.

    `context` has the keys of session tickets, and the certificate unless another context is `chosen` for that.
    `_queued` counts what was taken and is not with the peer yet: the pieces in `_outbox`, and the lump that is being
    passed on, of which `_passing` bytes wait, encrypted, in the link beneath.
    """

    __slots__ = (
        "_ended",
        "_incoming",
        "_inner",
        "_outbox",
        "_outgoing",
        "_passing",
        "_queued",
        "_ready",
        "_tls",
        "gone",
        "held",
        "local",
        "peer",
        "peer_port",
        "secured",
        "waiting",
    )

    def __init__(self, inner: Link, context: ssl.SSLContext, chosen: ssl.SSLContext | None = None) -> None:
        self._inner = inner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        if chosen is not None:
            self._tls.context = chosen
        self.peer = inner.peer
        self.peer_port = inner.peer_port
        self.local = inner.local
        self.gone = inner.gone
        self.secured: Secured | None = None
        self.held = False
        self.waiting = False
        self._outbox: list[Piece | memoryview] = []
        self._queued = 0
        self._passing = 0
        self._ready = False
        self._ended = False

    def shake(self, data: bytes) -> ssl.SSLObject | None:
        """Go on with the handshake by what has come; once it is done, what can be asked about it. Raises
        HandshakeFailed. What came behind the handshake is `held`.
        """
        self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            raise _failed(error) from None
        finally:
            self._pass_on()
        self._ready = True
        self.held = self._incoming.pending > 0
        return self._tls

    @property
    def fd(self) -> int:
        return self._inner.fd

    @property
    def room(self) -> int:
        if not self.waiting:
            return CAPACITY
        return room_beside(self._queued) if self._inner.room else 0

    def interest(self, hungry: bool) -> int:
        return (READ if hungry else 0) | (WRITE if self.waiting else 0)

    def receive(self) -> bytes | None:
        data = self._inner.receive()
        if not data and not self.held:
            if data is not None and not self._find_gone():
                self._ended = True  # without a goodbye: where more was due, its length will tell
            return b"" if self._ended or self.gone else data
        self.held = False
        if self._ended:
            return b""
        if data:
            if len(data) > RECORD:
                return self._receive_much(data)
            self._incoming.write(data)
        try:
            found = self._tls.read(RECORD)  # all of it, in the usual case
        except ssl.SSLWantReadError:
            found = None
        except ssl.SSLError as error:
            return self._end(error)
        if found and self._incoming.pending:
            records = [found]
            self._read_on(records)
            found = b"".join(records)
        elif found == b"":
            self._ended = True
        if self._outgoing.pending:  # an answer to a change of keys
            self._pass_on()
        return found

    def _receive_much(self, data: bytes) -> bytes | None:
        records: list[bytes] = []
        view = memoryview(data)
        for at in range(0, len(view), RECORD):
            self._incoming.write(view[at : at + RECORD])
            if not self._read_on(records):
                break
        if self._outgoing.pending:
            self._pass_on()
        if records:
            return b"".join(records)
        return b"" if self.gone or self._ended else None

    def _read_on(self, records: list[bytes]) -> bool:
        # Whether records may follow those that have come. An end behind others is told by the next receive.
        try:
            while self._incoming.pending:
                record = self._tls.read(RECORD)
                if not record:
                    self._ended = True
                    break
                records.append(record)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._end(error)
        self.held = self._ended and bool(records)
        return not (self._ended or self.gone)

    def send(self, pieces: list[Piece]) -> int:
        if self.gone:
            discard(pieces)
            return 0
        if not self.waiting and len(pieces) == 1 and type(pieces[0]) is bytes and 0 < len(pieces[0]) <= RECORD:
            return self._send_record(pieces[0])
        self._outbox += pieces
        self._queued += sum(map(len, pieces))
        return self._flush()

    def _send_record(self, data: bytes) -> int:
        # The usual answer is one piece that the link beneath takes whole: nothing is queued and nothing counted.
        self._tls.write(data)
        encrypted = self._outgoing.read()
        sent = self._inner.send([encrypted])
        if sent == len(encrypted):
            return len(data)
        self._queued = self._passing = len(data)
        self.waiting = True
        return self._count(sent)

    def _flush(self) -> int:
        inner = self._inner
        total = self._count(inner.send([])) if inner.waiting else 0
        while self._outbox and not inner.waiting and total < AT_ONCE:
            try:
                lump = self._take_lump()
            except OSError as error:  # a disk's
                self.gone = error.strerror or str(error)
                self._drop()
                break
            if lump:
                self._passing = len(lump)
                total += self._count(inner.send(self._encrypt(lump)))
            elif self._outbox:
                self.gone = "a file became shorter while it was sent"
                self._drop()
        self.waiting = bool(self._outbox) or inner.waiting
        return total

    def _take_lump(self) -> bytes | memoryview:
        # Small pieces go together: each record costs a microsecond and 22 bytes. Empty where a file has shrunk.
        outbox = self._outbox
        parts: list[bytes | memoryview] = []
        free = LUMP
        while outbox and free:
            piece = outbox[0]
            if isinstance(piece, FileSlice):
                part: bytes | memoryview = piece.read(free)
                if not part and piece.length:
                    break
                if not piece.length:
                    del outbox[0]
                    piece.release()
            elif len(piece) > free:
                whole = memoryview(piece)
                part, outbox[0] = whole[:free], whole[free:]
            else:
                part = piece
                del outbox[0]
            if part:
                parts.append(part)
                free -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _encrypt(self, lump: bytes | memoryview) -> list[Piece]:
        write, read = self._tls.write, self._outgoing.read
        encrypted: list[Piece] = []
        view = memoryview(lump)
        for at in range(0, len(view), RECORD):
            write(view[at : at + RECORD])
            encrypted.append(read())
        return encrypted

    def _count(self, sent: int) -> int:
        # How many of the bytes that were taken these encrypted ones stand for: in the end all of a lump.
        if self._inner.gone:
            self._find_gone()
            return 0
        count = min(sent, self._passing) if self._inner.waiting else self._passing
        self._passing -= count
        self._queued -= count
        return count

    def _pass_on(self) -> None:
        # What OpenSSL has to say by itself: parts of the handshake, alerts, answers to a change of keys.
        if self._outgoing.pending:
            self._inner.send([self._outgoing.read()])
            self._find_gone()
            self.waiting = self._inner.waiting or bool(self._outbox)

    def _find_gone(self) -> bool:
        if self._inner.gone:
            self.gone = self.gone or self._inner.gone
            self._drop()
        return bool(self.gone)

    def _end(self, error: ssl.SSLError) -> bytes:
        if isinstance(error, ssl.SSLZeroReturnError):  # both ends have said goodbye
            self._ended = True
        else:
            self._pass_on()
            self.gone = self.gone or f"TLS broke: {explain(error)}"
            self._drop()
        return b""

    def _drop(self) -> None:
        discard(self._outbox)
        self._queued = self._passing = 0
        self.waiting = False

    def shorten(self) -> None:
        self._inner.shorten()

    def finish(self) -> None:
        self._say_goodbye()
        if not self._inner.waiting:
            self._inner.finish()
            self._find_gone()

    def close(self) -> None:
        self._say_goodbye()
        self._inner.close()
        self._let_go()

    def abort(self) -> None:
        self._inner.abort()
        self._let_go()

    def _let_go(self) -> None:
        # OpenSSL's state is large, and who holds the link may be one that waits for the collector of cycles.
        self.gone = self.gone or "closed"
        self._drop()
        self._ready = self.held = False
        self._tls = self._incoming = self._outgoing = None  # type: ignore[assignment]  # nothing that is `gone` uses it

    def _say_goodbye(self) -> None:
        # Not behind an answer that was dropped: without it the peer sees that something is missing.
        if not self._ready or self.gone or self.waiting:
            return
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # it would wait for the peer's
        self._pass_on()


def _failed(error: ssl.SSLError) -> HandshakeFailed:
    unproved = isinstance(error, ssl.SSLCertVerificationError) or error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    return HandshakeFailed(explain(error), unproved)
