"""The access log: an observer that turns each exchange that ended into one line; it does not know where lines go."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted
from operator import attrgetter

from pellucid.message import Headers
from pellucid.protocol.fields import SECRET
from pellucid.semantics.trace import Trace, parse_traceparent
from pellucid.server.exchange import Exchange
from pellucid.setting import setting
from pellucid.spelling import nearest

Spell = Callable[[Exchange], str]
Clock = Callable[[], float]

# Apache's two formats, and behind them what its readers miss: how long it took, and why if something was wrong.
FORMATS = {
    "common": '{client} - {user} [{time_common}] "{request_line}" {status} {bytes} {duration_ms}ms{because}',
    "combined": '{client} - {user} [{time_common}] "{request_line}" {status} {bytes} '
    '"{request[referer]}" "{request[user-agent]}" {duration_ms}ms{because}',
}

REDACTED = "redacted"


@dataclass(frozen=True, slots=True)
class AccessLogSettings:
    """What is written of each exchange."""

    access_log: str = setting(
        "common",
        "What standard output tells of each request: off, common, combined, json, or a format of your own such as "
        "'{time} {client} {method} {target} {status} {bytes} {duration_ms} {reason} {request[user-agent]}'. "
        "common and combined are Apache's, then the duration and, where one was refused or cut, the reason. "
        "Passwords and cookies in header fields are never written; query strings are, and may hold secrets.",
        unit="format",
    )


def compile_format(log_format: str, clock: Clock = time.time, worker: str = "") -> Spell:
    """A function from an ended exchange to its line, without the end of line. `worker` is the name of this process
    among others like it, if there are any.

    `log_format` is common, combined, json or a text with directives in braces, where `{{` and `}}` stand for braces
    themselves. ValueError says which directive is not known. What the peer or an app chose is escaped: no character
    of it that is a control, a quote, a backslash or not ASCII gets into a line as it is.
    """
    if log_format == "json":
        return _json(clock, worker)
    if log_format not in FORMATS and "{" not in log_format:
        known = ["off", *FORMATS, "json"]
        near = _nearest(log_format, known)
        raise ValueError(
            f"unknown access log format {log_format!r}{near}: it is {_either(known)}, or a text with {{…}}"
        )
    template, spells = _parse(FORMATS.get(log_format, log_format), clock, worker)
    if len(spells) == 1:
        only = spells[0]
        return lambda exchange: template % (only(exchange),)
    return lambda exchange: template % tuple([spell(exchange) for spell in spells])


def loss_line_of(log_format: str) -> Callable[[int], str]:
    """How a log of this format says that so many lines of it were dropped."""
    if log_format == "json":
        return lambda count: f'{{"lost":{count}}}'
    return lambda count: f"# {count} {'line' if count == 1 else 'lines'} of the access log lost here"


def escape(text: str) -> str:
    r"""The text as it may stand between quotes in a line: \xHH, \uHHHH, \UHHHHHHHH for all but printable ASCII."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    # Beyond ASCII some characters turn a line around, end it or cannot be seen (U+202E, U+2028, U+200B).
    return text.translate(_ESCAPES).encode("ascii", "backslashreplace").decode("ascii")


_ESCAPES = {code: f"\\x{code:02x}" for code in range(128) if not 0x20 <= code < 0x7F or chr(code) in '"\\'}


def _parse(log_format: str, clock: Clock, worker: str) -> tuple[str, list[Spell]]:
    # A template for the operator % and what fills each of its places.
    template: list[str] = []
    spells: list[Spell] = []
    end = 0
    for match in re.finditer(r"\{\{|\}\}|\{([^{}]*)\}|[{}]", log_format):
        template.append(log_format[end : match.start()].replace("%", "%%"))
        end = match.end()
        if match[0] in ("{{", "}}"):
            template.append(match[0][0])
        elif match[1] is None:
            place = f"in the access log format at {log_format[match.start() :]!r}"
            raise ValueError(f"a lone {match[0]} {place}: write {match[0] * 2} for the character itself")
        else:
            template.append("%s")
            spells.append(_directive(match[1], clock, worker))
    template.append(log_format[end:].replace("%", "%%"))
    return "".join(template), spells


def _directive(name: str, clock: Clock, worker: str) -> Spell:
    field = re.fullmatch(r"(request|response)\[([!#$%&'*+.^_`|~0-9A-Za-z-]+)\]", name)
    if field:
        return _field(field[1], field[2].lower())
    if name in TIMES:
        return TIMES[name](clock)
    if name in DIRECTIVES:
        return DIRECTIVES[name]
    if name == WORKER:
        return lambda exchange: escape(worker) or "-"
    known = [*DIRECTIVES, WORKER, *TIMES, "request[FIELD]", "response[FIELD]"]
    near = _nearest(name, known)
    raise ValueError(f"unknown directive {{{name}}} in the access log format{near}: it is {_either(known)}")


def _nearest(word: str, known: list[str]) -> str:
    near = nearest(word, known)
    return f" (did you mean {near}?)" if near else ""


def _either(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1]


def _field(side: str, name: str) -> Spell:
    key = name.encode()
    if key in SECRET:
        return lambda exchange: REDACTED if _value(exchange, side, key) is not None else "-"
    return lambda exchange: escape((_value(exchange, side, key) or b"-").decode("latin-1"))


def _value(exchange: Exchange, side: str, name: bytes) -> bytes | None:
    headers: Headers | None
    if side == "request":
        headers = exchange.request.headers
    else:
        headers = exchange.response.headers if exchange.response is not None else None
    return headers.get(name) if headers is not None else None


