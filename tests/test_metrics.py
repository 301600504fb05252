"""What is counted is right, across workers, and Prometheus' own parser reads how it is told."""

import pytest
from conversing import HELLO, Later, Stage, hello, request
from prometheus_client.parser import text_string_to_metric_families
from websocketing import VERSIONS, SocketClient

from nowhere import Nowhere
from pellucid.apps.websocket import WebSocket
from pellucid.message import Headers, Request, Response
from pellucid.metrics import CELLS, REASON_SIZE, REASONS, REFUSED, Metrics, add, reason_of, spell
from pellucid.protocol.websocket.events import Closed
from pellucid.server.exchange import Exchange
from pellucid.server.timeouts import Patience
from pellucid.watch import Watch


def row() -> memoryview:
    return memoryview(bytearray(CELLS * 8)).cast("Q")


def told(text: str) -> dict[str, float]:
    """Each sample by its name with its labels, as the parser of Prometheus' own client has read it."""
    samples: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type in ("counter", "gauge", "histogram")
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            key = f"{sample.name.removeprefix('pellucid_')}{{{labels}}}" if labels else sample.name[9:]
            assert key not in samples
            samples[key] = sample.value
    return samples


def ended(method: str = "GET", status: int = 200, seconds: float = 0.0) -> Exchange:
    exchange = Exchange(Request(method, b"/", b"/", b"", b"x", Headers()), Nowhere(), 1, 100.0)
    if status:
        exchange.response = Response(status)
    exchange.finished = 100.0 + seconds
    return exchange


def counted(*exchanges: Exchange) -> dict[str, float]:
    cells, watch = row(), Watch()
    Metrics(cells, watch)
    for exchange in exchanges:
        watch.tell(watch.begun, exchange)
        watch.tell(watch.ended, exchange)
    assert watch.ended, "the observer has failed"
    return told(spell({"1": cells}))


@pytest.mark.parametrize(
    ("method", "status", "labels"),
    [
        ("GET", 200, "method=GET,status=2xx"),
        ("HEAD", 304, "method=HEAD,status=3xx"),
        ("POST", 0, "method=POST,status=none"),
        ("QUERY", 404, "method=QUERY,status=4xx"),
        ("CONNECT", 101, "method=CONNECT,status=1xx"),
        ("BREW", 503, "method=other,status=5xx"),
        ("", 400, "method=other,status=4xx"),
        ("GET", 999, "method=GET,status=5xx"),
        ("GET", 7, "method=GET,status=1xx"),
    ],
)
def test_a_request_counts_by_its_method_and_its_kind_of_status(method: str, status: int, labels: str) -> None:
    samples = counted(ended(method, status), ended(method, status))
    assert samples[f"requests_total{{{labels}}}"] == 2
    assert samples["request_duration_seconds_count"] == 2
    assert samples["requests_in_flight{worker=1}"] == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_websockets_are_counted_while_they_are_open(version: str) -> None:
    cells, watch = row(), Watch()
    Metrics(cells, watch)

    def app(exchange: Exchange) -> None:
        WebSocket.accept(exchange)

    def open_now() -> float:
        assert watch.ended, "the observer has failed"
        return told(spell({"1": cells}))["websockets{worker=1}"]

    stage = Stage(app, watch=watch)
    first, second = SocketClient(stage, version), SocketClient(stage, version)
    assert SocketClient(stage, version, Sec_WebSocket_Version="8").status in (400, 426)
    assert open_now() == 2
    first.say(Closed(1000))
    assert open_now() == 1
    second.carried.vanish()
    assert open_now() == 0


@pytest.mark.parametrize(
    ("method", "version", "label"),
    [("GET", "1.0", "1.0"), ("GET", "1.1", "1.1"), ("GET", "2", "2"), ("GET", "0.9", "other"), ("", "1.1", "other")],
)
def test_a_request_counts_by_its_version(method: str, version: str, label: str) -> None:
    exchange = ended(method)
    exchange.request.version = version
    samples = counted(exchange)
    assert samples[f"requests_by_version_total{{version={label}}}"] == 1
    assert sum(value for name, value in samples.items() if name.startswith("requests_by_version_total")) == 1


def test_durations_fall_into_the_buckets_that_hold_them() -> None:
    samples = counted(*(ended(seconds=seconds) for seconds in (0.0, 0.005, 0.0051, 1.0, 9.0, 11.0, -1.0)))
    assert [samples[f"request_duration_seconds_bucket{{le={le}}}"] for le in ("0.005", "0.01", "1.0", "10.0")] == [
        3, 4, 5, 6,
    ]  # fmt: skip
    assert samples["request_duration_seconds_bucket{le=+Inf}"] == samples["request_duration_seconds_count"] == 7
    assert samples["request_duration_seconds_sum"] == pytest.approx(21.0101)


def test_a_whole_conversation_is_counted() -> None:
    cells, watch, app = row(), Watch(), Later()
    Metrics(cells, watch)
    stage = Stage(app, watch=watch)
    client, other = stage.client(), stage.client()
    client.talk(HELLO)
    samples = told(spell({"7": cells}))
    assert (samples["requests_in_flight{worker=7}"], samples["connections{worker=7}"]) == (1, 2)
    stage.clock.advance(2.0)
    app.last.respond(Response(200), b"well")
    client.talk()
    client.link.close()
    other.link.close()
    stage.settle()
    samples = told(spell({"7": cells}))
    assert (samples["requests_in_flight{worker=7}"], samples["connections{worker=7}"]) == (0, 0)
    assert samples["connections_total"] == 2
    assert samples["requests_total{method=GET,status=2xx}"] == 1
    assert samples["request_duration_seconds_sum"] == 2.0
    assert samples["received_bytes_total"] == len(HELLO)
    assert samples["sent_bytes_total"] == len(client.got)


