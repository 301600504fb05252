"""What the server notes becomes lines that cannot be forged and cannot flood."""

import json

import pytest

from pellucid.eventlog import LEVELS, EventLog, EventLogSettings, spell

NOON = 1_795_348_800.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a client was cut: head-time", "a client was cut: head-time"),
        ("an é and a €", "an é and a €"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\rb\tc\x7f", r"a\rb\tc\x7f"),
        ("odd \udc80 half and \u202e turn", r"odd \udc80 half and \u202e turn"),
        ("Traceback:\n  File x\n2026-11-22T12:00:00Z error: forged\n",
         "Traceback:\n      File x\n    2026-11-22T12:00:00Z error: forged"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_text_keeps_its_lines_and_loses_its_teeth(text: str, expected: str) -> None:
    assert spell(text) == expected


def test_a_note_has_time_level_and_text() -> None:
    lines: list[str] = []
    EventLog(lines.append, clock=lambda: NOON).noted("warning", "no descriptor is left")
    assert lines == ["2026-11-22T12:00:00Z warning: no descriptor is left"]


@pytest.mark.parametrize(
    ("log_level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error", "critical"]),
        ("info", ["info", "warning", "error", "critical"]),
        ("error", ["error", "critical"]),
    ],
)
def test_only_what_matters_enough_is_written(log_level: str, heard: list[str]) -> None:
    lines: list[str] = []
    log = EventLog(lines.append, log_level, clock=lambda: NOON)
    for level in [*LEVELS, "critical"]:
        log.noted(level, "text")
    assert [line.split()[1] for line in lines] == [f"{level}:" for level in heard]


def test_a_worker_puts_its_name_into_its_notes() -> None:
    lines: list[str] = []
    EventLog(lines.append, clock=lambda: NOON, worker="2").noted("info", "ready")
    assert lines == ["2026-11-22T12:00:00Z info worker 2: ready"]


@pytest.mark.parametrize(
    ("worker", "level", "text"),
    [
        ("", "info", "ready"),
        ("2", "error", 'a\nb "c" \x1b[31m\x7f\u2028\udc80 é'),
        ("\x1b\x7f", 'crit\x7fical"', "odd names"),
    ],
)
def test_json_holds_a_note_in_one_line_of_plain_ascii(worker: str, level: str, text: str) -> None:
    lines: list[str] = []
    EventLog(lines.append, log_format="json", clock=lambda: NOON, worker=worker).noted(level, text)
    (line,) = lines
    assert line.isascii()
    assert line.isprintable()
    expected = {"time": "2026-11-22T12:00:00Z", "level": level, "message": text}
    assert json.loads(line) == (expected | {"worker": worker} if worker else expected)


def test_json_counts_what_it_leaves_out() -> None:
    lines: list[str] = []
    log = EventLog(lines.append, log_format="json", clock=lambda: NOON, flood=0)
    log.noted("error", "one")
    log.tell_unheard()
    assert [json.loads(line)["message"] for line in lines] == ["notes left out in this second: 1"]


def test_a_format_that_is_none_is_explained() -> None:
    with pytest.raises(ValueError, match="unknown log format 'xml': it is text or json"):
        EventLog(print, log_format="xml")


def test_a_level_that_is_none_is_explained() -> None:
    with pytest.raises(ValueError, match="unknown log level 'loud': it is debug, info, warning or error"):
        EventLog(print, "loud")


def test_a_flood_is_counted_instead_of_written() -> None:
    now = [NOON]
    lines: list[str] = []
    log = EventLog(lines.append, clock=lambda: now[0], flood=2)
    for number in range(5):
        log.noted("error", f"note {number}")
    now[0] += 1
    log.noted("error", "quiet again")
    assert lines == [
        "2026-11-22T12:00:00Z error: note 0",
        "2026-11-22T12:00:00Z error: note 1",
        "2026-11-22T12:00:00Z warning: notes left out in this second: 3",
        "2026-11-22T12:00:01Z error: quiet again",
    ]


def test_what_was_left_out_is_told_at_the_end_too() -> None:
    lines: list[str] = []
    log = EventLog(lines.append, clock=lambda: NOON, flood=0)
    log.noted("error", "one")
    log.tell_unheard()
    log.tell_unheard()
    assert lines == ["2026-11-22T12:00:00Z warning: notes left out in this second: 1"]


def test_the_default_level_is_one() -> None:
    assert EventLogSettings().log_level in LEVELS
