"""The pure parts of the bench: what it reads from wrk and from /proc, and what it makes of the figures."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "bench"))

import ab
import count
import h2load
import load
import measure
import sample
import sockets
import table
import workloads
from load import Ask
from pellucid.protocol.websocket.deflate import Deflate, Deflation
from pellucid.protocol.websocket.engine import WebSocket
from pellucid.protocol.websocket.limits import WebSocketLimits

WRK = """\
Running 2s test @ http://127.0.0.1:8000/page.html
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.02ms  301.07us   9.03ms   93.30%
Requests/sec:  60072.44
figures 120145 152584150 2000002 {errors}
"""


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ("0 0 0 0 0", ""),
        ("0 3 0 0 0", "3 read"),
        ("1 0 2 404 5", "1 connect, 2 write, 404 status, 5 timeout"),
    ],
)
def test_the_figures_of_wrk_are_read_with_its_errors(errors: str, said: str) -> None:
    assert load.parse(WRK.format(errors=errors)) == load.Load(120145, 152584150, 2.000002, said)


def test_a_report_without_figures_is_a_failure_that_shows_it() -> None:
    with pytest.raises(load.Failed, match="unable to connect"):
        load.parse("unable to connect to 127.0.0.1:8000 Connection refused\n")


H2LOAD = """\
starting benchmark...
Application protocol: h2c

finished in {took}, 68332.00 req/s, 4.63MB/s
requests: 68336 total, 68588 started, 68336 done, 68332 succeeded, {failed} failed, 0 errored, 0 timeout
status codes: 68332 2xx, 0 3xx, {failed} 4xx, 0 5xx
traffic: 4.63MB (4851964) total, 3.13MB (3279936) headers (space savings 51.02%), 333.65KB (341660) data
                     min         max         mean         sd        +/- sd
time for request:      120us     10.34ms      3.70ms      1.19ms    76.79%
"""


@pytest.mark.parametrize(
    ("took", "seconds", "failed", "errors"),
    [
        ("1.00s", 1.0, 0, ""),
        ("850.25ms", 0.85025, 0, ""),
        ("2s", 2.0, 4, "4 failed, 4 4xx"),
    ],
)
def test_the_figures_of_h2load_are_read_with_its_errors(took: str, seconds: float, failed: int, errors: str) -> None:
    told = h2load.parse(H2LOAD.format(took=took, failed=failed))
    assert (told.requests, told.received, told.errors) == (68332, 341660, errors)
    assert told.seconds == pytest.approx(seconds)


AB = """\
This is ApacheBench, Version 2.3 <$Revision$>
Server Hostname:        127.0.0.1
SSL/TLS Protocol:       TLSv1.3,TLS_AES_256_GCM_SHA384,256,256
Document Length:        5 bytes