def test_refusals_are_counted_by_the_limit_or_the_rule() -> None:
    cells, watch = row(), Watch()
    Metrics(cells, watch)
    stage = Stage(hello, watch=watch, patience=Patience(head_time=1.0))
    stage.client().talk(b"GET / HTTP/1.1\r\n\r\n")
    stage.client().talk(request(Host="y"))
    stage.client().talk(b"GET")
    stage.wait(2.0)
    samples = told(spell({"1": cells}))
    assert {name: value for name, value in samples.items() if name.startswith("refused")} == {
        "refused_total{reason=RFC 9112 3.2}": 2,
        "refused_total{reason=head-time}": 1,
    }
    assert samples["requests_total{method=other,status=4xx}"] == 3


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("the request came too slowly: head-time (RFC 9110 15.5.9)", "head-time"),
        ("connections-per-address: 512 from this address are open already", "connections-per-address"),
        ("no Host field (RFC 9112 3.2)", "RFC 9112 3.2"),
        ("a head of more than 32768 bytes: head-size (RFC 6585 5)", "head-size"),
        ("more than 500 resets: h2-resets", "h2-resets"),
        ("", "other"),
        ("no idea", "other"),
        ('RFC "9\n', "other"),
        ("RFC " + "9" * 40 + " 3", "other"),
    ],
)
def test_a_reason_is_a_limit_or_a_rule_or_other(why: str, reason: str) -> None:
    assert reason_of(why) == reason


def test_reasons_are_bounded_and_the_rest_is_other() -> None:
    cells, watch = row(), Watch()
    Metrics(cells, watch)
    for number in range(REASONS + 10):
        for _ in range(2):
            watch.tell(watch.refused, None, 400, f"wrong (RFC 9110 {number})")
    watch.tell(watch.refused, None, 400, "nothing known")
    samples = told(spell({"1": cells}))
    refused = {name: value for name, value in samples.items() if name.startswith("refused")}
    assert len(refused) == REASONS
    assert refused["refused_total{reason=other}"] == 11 * 2 + 1
    assert refused[f"refused_total{{reason=RFC 9110 {REASONS - 2}}}"] == 2


def test_workers_are_summed_and_those_that_have_ended_are_not_forgotten() -> None:
    first, second, gone, total = row(), row(), row(), row()
    for cells, reasons in ((first, "ab"), (second, "bc"), (gone, "ca")):
        watch = Watch()
        metrics = Metrics(cells, watch)
        watch.tell(watch.opened, None)
        watch.tell(watch.begun, ended())
        watch.tell(watch.begun, ended())
        watch.tell(watch.ended, ended(seconds=0.5))
        metrics.lag(0.02)
        for letter in reasons:
            watch.tell(watch.refused, None, 400, f"(RFC 9110 {ord(letter)})")
    add(total, gone)
    add(total, row())
    again, watch = row(), Watch()
    Metrics(again, watch)
    watch.tell(watch.refused, None, 400, "(RFC 9110 97)")
    add(total, again)
    samples = told(spell({"1": first, "2": second}, total, {"start": 2, "crash": 1}))
    assert samples["requests_total{method=GET,status=2xx}"] == 3
    assert samples["connections_total"] == 3
    assert samples["request_duration_seconds_sum"] == 1.5
    assert samples["loop_lag_seconds_count"] == 3
    assert (samples["connections{worker=1}"], samples["connections{worker=2}"]) == (1, 1)
    assert samples["requests_in_flight{worker=1}"] == 1
    assert "connections{worker=3}" not in samples
    assert [samples[f"refused_total{{reason=RFC 9110 {code}}}"] for code in (97, 98, 99)] == [3, 2, 2]
    assert (samples["worker_starts_total{cause=crash}"], samples["worker_starts_total{cause=start}"]) == (1, 2)


def test_lags_are_a_histogram() -> None:
    cells = row()
    metrics = Metrics(cells, Watch())
    for seconds in (-0.5, 0.0, 0.002, 60.0):
        metrics.lag(seconds)
    samples = told(spell({"1": cells}))
    assert samples["loop_lag_seconds_bucket{le=0.001}"] == 2
    assert samples["loop_lag_seconds_bucket{le=5.0}"] == 3
    assert samples["loop_lag_seconds_bucket{le=+Inf}"] == 4
    assert samples["loop_lag_seconds_sum"] == pytest.approx(60.002)


def test_labels_are_escaped() -> None:
    text = spell({'a"b\\c\nd': row()})
    assert 'pellucid_connections{worker="a\\"b\\\\c\\nd"} 0' in text
    assert told(text)['connections{worker=a"b\\c\nd}'] == 0


def test_what_is_counted_stays_within_its_row() -> None:
    cells, watch = row(), Watch()
    Metrics(cells, watch)
    watch.tell(watch.refused, None, 400, "(RFC 9110 1)")
    assert bytes(cells.cast("B")[-REASON_SIZE:]) == bytes(REASON_SIZE)
    assert cells[REFUSED] == 1
    for wrong in (memoryview(bytearray(8 * CELLS)), row()[1:]):
        with pytest.raises(ValueError, match=f"metrics need {CELLS} cells"):
            Metrics(wrong, watch)