def _request_line(exchange: Exchange) -> str:
    # What was refused before it could be read has no parts: its line stands as it came.
    request = exchange.request
    if not request.method:
        return escape(exchange.line.decode("latin-1")) or "-"
    version = request.version if "." in request.version else f"{request.version}.0"  # RFC 9110 2.5: it is implied
    return f"{escape(request.method)} {escape(request.target.decode('latin-1'))} HTTP/{version}"


def _duration(exchange: Exchange) -> float:
    return max(exchange.finished - exchange.begun, 0.0)


def _user(exchange: Exchange) -> str:
    # A name may hold spaces, which keep the fields of a line apart; another service may let in whom it does not name.
    name = exchange.user.name if exchange.user is not None else ""
    return escape(name).replace(" ", "\\x20") or "-"


def _tls(name: str) -> Spell:
    read = attrgetter(name)
    return lambda exchange: "-" if exchange.secured is None else escape(read(exchange.secured)) or "-"


def _because(exchange: Exchange) -> str:
    return f' "{escape(exchange.why)}"' if exchange.why else ""


def trace_of(exchange: Exchange) -> Trace:
    """The trace of a request: as it was traced here, else as its client says."""
    trace = exchange.trace
    return trace if trace.trace_id else parse_traceparent(exchange.request.headers.get(b"traceparent"))


WORKER = "worker"
"""The directive that says which process it was."""

DIRECTIVES: dict[str, Spell] = {
    "client": lambda exchange: escape(exchange.peer) or "-",
    "user": _user,
    "method": lambda exchange: escape(exchange.request.method) or "-",
    "target": lambda exchange: escape(exchange.request.target.decode("latin-1")) or "-",
    "path": lambda exchange: escape(exchange.request.path.decode("latin-1")) or "-",
    "query": lambda exchange: escape(exchange.request.query.decode("latin-1")) or "-",
    "authority": lambda exchange: escape(exchange.request.authority.decode("latin-1")) or "-",
    "scheme": lambda exchange: escape(exchange.request.scheme.decode("latin-1")) or "-",
    "version": lambda exchange: escape(exchange.request.version) or "-",
    "request_line": _request_line,
    "status": lambda exchange: str(exchange.status or "-"),
    "bytes": lambda exchange: str(exchange.body_sent),
    "duration": lambda exchange: f"{_duration(exchange):.6f}",
    "duration_ms": lambda exchange: f"{_duration(exchange) * 1e3:.3f}",
    "reason": lambda exchange: escape(exchange.why) or "-",
    "because": _because,
    "tls_version": _tls("version"),
    "tls_cipher": _tls("cipher"),
    "tls_client": _tls("client_subject"),
    "tls_server_name": _tls("server_name"),
    "request_id": lambda exchange: escape(exchange.request_id),
    "trace_id": lambda exchange: trace_of(exchange).trace_id or "-",
    "span_id": lambda exchange: trace_of(exchange).span_id or "-",
}
"""What may stand in a format besides times and fields. `because` is a space and the reason in quotes, if any."""


def _each_second(words: Callable[[int], str], clock: Clock) -> Spell:
    # A time in words costs more than the rest of a line, and within a second it stays the same.
    second, text = -1, ""

    def spell(exchange: Exchange) -> str:
        nonlocal second, text
        now = int(clock())
        if now != second:
            second, text = now, words(now)
        return text

    return spell


def _common_words(second: int) -> str:
    # Not strftime's %b, which speaks the machine's language.
    at = time.gmtime(second)
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[at.tm_mon - 1]
    return f"{at.tm_mday:02}/{month}/{at.tm_year}:{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"


def _rfc3339(clock: Clock) -> Spell:
    now = 0.0

    def held() -> float:
        return now

    to_the_second = _each_second(lambda second: time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)), held)

    def spell(exchange: Exchange) -> str:
        nonlocal now
        now = clock()
        return f"{to_the_second(exchange)}.{int(now % 1 * 1000):03}Z"

    return spell


TIMES: dict[str, Callable[[Clock], Spell]] = {
    "time": _rfc3339,
    "time_common": lambda clock: _each_second(_common_words, clock),
    "time_unix": lambda clock: lambda exchange: f"{clock():.3f}",
}
"""The times that may stand in a format, each made with a clock."""


def _json(clock: Clock, worker: str) -> Spell:
    # Spelled by hand from the C function that the json module uses: a third of the time of json.dumps.
    rfc3339 = _rfc3339(clock)
    worker = quoted(worker)

    def text(value: bytes) -> str:
        return quoted(value.decode("latin-1"))

    def spell(exchange: Exchange) -> str:
        request = exchange.request
        field = request.headers.get
        line = (
            f'{{"time":"{rfc3339(exchange)}","client":{quoted(exchange.peer)},"method":{quoted(request.method)},'
            f'"target":{text(request.target)},"version":{quoted(request.version)},"status":{exchange.status},'
            f'"bytes":{exchange.body_sent},"duration":{_duration(exchange):.6f},'
            f'"referer":{text(field(b"referer") or b"")},"user_agent":{text(field(b"user-agent") or b"")},'
            f'"reason":{quoted(exchange.why)},"worker":{worker},"request_id":{quoted(exchange.request_id)},'
            f'"trace_id":"{trace_of(exchange).trace_id}"'
        )
        if exchange.user is not None:
            line += f',"user":{quoted(exchange.user.name)}'
        if (secured := exchange.secured) is not None:
            line += (
                f',"tls_version":{quoted(secured.version)},"tls_cipher":{quoted(secured.cipher)},'
                f'"tls_client":{quoted(secured.client_subject)},"tls_server_name":{quoted(secured.server_name)}'
            )
        line += f',"line":{text(exchange.line)}}}' if exchange.line else "}"
        # JSON lets DEL stand as it is; a terminal should not get it.
        return line.replace("\x7f", "\\u007f") if "\x7f" in line else line

    return spell
