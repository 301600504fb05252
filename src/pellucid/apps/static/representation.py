"""One content of a file in one coding, with the heads that tell of it; it knows a path and an identity, no request."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

from pellucid.apps.static.beneath import open_file
from pellucid.errors import FileChanged
from pellucid.message import Field, Headers, Response
from pellucid.piece import OpenFile, identify
from pellucid.semantics.dates import format_date

# A file of at most so many bytes is read whole, and kept.
SMALL = 65536

# Builds that can be repeated give all their files one date, long ago: second 0 or 1 of the system's calendar, or the
# first day of 1980, where that of archives begins. Such a date stays when the content changes, so it dates nothing.
UNDATED = 315_619_200

# A write carries the time of its beginning, by a clock that ticks every few milliseconds: so soon after a change there
# may come more of the same time and size. In seconds.
RESTLESS = 0.05

NOSNIFF: Field = (b"x-content-type-options", b"nosniff")

# What a 304 must repeat (RFC 9110 section 15.4.5), and what all answers of this app say.
UNCHANGED = (b"cache-control", b"etag", b"vary", NOSNIFF[0])


@dataclass(frozen=True, slots=True)
class Coding:
    """A content coding and how its files are named."""

    name: bytes
    ending: bytes


# In the order of preference: the smaller the better, where all three were made with care.
CODINGS = (Coding(b"br", b".br"), Coding(b"zstd", b".zst"), Coding(b"gzip", b".gz"))
PLAIN = Coding(b"", b"")


class Representation:
    """A content that can be answered: its length, validators, and ready heads; the body once somebody asked for it.

    `path` is where it stands, from the root; `checked` the moment at which its identity was last seen there.
    """

    __slots__ = (
        "body",
        "checked",
        "coding",
        "content_type",
        "identity",
        "modified",
        "path",
        "response",
        "size",
        "tag",
        "unchanged",
    )

    def __init__(self, path: bytes, status: os.stat_result, coding: Coding, fields: list[Field], now: float) -> None:
        self.path = path
        self.coding = coding.name
        self.identity = identify(status)
        self.size = status.st_size
        self.tag = entity_tag(status, coding, now)
        seconds = status.st_mtime_ns // 1_000_000_000
        # A date in the future must not be sent (RFC 9110 section 8.8.2.1), and would validate nothing; nor would a date
        # that is none.
        self.modified = seconds if UNDATED < seconds <= now else None
        self.content_type = fields[0][1]
        self.body: bytes | None = None
        self.checked = -1.0
        self._make_heads(fields)

    def _make_heads(self, fields: list[Field]) -> None:
        whole = [*fields, (b"etag", self.tag)]
        if self.modified is not None:
            whole.append((b"last-modified", format_date(self.modified)))
        if self.coding:
            whole.append((b"content-encoding", self.coding))
        self.response = Response(200, Headers(whole))
        self.unchanged = Response(304, Headers([field for field in whole if field[0] in UNCHANGED]))

    def open(self, root: int) -> OpenFile:
        """The file, open; FileChanged if it is another by now, OSError if it cannot be."""
        return open_file(self.path, root, self.identity)

    def read(self, root: int) -> bytes:
        """The whole content of one state of the file, which is then kept; FileChanged as for `open`."""
        if self.body is None:
            file = self.open(root)
            try:
                data = os.pread(file.fd, self.size, 0) if self.size else b""
                if len(data) != self.size or file.changed:
                    raise FileChanged(errno.ESTALE, "the file changed while it was read")
            finally:
                file.release()
            self.body = data
        return self.body

    def stands(self, root: int, now: float) -> bool:
        """Whether the file is still there as it was, looked at once for each moment `now`."""
        if self.checked != now:
            if not stands(self.path, self.identity, root):
                return False
            self.checked = now
        return True


def entity_tag(status: os.stat_result, coding: Coding = PLAIN, now: float = 0.0) -> bytes:
    """The strong tag of a file's content: when it was changed, its size, and its coding.

    No inode is in it: machines that hold copies with the same times give the same tag. A file that is UNDATED
    has the time of the last change that the system itself has noted, which nobody can set. A file that is RESTLESS at
    the moment `now` gets a tag of this moment alone, so that no later content is taken for this one.
    """
    dated = status.st_mtime_ns > UNDATED * 1_000_000_000
    changed = status.st_mtime_ns if dated else status.st_ctime_ns
    moment = b"-%x" % int(now * 1e9) if abs(now - changed / 1e9) < RESTLESS else b""
    return b'"%x-%x%b%b"' % (changed, status.st_size, coding.ending.replace(b".", b"-"), moment)


def stands(path: bytes, identity: tuple[int, ...], root: int) -> bool:
    """Whether a path from the root still leads to the file or folder of this identity."""
    try:
        return identify(os.stat(path, dir_fd=root)) == identity
    except OSError:
        return False