Time taken for tests:   2.001 seconds
Complete requests:      4344
Failed requests:        {failed}
   (Connect: 0, Receive: 0, Length: 1, Exceptions: 0)
{more}Total transferred:      673475 bytes
HTML transferred:       21725 bytes
Requests per second:    2171.45 [#/sec] (mean)
"""


@pytest.mark.parametrize(
    ("failed", "more", "errors"),
    [
        (0, "", ""),
        (1, "", "1 failed requests"),
        (0, "Non-2xx responses:      7\n", "7 non-2xx responses"),
    ],
)
def test_the_figures_of_ab_are_read_with_its_errors(failed: int, more: str, errors: str) -> None:
    assert ab.parse(AB.format(failed=failed, more=more)) == load.Load(4344, 21725, 2.001, errors)


@pytest.mark.parametrize("parse", [h2load.parse, ab.parse])
def test_what_tells_no_figures_is_a_failure_that_shows_it(parse: Callable[[str], load.Load]) -> None:
    with pytest.raises(load.Failed, match="Connection refused"):
        parse("could not connect to 127.0.0.1:8000: Connection refused\n")


def test_the_head_is_the_same_over_http2_less_what_it_has_no_place_for() -> None:
    lines = load.request(Ask("/", 5), 8000).decode().removesuffix("\r\n\r\n").split("\r\n")[1:]
    fields = h2load.fields(Ask("/", 5), 8000)
    assert len(fields) == len(lines) - 2
    assert {line.lower() for line in lines} - {field.lower() for field in fields} == {
        "host: 127.0.0.1:8000",
        "connection: keep-alive",
    }
    assert all(field.partition(":")[0].islower() for field in fields)


def test_the_head_is_a_browsers() -> None:
    head = load.request(Ask("/page.html", 1024), 8000)
    line, *fields = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert line == b"GET /page.html HTTP/1.1"
    assert len(fields) == 12
    assert 600 <= len(head) <= 700
    assert b"\n" not in head.replace(b"\r\n", b"")


def test_a_body_is_posted_with_its_length() -> None:
    head, _, body = load.request(Ask.of("/echo", b"hello", body=b"hello"), 8000).partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    assert line == b"POST /echo HTTP/1.1"
    assert len(fields) == 15
    assert b"Content-Length: 5" in fields
    assert body == b"hello"


@pytest.mark.parametrize(
    ("ask", "status", "content", "met"),
    [
        (Ask.of("/", b"hello"), 200, b"hello", True),
        (Ask.of("/", b"hello"), 200, b"hallo", False),
        (Ask.of("/", b"hello"), 500, b"hello", False),
        (Ask.of("/", b"hello"), 200, b"hello!", False),
        (Ask("/", 5), 200, b"any 5", True),
        (Ask("/", 5), 200, b"four", False),
    ],
)
def test_an_answer_is_the_expected_one_by_status_size_and_bytes(
    ask: Ask, status: int, content: bytes, met: bool
) -> None:
    assert ask.met(status, content) is met


# proc(5): pid, (comm), state, ppid, ... utime, stime, cutime and cstime are the fields 14 to 17.
STAT = (
    "{pid} ({name}) S {ppid} 7 7 0 -1 4194560 900 0 1 0 {times} 20 0 1 0 5000 9000000 2000 18446744073709551615 1 1\n"
)


@pytest.mark.parametrize("name", ["nginx", "python3 -m x", "a) S 9 (b", ""])
def test_a_stat_line_is_read_whatever_the_program_is_called(name: str) -> None:
    line = STAT.format(pid=42, name=name, ppid=17, times="300 40 5 6")
    assert measure.parent(line) == 17
    assert measure.ticks(line) == 351


def test_a_process_that_has_ended_used_nothing() -> None:
    assert measure.ticks("") == 0
    assert measure.size("", "Pss") == 0


@pytest.mark.parametrize(("kind", "kilobytes"), [("Rss", 9000), ("Pss", 1234)])
def test_a_size_is_in_bytes(kind: str, kilobytes: int) -> None:
    rollup = "5581 [rollup]\nRss:   9000 kB\nPss:   1234 kB\nPss_Dirty:   99 kB\nShared_Clean:  7 kB\n"
    assert measure.size(rollup, kind) == kilobytes * 1024


def cell(*figures: float, error: str = "", key: str = "cpu") -> table.Cell:
    return table.Cell("1.0", [{key: each} for each in figures], error)


@pytest.mark.parametrize(
    ("given", "figure"),
    [
        (cell(10.0, 90.0, 20.0), 20.0),
        (cell(), None),
        (cell(10.0, 20.0, error="3 read"), None),
        (cell(10.0, 20.0, key="pace"), None),
    ],
)
def test_a_cell_gives_the_median_of_its_rounds_if_it_is_valid(given: table.Cell, figure: float | None) -> None:
    assert given.figure("cpu") == figure


BAR = table.Bar("file-1k", "a bar", "cpu", "nginx", 1.5, 1.0)
ALONE = table.Bar("idle", "a bar of its own", "growth", "", 60)


@pytest.mark.parametrize(
    ("bar", "cells", "value", "verdict"),
    [
        (BAR, {"pellucid": cell(10.0), "nginx": cell(10.0)}, 1.0, "aim met"),
        (BAR, {"pellucid": cell(15.0), "nginx": cell(10.0)}, 1.5, "met"),
        (BAR, {"pellucid": cell(16.0), "nginx": cell(10.0)}, 1.6, "missed"),
        (BAR, {"pellucid": cell(16.0)}, None, "not measured"),
        (BAR, {"nginx": cell(10.0)}, None, "not measured"),
        (BAR, {"pellucid": cell(16.0), "nginx": cell(10.0, error="1 read")}, None, "not measured"),
        (BAR, {"pellucid": cell(16.0), "nginx": cell(0.0)}, None, "not measured"),
        (ALONE, {"pellucid": cell(59.0, key="growth")}, 59.0, "met"),
        (ALONE, {"pellucid": cell(61.0, key="growth")}, 61.0, "missed"),
        (ALONE, {}, None, "not measured"),
    ],
)
def test_a_bar_is_judged_by_what_was_measured(
    bar: table.Bar, cells: dict[str, table.Cell], value: float | None, verdict: str
) -> None:
    assert table.standing(bar, cells) == value
    assert table.verdict(bar, value) == verdict


@pytest.mark.parametrize("bar", table.BARS)
def test_a_bar_names_what_is_measured(bar: table.Bar) -> None:
    (workload,) = (each for each in workloads.WORKLOADS if each.name == bar.workload)
    assert {bar.name, bar.peer} - {""} <= {peer.name for peer in workload.peers}
    assert bar.key in {column.key for column in workload.columns}


@pytest.mark.parametrize("workload", workloads.WORKLOADS)
def test_the_servers_of_a_workload_can_be_told_apart(workload: workloads.Workload) -> None:
    assert len({peer.name for peer in workload.peers}) == len(workload.peers)


def test_a_workload_is_a_table_with_ratios() -> None:
    cells = {"pellucid": cell(15.0), "nginx": cell(10.0), "granian": cell(error="3 read")}
    assert table.workload_table(cells, [table.Column("cpu", "CPU", 1)]).splitlines() == [
        "| server   | version | CPU             | over nginx | over granian |",
        "|----------|---------|-----------------|------------|--------------|",
        "| pellucid | 1.0     | 15.0            | 1.50       | -            |",
        "| nginx    | 1.0     | 10.0            | 1.00       | -            |",
        "| granian  | 1.0     | invalid: 3 read |            |              |",
    ]


def test_every_bar_has_its_row_even_if_nothing_was_measured() -> None:
    lines = table.bars_table({}).splitlines()
    assert len(lines) == 2 + len(table.BARS)
    assert all("not measured" in line for line in lines[2:])


def test_a_cell_cannot_break_the_table() -> None:
    assert table.markdown([["a|b"], ["c\nd"]]).splitlines()[::2] == ["| a\\|b |", "| c d  |"]


SAMPLES = """\
Stack (most recent call first):
  File "/srv/site-packages/pellucid/net/link.py", line 70 in send
  File "/srv/site-packages/pellucid/server/connection.py", line 9 in turn
Stack (most recent call first):
  File "/srv/site-packages/pellucid/server/connection.py", line 8 in turn
  File "/srv/site-packages/pellucid/server/connection.py", line 9 in turn
  File "/srv/site-packages/pellucid/worker.py", line 7 in run
Stack (most recent call first):
  File "/srv/site-packages/pellucid/net/__init__.py", line 1 in <module>
  File "<frozen importlib._bootstrap>", line 241 in _call_with_frames_removed
Stack (most recent call first):
  <no Python frame>
Stack (most recent call fi"""


def test_samples_are_counted_where_they_fell_and_up_the_stack_once() -> None:
    stacks = sample.parse(SAMPLES)
    link, turn = "pellucid/net/link.py send", "pellucid/server/connection.py turn"
    assert sample.by_function(stacks) == {link: 1, turn: 1}
    assert sample.by_call(stacks) == {link: 1, turn: 2}
    assert sample.by_file(stacks) == {"pellucid/net/link.py": 1, "pellucid/server/connection.py": 1}
    assert sum(sample.by_line(stacks).values()) == 2


def test_what_a_request_takes_is_what_more_requests_took_more() -> None:
    few, many = {"start": 900, "turn": 3200}, {"start": 900, "turn": 16000, "late": 1280}
    assert count.per_request(few, many, 1280) == {"start": 0, "turn": 10, "late": 1}


def test_what_functions_take_is_added_up_by_file() -> None:
    each = {"net/link.py Link.send": 3, "net/link.py Link.receive": 2, "<string> <lambda>": 1}
    assert count.by_file(each) == {"net/link.py": 5, "<string>": 1}


@pytest.mark.parametrize("body", [b"a text", b"\xfe" * 300, b"text" * 20_000])
@pytest.mark.parametrize("scheme", ["ws", sockets.COMPRESSED])
def test_a_message_is_spelled_as_a_websocket_reads_it(body: bytes, scheme: str) -> None:
    limits = WebSocketLimits()
    reader = WebSocket(limits, Deflate(Deflation(15, 15), 6, 0) if scheme == sockets.COMPRESSED else None)
    reader.receive(sockets.spelled(Ask("/", len(body), body=body, scheme=scheme)))
    message = reader.next_event()
    assert message == (body.decode() if body.isascii() else body)
