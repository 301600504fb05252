"""Files that change while they are sent: what a client gets is right, or it is told that it is not."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from curl import BROKEN, digest, downloading, fetch
from serving import Serving, serving

pytestmark = [pytest.mark.live, pytest.mark.timeout(60)]

# More than any socket's buffers hold: a curl whose output nobody reads is the slowest client of all, and the server
# waits in the middle of the file.
OLD = b"old." * (12 << 20)


def replaced(path: Path) -> None:
    (path.parent / "new").write_bytes(b"new" * 1000)
    os.replace(path.parent / "new", path)


def truncated(path: Path) -> None:
    os.truncate(path, len(OLD) - 1)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def grown(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


def overwritten(path: Path) -> None:
    before = path.stat()
    with open(path, "r+b") as file:
        file.seek(-100_000, os.SEEK_END)
        file.write(b"new" * 30_000)
    # As if nothing had happened.
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Path]]:
    folder = tmp_path_factory.mktemp("changing")
    with serving(folder, noted="GET /changes.bin: the file changed while it was sent") as server:
        yield server, folder


@pytest.mark.parametrize("change", [replaced, Path.unlink], ids=["replaced", "removed"])
def test_a_file_that_gives_way_is_sent_to_its_end(
    changing: tuple[Serving, Path], change: Callable[[Path], None]
) -> None:
    server, folder = changing
    path = folder / "gives-way.bin"
    path.write_bytes(OLD)
    with downloading(f"{server.url}/{path.name}") as download:
        begun = download.take(100_000)
        change(path)
        status, rest = download.rest()
    assert (status, digest(begun + rest)) == (0, digest(OLD))
    after = fetch(f"{server.url}/{path.name}")
    assert after.status == (200 if path.exists() else 404)
    assert after.status == 404 or after.body == path.read_bytes()


@pytest.mark.parametrize("change", [truncated, emptied, grown, overwritten])
@pytest.mark.parametrize("wanted", [[], ["--range", "1000-"]], ids=["whole", "part"])
def test_a_file_that_changes_in_its_place_is_never_taken_for_whole(
    changing: tuple[Serving, Path], change: Callable[[Path], None], wanted: list[str]
) -> None:
    server, folder = changing
    path = folder / "changes.bin"
    path.write_bytes(OLD)
    with downloading(f"{server.url}/{path.name}", *wanted) as download:
        begun = download.take(100_000)
        change(path)
        status, rest = download.rest()
    assert status in BROKEN
    assert OLD.startswith(begun)
    assert len(begun + rest) < len(OLD) - 1000 * bool(wanted)
    after = fetch(f"{server.url}/{path.name}")
    assert (after.status, digest(after.body)) == (200, digest(path.read_bytes()))
