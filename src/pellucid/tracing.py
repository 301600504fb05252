"""Spans for OpenTelemetry: an observer that gives each exchange a span, and a context in which its app's spans belong
to it. It exports nothing: that is for the SDK that the app, or whoever starts it, has set up.

Attributes are those of OpenTelemetry's stable semantic conventions for HTTP servers, and where TLS is spoken those of
its registry for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pellucid.message import Headers
from pellucid.net.secured import Secured
from pellucid.semantics.trace import Trace
from pellucid.server.exchange import Exchange
from pellucid.setting import setting
from pellucid.watch import Watch

if TYPE_CHECKING:
    from opentelemetry.trace import Span

SCHEMA = "https://opentelemetry.io/schemas/1.37.0"

KNOWN = frozenset(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"])
"""The methods that have a span name of their own; whoever invents others must not make a series of each."""

LAST_SPANS = 2.0
"""How long the spans that wait may take to go out when all is over, in seconds."""

# The conventions name these as keys whose values are to be redacted.
_SIGNED = re.compile(r"(?<![^&])(AWSAccessKeyId|Signature|sig|X-Goog-Signature)=[^&]*")


@dataclass(frozen=True, slots=True)
class TracingSettings:
    """Whether requests are traced."""

    otel: bool = setting(
        False,
        "Give each request a span of OpenTelemetry, within the trace that its traceparent names; needs the package "
        "opentelemetry-api, and an SDK that your application or opentelemetry-instrument sets up.",
    )


@contextmanager
def tracing(watch: Watch, settings: TracingSettings) -> Iterator[None]:
    """Spans while the block runs, if they are asked for; ValueError says what they need."""
    if not settings.otel:
        yield
        return
    try:
        import opentelemetry.trace  # noqa: F401 - whoever does not trace need not have it, nor wait for it
    except ImportError:
        raise ValueError("--otel: opentelemetry-api is not installed; `pip install 'pellucid[otel]'`") from None
    tracer = Tracing(watch)
    try:
        yield
    finally:
        tracer.close()


class Tracing:
    """Begins and ends a span with each exchange."""

    __slots__ = ("_base", "_spans", "_tracer")

    def __init__(self, watch: Watch) -> None:
        from opentelemetry.trace import get_tracer

        from pellucid import __version__

        self._tracer = get_tracer("pellucid", __version__, schema_url=SCHEMA)
        # An exchange can begin within the task of another one, whose context is not for it.
        self._base = copy_context()
        self._spans: dict[Exchange, Span] = {}
        watch.begun.append(self._begun)
        watch.ended.append(self._ended)

    def close(self) -> None:
        """Give the spans that wait their last chance to go out."""
        from opentelemetry.trace import get_tracer_provider

        flush = getattr(get_tracer_provider(), "force_flush", None)  # the SDK's has it, the API's has not
        if flush is not None:
            flush(int(LAST_SPANS * 1000))

    def _begun(self, exchange: Exchange) -> None:
        from opentelemetry import context, propagate, trace

        request = exchange.request
        parent = propagate.extract(request.headers, context.Context(), _FIELDS)
        method = request.method if request.method in KNOWN else ""
        span = self._tracer.start_span(
            method or "HTTP", parent, trace.SpanKind.SERVER, {**_of_request(exchange), **_of_client(exchange)}
        )
        self._spans[exchange] = span
        told = span.get_span_context()
        if told.is_valid:
            exchange.trace = Trace(f"{told.trace_id:032x}", f"{told.span_id:016x}")
        exchange.context = self._base.copy()
        exchange.context.run(context.attach, trace.set_span_in_context(span, parent))

    def _ended(self, exchange: Exchange) -> None:
        span = self._spans.pop(exchange, None)
        if span is None:
            return
        if span.is_recording():
            span.set_attributes(_of_client(exchange))  # by now a trusted proxy may have told who it is
            self._conclude(exchange, span)
        span.end()

    def _conclude(self, exchange: Exchange, span: Span) -> None:
        from opentelemetry.trace import StatusCode

        status = exchange.status
        if status:
            span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_attribute("error.type", str(status))
            span.set_status(StatusCode.ERROR)
        elif exchange.gone and not (400 <= status < 500):  # cut, or left before its end; a refusal is gone as well
            span.set_attribute("error.type", "cut")


def _of_request(exchange: Exchange) -> dict[str, str | int]:
    request = exchange.request
    told: dict[str, str | int] = {
        "http.request.method": request.method if request.method in KNOWN else "_OTHER",
        "url.path": _text(request.path),
        "network.protocol.version": request.version,
    }
    if request.method and request.method not in KNOWN:
        told["http.request.method_original"] = request.method[:64]
    if request.query:
        told["url.query"] = _SIGNED.sub(r"\1=REDACTED", _text(request.query))
    agent = request.headers.get(b"user-agent")
    if agent:
        told["user_agent.original"] = _text(agent)
    if exchange.peer:
        told["network.peer.address"] = exchange.peer
        told["network.peer.port"] = exchange.peer_port
    if (secured := exchange.secured) is not None:
        told.update(_of_tls(secured))
    return told


def _of_tls(secured: Secured) -> dict[str, str]:
    told = {
        "tls.protocol.name": "tls",
        "tls.protocol.version": secured.version.removeprefix("TLSv"),
        "tls.cipher": secured.cipher,
        "tls.client.server_name": secured.server_name,
        "tls.client.subject": secured.client_subject,
    }
    return {name: value for name, value in told.items() if value}


def _of_client(exchange: Exchange) -> dict[str, str | int]:
    request = exchange.request
    told: dict[str, str | int] = {"url.scheme": _text(request.scheme)}
    host, colon, port = _text(request.authority).rpartition(":")
    if not colon or port.endswith("]"):
        host, port = _text(request.authority), ""
    if host:
        told["server.address"] = host.strip("[]")
        told["server.port"] = int(port) if port else 443 if request.scheme == b"https" else 80
    if exchange.peer:
        told["client.address"] = exchange.peer
    return told


def _text(value: bytes) -> str:
    return value.decode("latin-1")


class _Fields:
    """How a propagator reads fields: OpenTelemetry's Getter over Headers."""

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        """The lines of a field."""
        return [_text(value) for value in carrier.all(key.lower().encode())] or None

    def keys(self, carrier: Headers) -> list[str]:
        """The names of the fields."""
        return [_text(name) for name, _ in carrier]


_FIELDS: Any = _Fields()
