"""What becomes of an exchange whose app has failed, or whose peer has broken a rule. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Callable

from pellucid.errors import FileChanged
from pellucid.message import Headers, Refused, Request
from pellucid.server.exchange import Carrier, Exchange
from pellucid.server.refusal import refusal
from pellucid.tracebacks import in_one_line, traceback_of
from pellucid.watch import Watch


def note_failure(exchange: Exchange, error: BaseException, watch: Watch) -> tuple[int, str]:
    """Note what an app has raised, and give the status that stands for it, and why.

    KeyboardInterrupt is raised again: nothing else is meant for the process, not even SystemExit.
    """
    if isinstance(error, KeyboardInterrupt):
        raise error
    why = in_one_line(error)
    if isinstance(error, FileChanged):  # no fault of anybody's
        why = error.strerror or why
        watch.note("warning", f"{exchange.name}: {why}")
        return 503, why
    watch.note("error", f"{exchange.name}: the app failed\n{traceback_of(error)}")
    return 500, why


def answer_instead(exchange: Exchange, status: int, why: str, watch: Watch) -> None:
    """Put a refusal in the place of the app's answer, of which nothing was sent yet."""
    guard(watch, exchange.close_body)
    answer = refusal(status, why)
    exchange.response, exchange.body = answer if exchange.error_pages is None else exchange.error_pages(*answer)
    exchange.why = why


def unreadable(refused: Refused, carrier: Carrier, stream: int, begun: float) -> Exchange:
    """An exchange for a request that was refused before it could be read, so that it is answered and logged too."""
    exchange = Exchange(Request("", b"", b"", b"", b"", Headers()), carrier, stream, begun)
    exchange.line = refused.line
    return exchange


def guard(watch: Watch, call: Callable[[], None]) -> None:
    """Call what an app does at the end of an exchange: if it fails, that is noted, and not answered any more."""
    try:
        call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        watch.note("error", f"the app failed at its end\n{traceback_of(error)}")
