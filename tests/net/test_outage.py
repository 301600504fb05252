"""The log is told once that something is away, and once that it is back."""

from pellucid.net.outage import Outage


def test_each_change_is_told_once() -> None:
    notes: list[tuple[str, str]] = []
    outage = Outage(lambda level, text: notes.append((level, text)))
    outage.ends("it is back")
    for _ in range(2):
        outage.begins("it is away")
    assert outage.on
    for _ in range(2):
        outage.ends("it is back")
    assert not outage.on
    outage.begins("it is away again")
    assert notes == [("error", "it is away"), ("info", "it is back"), ("error", "it is away again")]
