"""Writes the parts of MANUAL.md that the code knows better than any hand: `python tools/manual.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from provoked import (
    LIMITS,
    REFUSALS,
    STRIKES,
    refusal_of,
    refused_exchange,
    sample_exchange,
    secured_exchange,
)

from pellucid.accesslog import DIRECTIVES, FORMATS, TIMES, WORKER, compile_format
from pellucid.cli.options import REPEATABLE, default_of, metavar_of
from pellucid.features.headers import SECURITY
from pellucid.server.exchange import Exchange
from pellucid.settings import TOPICS, Setting, all_settings
from pellucid.watch import HOOKS

MANUAL = Path(__file__).parent.parent / "MANUAL.md"

PART = re.compile(r"(?P<begin><!-- from the code: (?P<name>[a-z ]+) -->\n).*?(?P<end><!-- end -->\n)", re.DOTALL)

MEANINGS = {
    "client": "The client's address, without its port",
    "user": "Who has shown who it is, by `auth`; a space in the name is written as \\\\x20",
    "method": "The method",
    "target": "The request target as it was sent",
    "path": "Its path",
    "query": "Its query",
    "authority": "The host, with its port if one was sent",
    "scheme": "`http` or `https`",
    "version": "The version of HTTP",
    "request_line": "Method, target and version",
    "status": "The status of the answer",
    "bytes": "How many bytes of the answer's body were given out",
    "duration": "How long it took, in seconds",
    "duration_ms": "The same in milliseconds",
    "reason": "Why it was refused or cut, `-` if it was not",
    "because": "The same after a space and in quotes, nothing if it was not",
    "tls_version": "The version of TLS, `-` without TLS",
    "tls_cipher": "Its cipher suite",
    "tls_client": "The subject of the client's certificate, `-` if it showed none",
    "tls_server_name": "The host that the client named in its handshake",
    "worker": "Which of the workers it was",
    "request_id": "A name for the request that no other one has, or the `X-Request-ID` of a trusted proxy",
    "trace_id": "The trace that it belongs to (W3C Trace Context), by `--otel` or by the client's word",
    "span_id": "Its span in that trace, the client's where it has none of its own",
    "time": "When it ended, in UTC (RFC 3339)",
    "time_common": "The same as Apache writes it",
    "time_unix": "The same in seconds since 1970",
}

FIELDS = {
    "request[referer]": "A field of the request, by its name",
    "response[content-type]": "A field of the answer, by its name",
}


def renewed(manual: str) -> str:
    """The manual with each part that comes from the code as the code is now. KeyError for a part that nobody knows."""
    return PART.sub(lambda match: f"{match['begin']}\n{PARTS[match['name']]()}\n{match['end']}", manual)


def settings() -> str:
    """Every setting under its topic."""
    known = all_settings()
    heads = ("Option", "Key and variable", "Of", "Default", "What it does")
    return "\n".join(
        f"### {topic}\n\n{_table(heads, [_setting(each) for each in known if each.topic == topic])}" for topic in TOPICS
    )


def directives() -> str:
    """What may stand in a format of the access log, with an example of each."""
    well, badly, secured = sample_exchange(), refused_exchange(), secured_exchange()
    known = [*DIRECTIVES, WORKER, *TIMES]
    if set(known) != set(MEANINGS):
        raise KeyError(f"directives without a meaning here: {sorted(set(known) ^ set(MEANINGS))}")
    rows = []
    for name, meaning in (*MEANINGS.items(), *FIELDS.items()):
        exchange = badly if name in ("reason", "because") else secured if name.startswith("tls_") else well
        rows.append((f"`{{{name}}}`", meaning, f"`{_told(f'{{{name}}}', exchange)}`"))
    return _table(("Directive", "What it says", "Example"), rows)


def formats() -> str:
    """The formats that have a name."""
    exchange = sample_exchange()
    lines = [f"{name}:\n{_told(name, exchange)}\n" for name in (*FORMATS, "json")]
    return "```text\n" + "\n".join(lines) + "```\n"


def limits() -> str:
    """Every limit, its default, and what the server does when it strikes."""
    rows = []
    for each in all_settings():
        if each.name in LIMITS:
            strike = STRIKES[each.name]
            outcome = strike if isinstance(strike, str) else strike().outcome
            rows.append((f"`{each.option}`", _default(each) or "none", outcome))
    return _table(("Limit", "Default", "What the server does"), rows)


def refusals() -> str:
    """What is refused, with its status and its reason."""
    rows = []
    for wrong, request in REFUSALS.items():
        status, reason = refusal_of(request)
        rows.append((wrong, str(status), reason))
    return _table(("What is wrong", "Status", "The reason as it is told"), rows)


def hooks() -> str:
    """The hooks for observers."""
    rows = []
    for hook, text in HOOKS.items():
        match = re.fullmatch(r"(?P<when>.*?): (?P<facts>\(.*?\))(?:[,;] (?P<note>.*))?", text)
        if match is None:
            raise ValueError(f"the text of the hook {hook} is not of the form `when: (facts), note`")
        note = f"; {match['note']}" if match["note"] else ""
        rows.append((f"`{hook}`", match["when"] + note, f"`{match['facts']}`"))
    return _table(("Hook", "When it is called", "With"), rows)


def security_headers() -> str:
    """The preset of careful fields."""
    return _table(("Field", "Value"), [(f"`{name.decode()}`", f"`{value.decode()}`") for name, value in SECURITY])


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "directives": directives,
    "formats": formats,
    "limits": limits,
    "refusals": refusals,
    "hooks": hooks,
    "security headers": security_headers,
}


def _told(log_format: str, exchange: Exchange) -> str:
    return compile_format(log_format, lambda: 1_750_000_000.25, "2")(exchange)


def _setting(each: Setting) -> tuple[str, ...]:
    switch = isinstance(each.default, bool)
    option = f"`{each.option}` / `--no-{each.option[2:]}`" if switch else f"`{each.option} {metavar_of(each)}`"
    repeatable = f" {REPEATABLE}" if isinstance(each.default, tuple) else ""
    named = f"`{each.key}` `{each.variable}`"
    return option, named, each.reach.name.lower(), _default(each), _escaped(each.manual.text) + repeatable


def _default(each: Setting) -> str:
    """The default as one types it, with its unit; empty where there is none."""
    value, unit = default_of(each), each.manual.unit
    if value in ("", "none"):
        return value
    counted = isinstance(each.default, int | float) and unit not in ("", "bytes")
    return f"`{value}` {unit}" if counted else f"`{value}`"


def _escaped(text: str) -> str:
    """A sentence of a setting as Markdown: what could be markup in it is not."""
    return re.sub(r"([*<_\[\]])", r"\\\1", text)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    MANUAL.write_text(renewed(MANUAL.read_text("utf-8")), "utf-8")
