"""What is told goes where it should: requests to standard output, notes to standard error."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pellucid import logs as module
from pellucid.logs import check_logs, logs
from pellucid.net.writer import count_lost
from pellucid.settings import Settings
from pellucid.watch import Watch


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The line writers that were made, instead of real ones."""
    made: list[Any] = []

    class Lines:
        def __init__(self, fd: int, lost: Callable[[int], str] = count_lost, shared: bool = False) -> None:
            self.fd = fd
            self.lost = lost
            self.shared = shared
            self.lines: list[str] = []
            self.closed = False
            made.append(self)

        def write(self, line: str) -> None:
            self.lines.append(line)

        def close(self, timeout: float) -> None:
            self.closed = True

    monkeypatch.setattr(module, "LineWriter", Lines)
    return made


def test_notes_go_to_standard_error_and_requests_to_standard_output(outputs: list[Any]) -> None:
    watch = Watch()
    with logs(watch, Settings({"log_level": "warning", "access_log": "{status}"})):
        errors, output = outputs
        assert (errors.fd, output.fd) == (2, 1)
        watch.note("warning", "listen")
        watch.note("info", "hush")
        (observer,) = watch.ended
        observer(type("Ended", (), {"status": 204})())
    assert [line.partition(" ")[2] for line in errors.lines] == ["warning: listen"]
    assert output.lines == ["204"]
    assert errors.closed
    assert output.closed
    assert watch.noted == []


def test_an_access_log_that_is_off_costs_nothing(outputs: list[Any]) -> None:
    watch = Watch()
    with logs(watch, Settings({"access_log": "off"})):
        assert watch.ended == []
    assert len(outputs) == 1


def test_a_refusal_is_told_once_by_the_access_log_or_else_by_a_note(outputs: list[Any]) -> None:
    connection = type("Peer", (), {"peer": "192.0.2.1"})()
    watch = Watch()
    with logs(watch, Settings({"access_log": "off"})):
        watch.tell(watch.refused, connection, 400, "no Host field (RFC 9112 3.2)")
    (errors,) = outputs
    assert [line.partition(" ")[2] for line in errors.lines] == [
        "info: 192.0.2.1 refused with 400: no Host field (RFC 9112 3.2)"
    ]
    watch = Watch()
    with logs(watch, Settings({"access_log": "common"})):
        assert watch.refused == []


def test_a_worker_puts_its_name_into_both_logs(outputs: list[Any]) -> None:
    watch = Watch()
    with logs(watch, Settings({"access_log": "{worker} {status}"}), worker="2"):
        errors, output = outputs
        watch.note("info", "ready")
        (observer,) = watch.ended
        observer(type("Ended", (), {"status": 204})())
    assert errors.lines[0].endswith(" info worker 2: ready")
    assert output.lines == ["2 204"]
    assert errors.shared is output.shared is True


def test_json_for_collectors_is_json_in_every_line(outputs: list[Any]) -> None:
    watch = Watch()
    with logs(watch, Settings({"log_format": "json", "access_log": "json"}), worker="2"):
        watch.note("warning", "listen")
    for writer in outputs:
        assert json.loads(writer.lost(3)) == {"lost": 3}
    told = json.loads(outputs[0].lines[0])
    assert (told["level"], told["worker"], told["message"]) == ("warning", "2", "listen")


@pytest.mark.parametrize("wrong", [{"log_format": "xml"}, {"log_level": "loud"}, {"access_log": "{nonsense}"}])
def test_a_setting_that_cannot_be_is_explained(outputs: list[Any], wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="unknown"), logs(Watch(), Settings(wrong)):
        pass
    with pytest.raises(ValueError, match="unknown"):
        check_logs(Settings(wrong))
    check_logs(Settings({"access_log": "off"}))
    check_logs(Settings())
