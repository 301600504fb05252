"""A place can be closed for a while, by a setting or by a file, and not to those who work there."""

import os
from pathlib import Path
from typing import Any

import pytest
from carrying import request

from nowhere import Nowhere
from pellucid.features.feature import Ground
from pellucid.features.maintenance import Maintenance, MaintenanceSettings, maintenance_feature
from pellucid.net.reactor import Reactor
from pellucid.server.exchange import Exchange

OPEN = (0, "", b"")


def place(here: Path, notes: list[str] | None = None, **chosen: Any) -> Maintenance:
    notes = [] if notes is None else notes
    return Maintenance(
        MaintenanceSettings(**chosen), Ground(Reactor(), lambda level, text: notes.append(text), str(here))
    )


def asked(place: Maintenance, at: float = 0.0, peer: str = "192.0.2.1") -> tuple[int, str, Any]:
    carrier = Nowhere(peer)
    carrier.now = at
    exchange = Exchange(request(), carrier, 1, at)
    place.ask(exchange)
    kind = b"" if exchange.response is None else exchange.response.headers.get(b"content-type") or b""
    return exchange.status, kind.decode().partition(";")[0], exchange.body


def test_without_the_settings_there_is_no_feature(tmp_path: Path) -> None:
    ground = Ground(Reactor(), lambda level, text: None, str(tmp_path))
    assert maintenance_feature(MaintenanceSettings(maintenance_except=("10.0.0.1",)), ground) is None
    assert maintenance_feature(MaintenanceSettings("x"), ground) is not None


def test_a_text_closes_the_place(tmp_path: Path) -> None:
    assert asked(place(tmp_path, maintenance="Back at eight")) == (503, "text/plain", b"Back at eight\n")


@pytest.mark.parametrize(("seconds", "expected"), [(300.0, b"300"), (0.2, b"1"), (0.0, None)])
def test_clients_are_told_when_to_come_again_and_caches_keep_nothing(
    seconds: float, expected: bytes | None, tmp_path: Path
) -> None:
    exchange = Exchange(request(), Nowhere(), 1, 0.0)
    place(tmp_path, maintenance="x", maintenance_for=seconds).ask(exchange)
    assert exchange.response is not None
    assert exchange.response.headers.get(b"retry-after") == expected
    assert exchange.response.headers.get(b"cache-control") == b"no-store"
    assert exchange.why == "maintenance"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("closed", b"Soon", ("text/plain", b"Soon\n")),
        ("closed.html", b"<p>Soon</p>\n", ("text/html", b"<p>Soon</p>\n")),
        ("closed", b"", ("text/plain", b"503 Service Unavailable\n")),
    ],
)
def test_a_file_closes_the_place_as_long_as_it_is_there(
    name: str, content: bytes, expected: tuple[str, bytes], tmp_path: Path
) -> None:
    shop = place(tmp_path, maintenance_file=name)
    assert asked(shop, 10.0) == OPEN
    (tmp_path / name).write_bytes(content)
    assert asked(shop, 10.9) == OPEN  # it was looked for a moment ago
    assert asked(shop, 11.0) == (503, *expected)
    (tmp_path / name).write_bytes(b"Other words")
    assert asked(shop, 12.0)[2] == b"Other words\n"
    (tmp_path / name).unlink()
    assert asked(shop, 13.0) == OPEN


def test_where_both_are_there_the_file_says_more(tmp_path: Path) -> None:
    shop = place(tmp_path, maintenance="text", maintenance_file="closed")
    assert asked(shop, 1.0)[2] == b"text\n"
    (tmp_path / "closed").write_text("file")
    assert asked(shop, 2.0)[2] == b"file\n"
    (tmp_path / "closed").unlink()
    assert asked(shop, 3.0)[2] == b"text\n"


def test_a_file_that_cannot_be_read_closes_the_place_all_the_same_and_is_told_once(tmp_path: Path) -> None:
    notes: list[str] = []
    shop = place(tmp_path, notes, maintenance_file="closed")
    os.mkdir(tmp_path / "closed")  # which root cannot read either
    for at in (1.0, 2.0, 3.0):
        assert asked(shop, at) == (503, "text/plain", b"503 Service Unavailable\n")
    assert notes == [f"the maintenance-file {tmp_path / 'closed'} cannot be read: Is a directory"]
    os.rmdir(tmp_path / "closed")
    assert asked(shop, 4.0) == OPEN


@pytest.mark.parametrize(
    ("peer", "inside"), [("10.1.2.3", True), ("192.0.2.9", True), ("192.0.2.1", False), ("", False)]
)
def test_those_who_work_there_get_in(peer: str, inside: bool, tmp_path: Path) -> None:
    shop = place(tmp_path, maintenance="x", maintenance_except=("10.0.0.0/8,192.0.2.9",))
    assert (asked(shop, peer=peer) == OPEN) is inside


def test_who_is_no_network_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="maintenance-except: 'everybody' is no network"):
        place(tmp_path, maintenance="x", maintenance_except=("everybody",))
