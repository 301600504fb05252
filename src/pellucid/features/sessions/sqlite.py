"""Sessions in a file of SQLite, which all workers of a machine share, and which is there after a restart.

It is written ahead in a log (WAL), so that whoever reads is not held up by whoever writes. Reading takes microseconds
and happens wherever it is asked, with little patience; writing has a thread of its own, and more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Sequence

from pellucid.features.sessions.records import Change, Clean, Give, Operation, Record, Take, Unkept, settle

READING = 0.05
"""How long a read waits where the file is locked, in seconds: it may be the loop that waits."""

WRITING = 5.0
"""How long a write waits for those of others, in seconds."""

VERSION = 1
"""Of the tables; kept in the file, as is who has made it."""

APPLICATION = 0x50656C6C

NO_FILE = (0, 0)

BESIDE = ("-wal", "-shm")
"""What SQLite puts beside a file."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    name BLOB PRIMARY KEY, data TEXT NOT NULL, version INTEGER NOT NULL, begun REAL NOT NULL, used REAL NOT NULL,
    ends REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_ends ON session (ends);
CREATE TABLE IF NOT EXISTS turn (name BLOB PRIMARY KEY, owner TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
"""

READ = "SELECT data, version, begun, used FROM session WHERE name = ?"


class SqliteStore:
    """A store in this file, which is made for its owner alone where it is not there. ValueError where that cannot be.

    `read` is for any thread, `apply` for one at a time. `note` is told of what is not as it should be.
    """

    __slots__ = ("_file", "_key", "_lock", "_note", "_path", "_reading", "_shown", "_writing")

    near = True
    instant = False

    def __init__(self, path: str, shown: str, note: Callable[[str, str], None]) -> None:
        self._path = path
        self._shown = shown
        self._note = note
        self._lock = threading.Lock()
        self._key = ""
        try:
            self._open()
        except (OSError, sqlite3.Error) as error:
            raise ValueError(f"sessions cannot be kept in {shown!r}: {_reason(error)}") from None

    @property
    def key(self) -> str:
        """The key that signs the cookies where nobody has chosen one: made once, and kept in the file."""
        try:
            self._leave_key(secrets.token_urlsafe(32))
            (key,) = self._writing.execute("SELECT value FROM fact WHERE name = 'key'").fetchone()
        except sqlite3.Error as error:
            raise ValueError(f"sessions cannot be kept in {self._shown!r}: {_reason(error)}") from None
        self._key = str(key)
        return self._key

    def read(self, name: bytes) -> Record | None:
        """The session of this name. Raises Unkept."""
        try:
            with self._lock:
                row = self._reading.execute(READ, (name,)).fetchone()
        except sqlite3.Error as error:
            raise self._unkept(error) from None
        return Record(*row) if row is not None else None

    def apply(self, operations: Sequence[Operation]) -> list[bool]:
        """Carry them out, all or none; whether each one came to something. Raises Unkept."""
        try:
            self._follow()
            connection = self._writing
            connection.execute("BEGIN IMMEDIATE")
            try:
                results = [self._apply(operation) for operation in operations]
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # some errors have ended it already
                    connection.execute("ROLLBACK")
                raise
        except (OSError, sqlite3.Error) as error:
            raise self._unkept(error) from None
        return results

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._reading.close()
        self._writing.close()

    # Beginning

    def _open(self) -> None:
        with _alone_in(os.path.dirname(self._path)):
            status = _make(self._path)
            writing = self._connect(WRITING)
            try:
                _prepare(writing)
                reading = self._connect(READING)
                reading.execute(READ, (b"",)).fetchone()  # else what is beside the file would be opened much later
            except BaseException:
                writing.close()
                raise
        self._writing, self._reading = writing, reading
        self._file = status.st_dev, status.st_ino
        if status.st_mode & 0o077:
            shown = self._shown
            self._note("warning", f"others on this machine may read the sessions in {shown!r}: chmod 600 {shown}")

    def _follow(self) -> None:
        # Whoever takes the file away ends all sessions; the workers, and those that begin later, share a new one then.
        try:
            status = os.stat(self._path)
            found = status.st_dev, status.st_ino
        except FileNotFoundError:
            found = NO_FILE
        if found == NO_FILE or found != self._file:
            before = self._reading, self._writing
            self._file = NO_FILE  # until there is one that can be opened: another may get the same number
            try:
                self._open()
            finally:
                with self._lock:  # not longer than that, since the loop reads
                    before[0].close()
                before[1].close()
            if self._key:  # which goes on signing here, and is to be believed by workers that begin later
                self._leave_key(self._key)

    def _leave_key(self, key: str) -> None:
        self._writing.execute("INSERT OR IGNORE INTO fact VALUES ('key', ?)", (key,))

    def _connect(self, patience: float) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=patience, isolation_level=None, check_same_thread=False)

    # Writing

    def _apply(self, operation: Operation) -> bool:
        if isinstance(operation, Change):
            return self._change(operation)
        if isinstance(operation, Take):
            return self._take(operation)
        if isinstance(operation, Clean):
            return self._clean(operation)
        assert isinstance(operation, Give)
        self._writing.execute("DELETE FROM turn WHERE name = ? AND owner = ?", (operation.name, operation.owner))
        return True

    def _change(self, change: Change) -> bool:
        writing = self._writing
        row = writing.execute(READ, (change.before or change.name,)).fetchone()
        record = settle(change, Record(*row) if row is not None else None)
        if record is None or change.before:
            writing.execute("DELETE FROM session WHERE name = ?", (change.before or change.name,))
        if record is None:
            return False
        writing.execute(
            "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?)",
            (change.name, record.data, record.version, record.begun, record.used, change.ends),
        )
        return True

    def _take(self, take: Take) -> bool:
        # Nobody has one that lasts longer than this, unless the clock was put back meanwhile.
        done = self._writing.execute(
            "INSERT INTO turn VALUES (:name, :owner, :until) ON CONFLICT (name) "
            "DO UPDATE SET owner = :owner, until = :until WHERE owner = :owner OR until <= :now OR until > :most",
            {
                "name": take.name,
                "owner": take.owner,
                "until": take.until,
                "now": take.now,
                "most": take.until + (take.until - take.now),
            },
        )
        return done.rowcount == 1

    def _clean(self, clean: Clean) -> bool:
        # One worker at a time: whoever comes first says so in the same transaction.
        writing = self._writing
        row = writing.execute("SELECT value FROM fact WHERE name = 'cleaned'").fetchone()
        if row is not None and clean.before < row[0] <= clean.now:
            return False
        gone = writing.execute(
            "DELETE FROM session WHERE name IN (SELECT name FROM session WHERE ends <= ? ORDER BY ends LIMIT ?)",
            (clean.now, clean.most),
        ).rowcount
        writing.execute("DELETE FROM turn WHERE until <= ?", (clean.now,))
        if gone < clean.most:
            writing.execute("INSERT OR REPLACE INTO fact VALUES ('cleaned', ?)", (clean.now,))
        return gone == clean.most

    def _unkept(self, error: OSError | sqlite3.Error) -> Unkept:
        return Unkept(f"sessions in {self._shown!r}: {_reason(error)}")


@contextlib.contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    # Workers begin at the same moment, and what makes a file one of ours takes several steps.
    try:
        fd = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise OSError(0, f"there is no folder {folder!r}") from None
    try:
        with contextlib.suppress(OSError):  # some file systems know no such locks
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _prepare(writing: sqlite3.Connection) -> None:
    (application,) = writing.execute("PRAGMA application_id").fetchone()
    (version,) = writing.execute("PRAGMA user_version").fetchone()
    (tables,) = writing.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and (application, version) != (APPLICATION, VERSION):
        raise sqlite3.DatabaseError("the file holds something else")
    (mode,) = writing.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise sqlite3.DatabaseError("the file system does not let several processes share it")
    # A crash of the machine may take the last writes with it, and leaves the file whole.
    writing.execute("PRAGMA synchronous = NORMAL")
    writing.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA.split(";"):
        writing.execute(statement)
    writing.execute(f"PRAGMA application_id = {APPLICATION}")
    writing.execute(f"PRAGMA user_version = {VERSION}")
    writing.execute("COMMIT")


def _make(path: str) -> os.stat_result:
    # The file, made for its owner alone where it is not there; what SQLite puts beside it has the same permissions. One
    # that is there is not opened here: to close it would take the locks away that SQLite may have on it.
    try:
        if not os.path.lexists(path):
            _tidy(path)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except FileNotFoundError:
        raise OSError(0, f"there is no folder {os.path.dirname(path)!r}") from None
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is no file")
    return status


def _tidy(path: str) -> None:
    # What is left of a file that was taken away alone: it would spoil the new one.
    for ending in BESIDE:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + ending)


def _reason(error: OSError | sqlite3.Error) -> str:
    return ((error.strerror if isinstance(error, OSError) else "") or str(error)).lower()
