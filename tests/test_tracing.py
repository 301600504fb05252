"""Each exchange has a span as OpenTelemetry's conventions say, and what its app traces belongs to it."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conversing import HELLO, Later, Stage, hello, request
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from nowhere import Nowhere
from pellucid.accesslog import compile_format
from pellucid.message import NO_FIELDS, Request, Response
from pellucid.server.exchange import Exchange
from pellucid.server.timeouts import Patience
from pellucid.tracing import Tracing, TracingSettings, tracing
from pellucid.watch import Watch
from secured_facts import known

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What was exported by the SDK, which is set up for the time of the test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


def traced(app: Any = hello, **settings: Any) -> Stage:
    stage = Stage(app, **settings)
    Tracing(stage.watch)
    return stage


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def test_a_request_is_a_span_with_the_attributes_of_the_conventions(exporter: InMemorySpanExporter) -> None:
    stage = traced()
    stage.client().talk(
        request("GET", "/a%20b?q=1&sig=s3cret", User_Agent="curl/8").replace(b"Host: x", b"Host: x:8080")
    )
    span = only(exporter)
    assert (span.name, span.kind, span.parent) == ("GET", SpanKind.SERVER, None)
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "url.path": "/a%20b",
        "url.query": "q=1&sig=REDACTED",
        "url.scheme": "http",
        "server.address": "x",
        "server.port": 8080,
        "client.address": "192.0.2.1",
        "network.peer.address": "192.0.2.1",
        "network.peer.port": stage_port(),
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8",
        "http.response.status_code": 200,
    }
    assert span.status.status_code is StatusCode.UNSET
    scope = span.instrumentation_scope
    assert scope is not None
    assert scope.name == "pellucid"


def stage_port() -> int:
    """The port of a client in memory."""
    ports: list[int] = []
    Stage(lambda exchange: ports.append(exchange.peer_port)).client().talk(HELLO)
    return ports[0]


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [(b"example.com", "example.com", 80), (b"[::1]", "::1", 80), (b"[::1]:81", "::1", 81), (b"x:", "x", 80)],
)
def test_a_host_is_an_address_and_a_port(exporter: InMemorySpanExporter, host: bytes, address: str, port: int) -> None:
    traced().client().talk(HELLO.replace(b"Host: x", b"Host: " + host))
    attributes = only(exporter).attributes or {}
    assert (attributes["server.address"], attributes["server.port"]) == (address, port)


def test_a_span_belongs_to_the_trace_of_its_client(exporter: InMemorySpanExporter) -> None:
    traced().client().talk(request(Traceparent=PARENT, Tracestate="a=b"))
    span = only(exporter)
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == SPAN
    assert span.context.trace_state.get("a") == "b"


@pytest.mark.parametrize("parent", [PARENT.replace("b", "x"), "ff" + PARENT[2:], ""])
def test_a_traceparent_that_is_none_begins_a_trace(exporter: InMemorySpanExporter, parent: str) -> None:
    traced().client().talk(request(Traceparent=parent))
    assert only(exporter).parent is None


def test_what_an_app_traces_belongs_to_its_request_and_to_no_other(exporter: InMemorySpanExporter) -> None:
    def work() -> None:
        with trace.get_tracer("app").start_as_current_span("query"):
            pass
        trace.get_tracer("app").start_span("left open").end()

    def app(exchange: Exchange) -> None:
        assert exchange.context is not None
        exchange.context.run(work)
        hello(exchange)

    traced(app).client().talk(HELLO + HELLO)
    spans = exporter.get_finished_spans()
    servers = [span.context.span_id for span in spans if span.kind is SpanKind.SERVER and span.context]
    children = [span.parent.span_id for span in spans if span.name == "query" and span.parent]
    assert children == servers
    assert len(set(servers)) == 2


def test_an_exchange_that_begins_in_the_context_of_another_is_not_its_child(exporter: InMemorySpanExporter) -> None:
    stage = traced()
    with trace.get_tracer("app").start_as_current_span("somebody else's"):
        stage.client().talk(HELLO)
    assert exporter.get_finished_spans()[0].parent is None


@pytest.mark.parametrize(
    ("status", "told", "error"),
    [(200, StatusCode.UNSET, None), (404, StatusCode.UNSET, None), (503, StatusCode.ERROR, "503")],
)
def test_a_status_is_told(exporter: InMemorySpanExporter, status: int, told: StatusCode, error: str | None) -> None:
    traced(lambda exchange: exchange.respond(Response(status))).client().talk(HELLO)
    span = only(exporter)
    attributes = span.attributes or {}
    assert (attributes["http.response.status_code"], span.status.status_code) == (status, told)
    assert attributes.get("error.type") == error


def test_a_client_that_leaves_ends_its_span(exporter: InMemorySpanExporter) -> None:
    stage = traced(Later())
    client = stage.client()
    client.talk(HELLO)
    assert exporter.get_finished_spans() == ()
    client.link.abort()
    stage.settle()
    attributes = only(exporter).attributes or {}
    assert attributes["error.type"] == "cut"
    assert "http.response.status_code" not in attributes


def test_what_is_refused_has_a_span_too(exporter: InMemorySpanExporter) -> None:
    stage = traced(patience=Patience(head_time=1.0))
    stage.client().talk(b"BREW")
    stage.wait(2.0)
    span = only(exporter)
    attributes = span.attributes or {}
    assert (span.name, attributes["http.request.method"]) == ("HTTP", "_OTHER")
    assert attributes["http.response.status_code"] == 408
    assert "error.type" not in attributes


def test_an_invented_method_makes_no_name(exporter: InMemorySpanExporter) -> None:
    traced().client().talk(request("BREW"))
    span = only(exporter)
    attributes = span.attributes or {}
    assert (span.name, attributes["http.request.method"]) == ("HTTP", "_OTHER")
    assert attributes["http.request.method_original"] == "BREW"


def test_who_the_client_is_may_be_told_later(exporter: InMemorySpanExporter) -> None:
    def app(exchange: Exchange) -> None:
        exchange.peer = "198.51.100.1"
        exchange.request.scheme, exchange.request.authority = b"https", b"example.com"
        hello(exchange)

    traced(app).client().talk(HELLO)
    attributes = only(exporter).attributes or {}
    assert (attributes["client.address"], attributes["network.peer.address"]) == ("198.51.100.1", "192.0.2.1")
    assert (attributes["url.scheme"], attributes["server.port"]) == ("https", 443)
    assert attributes["server.address"] == "example.com"


def test_what_tls_has_settled_is_told(exporter: InMemorySpanExporter) -> None:
    watch = Watch()
    Tracing(watch)
    request = Request("GET", b"/", b"/", b"", b"x", NO_FIELDS, "2", b"https")
    exchange = Exchange(request, Nowhere(secured=known()), 1, 0.0)
    watch.tell(watch.begun, exchange)
    watch.tell(watch.ended, exchange)
    attributes = only(exporter).attributes or {}
    assert {name: value for name, value in attributes.items() if name.startswith(("tls.", "network.protocol"))} == {
        "network.protocol.version": "2",
        "tls.protocol.name": "tls",
        "tls.protocol.version": "1.2",
        "tls.cipher": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "tls.client.server_name": "example.com",
        "tls.client.subject": "CN=Ada,O=Engines",
    }


def test_the_log_names_the_span(exporter: InMemorySpanExporter) -> None:
    stage = traced()
    lines: list[str] = []
    spell = compile_format("{trace_id} {span_id}")
    stage.watch.ended.append(lambda exchange: lines.append(spell(exchange)))
    stage.client().talk(request(Traceparent=PARENT))
    span = only(exporter)
    assert span.context is not None
    assert lines == [f"{TRACE} {span.context.span_id:016x}"]


def test_without_an_sdk_nothing_is_recorded_and_the_trace_goes_on() -> None:
    stage = traced()
    seen: list[str] = []
    stage.watch.ended.append(lambda exchange: seen.append(exchange.trace.trace_id))
    assert b"200" in stage.client().talk(request(Traceparent=PARENT))
    assert seen == [TRACE]
    assert stage.errors == []


def test_it_is_there_while_it_is_asked_for_and_flushed_at_its_end(exporter: InMemorySpanExporter) -> None:
    flushed: list[int] = []
    watch = Watch()
    trace.get_tracer_provider().force_flush = flushed.append  # type: ignore[attr-defined]  # the SDK's provider has it
    with tracing(watch, TracingSettings(otel=True)):
        assert len(watch.begun) == len(watch.ended) == 1
        assert flushed == []
    assert flushed == [2000]
    watch = Watch()
    with tracing(watch, TracingSettings()):
        assert watch.begun == []


def test_without_the_package_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    complaint = pytest.raises(ValueError, match=r"^--otel: opentelemetry-api is not installed; `pip install 'pellucid")
    with complaint, tracing(Watch(), TracingSettings(otel=True)):
        raise AssertionError("it is not there")
