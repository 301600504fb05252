"""What has only to be closed is ready at once, and closed at its end."""

from pellucid.server.life import Closing


def test_it_is_ready_at_once_and_closed_at_its_end() -> None:
    told: list[str] = []
    life = Closing(lambda: told.append("closed"))
    life.begin(lambda why: told.append(f"begun {why!r}"))
    life.end(lambda: told.append("ended"), 0.0)
    assert told == ["begun ''", "closed", "ended"]
