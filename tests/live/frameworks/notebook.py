"""What the six apps keep: notes in a database, files in a folder, marks for a test to read; knows no framework."""

import hashlib
import os
import sqlite3
from contextlib import closing
from html import escape
from pathlib import Path

FOLDER = Path(os.environ["NOTEBOOK"])
DATABASE = FOLDER / "notes.sqlite"
FILES = FOLDER / "files"
MARKED = ("x-notebook", "open")  # the field that each app's middleware adds to its answers
SLOW = 0.1
"""How long a slow answer takes, in seconds: a client that does not wait for it has gone before it comes."""


class Unknown(LookupError):
    """There is no such note; an app's exception handler makes an answer of it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"no note {number}")


def prepare() -> None:
    """Make the database and the folder, whichever worker comes first."""
    FILES.mkdir(exist_ok=True)
    with closing(sqlite3.connect(DATABASE)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")


def add(text: str) -> int:
    """The number of a new note."""
    with closing(sqlite3.connect(DATABASE)) as database, database:
        number = database.execute("INSERT INTO notes (text) VALUES (?)", [text]).lastrowid
    assert number is not None
    return number


def note(number: int) -> dict[str, object]:
    """A note as JSON has it; raises Unknown."""
    with closing(sqlite3.connect(DATABASE)) as database:
        row = database.execute("SELECT id, text FROM notes WHERE id = ?", [number]).fetchone()
    if row is None:
        raise Unknown(number)
    return {"id": row[0], "text": row[1]}


def texts() -> list[str]:
    """The texts of all notes."""
    with closing(sqlite3.connect(DATABASE)) as database:
        return [text for (text,) in database.execute("SELECT text FROM notes ORDER BY id")]


def page(notes: list[str]) -> str:
    """The page that shows notes, and the form for one more."""
    items = "".join(f"<li>{escape(text)}</li>" for text in notes)
    form = '<form method="post" action="/notes"><input name="text"><button>Note it</button></form>'
    return f"<!doctype html><title>Notebook</title><ul>{items}</ul>{form}"


def keep(name: str, content: bytes) -> dict[str, object]:
    """Store an uploaded file; what an app says of it."""
    (FILES / Path(name).name).write_bytes(content)
    return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def mark(text: str) -> None:
    """Leave a line where a test finds it after the server's end."""
    with open(FOLDER / "marks", "a", encoding="utf-8") as marks:
        marks.write(text + "\n")
