"""Each exchange that ended becomes one line, whatever its peer has sent and whatever the format asks."""

import json

import pytest

from nowhere import Nowhere
from pellucid.accesslog import DIRECTIVES, REDACTED, AccessLogSettings, compile_format, escape, loss_line_of
from pellucid.message import NO_FIELDS, Field, Headers, Request, Response
from pellucid.semantics.trace import UNTRACED, Trace
from pellucid.server.exchange import Exchange
from pellucid.user import User
from secured_facts import known

NOON = 1_795_348_800.0
HOSTILE = b'a"b\\c\r\n\x1b[31m\x00\x7f\xe9'
ESCAPED = r"a\x22b\x5cc\x0d\x0a\x1b[31m\x00\x7f\xe9"


def ended(
    *fields: Field, target: bytes = b"/a?b=c", peer: str = "192.0.2.1", why: str = "", answer: Response | None = None
) -> Exchange:
    path, _, query = target.partition(b"?")
    request = Request("GET", target, path, query, b"example.com", Headers(fields))
    exchange = Exchange(request, Nowhere(peer), 1, 100.0)
    exchange.respond(answer or Response(200, Headers([(b"content-type", b"text/html"), (b"set-cookie", b"s=3cret")])))
    exchange.body_sent = 1234
    exchange.finished = 100.0125
    exchange.why = why
    return exchange


def over_tls(subject: str = "CN=Ada,O=Engines") -> Exchange:
    request = Request("GET", b"/a", b"/a", b"", b"example.com", NO_FIELDS, "2", b"https")
    exchange = Exchange(request, Nowhere(secured=known(subject)), 1, 100.0)
    exchange.respond(Response(200))
    exchange.finished = 100.0
    return exchange


def refused(why: str) -> Exchange:
    exchange = Exchange(Request("", b"", b"", b"", b"", NO_FIELDS), Nowhere(""), 1, 100.0)
    exchange.finished = 100.0
    exchange.why = why
    return exchange


def line(log_format: str, exchange: Exchange, now: float = NOON) -> str:
    return compile_format(log_format, lambda: now)(exchange)


@pytest.mark.parametrize(
    ("log_format", "expected"),
    [
        ("common", '192.0.2.1 - - [22/Nov/2026:12:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 1234 12.500ms'),
        (
            "combined",
            '192.0.2.1 - - [22/Nov/2026:12:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 1234 '
            '"http://example.com/" "curl/8" 12.500ms',
        ),
        (
            "{time} {client} {method} {target} {version} {status} {bytes} {duration_ms} {reason}",
            "2026-11-22T12:00:00.000Z 192.0.2.1 GET /a?b=c 1.1 200 1234 12.500 -",
        ),
        ("{path} {query} {authority} {scheme}", "/a b=c example.com http"),
        ("{request[user-agent]} {request[Referer]} {request[x-none]}", "curl/8 http://example.com/ -"),
        ("{response[content-type]} {response[etag]}", "text/html -"),
        ("{duration} {time_unix}", "0.012500 1795348800.000"),
        ("{status}", "200"),
        ("100 %s {{{status}}} %%", "100 %s {200} %%"),
    ],
)
def test_an_exchange_reads_as_its_format_says(log_format: str, expected: str) -> None:
    exchange = ended((b"user-agent", b"curl/8"), (b"referer", b"http://example.com/"))
    assert line(log_format, exchange) == expected


TLS = "{tls_version} {tls_cipher} {tls_client} {tls_server_name}"


def test_who_has_shown_who_it_is_stands_where_apache_has_it() -> None:
    exchange = ended()
    exchange.user = User('Ada "L"', "Basic")
    assert line("common", exchange).startswith(r"192.0.2.1 - Ada\x20\x22L\x22 [22/Nov/2026:12:00:00 +0000] ")
    assert json.loads(line("json", exchange))["user"] == 'Ada "L"'
    assert line("{user}", ended()) == "-"
    exchange.user = User("", "forward")
    assert line("{user}", exchange) == "-"
    assert "user" not in json.loads(line("json", ended()))


def test_what_tls_has_settled_is_told_where_it_is_spoken() -> None:
    assert line(TLS, over_tls()) == "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256 CN=Ada,O=Engines example.com"
    assert line(TLS, ended()) == "- - - -"


def test_a_version_without_a_minor_one_has_one_in_a_request_line() -> None:
    assert line("{version} {request_line}", over_tls()) == "2 GET /a HTTP/2.0"


def test_the_name_in_a_certificate_cannot_forge_a_line() -> None:
    assert line("{tls_client}", over_tls('CN=a" 200\n\x1b[31m\u202e')) == r"CN=a\x22 200\x0a\x1b[31m\u202e"
    spelled = line("json", over_tls('CN=a","status":1\n\x7f'))
    assert json.loads(spelled)["tls_client"] == 'CN=a","status":1\n\x7f'
    assert spelled.isascii()
    assert spelled.isprintable()


def test_json_tells_of_tls_where_it_is_spoken() -> None:
    told = {key: value for key, value in json.loads(line("json", over_tls())).items() if key.startswith("tls_")}
    assert told == {
        "tls_version": "TLSv1.2",
        "tls_cipher": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "tls_client": "CN=Ada,O=Engines",
        "tls_server_name": "example.com",
    }


def test_json_holds_the_whole_exchange() -> None:
    exchange = ended((b"user-agent", b"curl/8"), (b"referer", b"http://example.com/"), why="write stall")
    assert json.loads(line("json", exchange, NOON + 0.25)) == {
        "time": "2026-11-22T12:00:00.250Z",
        "client": "192.0.2.1",
        "method": "GET",
        "target": "/a?b=c",
        "version": "1.1",
        "status": 200,
        "bytes": 1234,
        "duration": 0.0125,
        "referer": "http://example.com/",
        "user_agent": "curl/8",
        "reason": "write stall",
        "worker": "",
        "request_id": "one",
        "trace_id": "",
    }


TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01".encode()


@pytest.mark.parametrize(
    ("traceparent", "traced", "expected"),
    [
        (None, UNTRACED, "- -"),
        (PARENT, UNTRACED, f"{TRACE} {SPAN}"),
        (b"00-\x1b[31m", UNTRACED, "- -"),
        (PARENT, Trace("1" * 32, "2" * 16), f"{'1' * 32} {'2' * 16}"),
        (None, Trace("1" * 32, "2" * 16), f"{'1' * 32} {'2' * 16}"),
    ],
)
def test_a_trace_is_told_as_it_was_traced_or_else_as_the_client_says(
    traceparent: bytes | None, traced: Trace, expected: str
) -> None:
    exchange = ended(*([(b"traceparent", traceparent)] if traceparent else []))
    exchange.trace = traced
    assert line("{trace_id} {span_id}", exchange) == expected
    assert json.loads(line("json", exchange))["trace_id"] == expected.partition(" ")[0].strip("-")


def test_the_worker_and_the_name_of_the_request_are_told() -> None:
    exchange = ended()
    exchange.request_id = "7f-1"
    assert compile_format("{worker} {request_id}", worker="2")(exchange) == "2 7f-1"
    assert compile_format("{worker} {request_id}")(exchange) == "- 7f-1"
    told = json.loads(compile_format("json", worker="2")(exchange))
    assert (told["worker"], told["request_id"]) == ("2", "7f-1")


@pytest.mark.parametrize(
    ("log_format", "expected"),
    [
        ("common", '- - - [22/Nov/2026:12:00:00 +0000] "-" - 0 0.000ms "no Host (RFC 9112 3.2)"'),
        ("{client} {method} {target} {path} {query} {authority}", "- - - - - -"),
        ("{status} {bytes} {response[etag]} {reason}", "- 0 - no Host (RFC 9112 3.2)"),
    ],
)
def test_what_was_refused_unread_shows_dashes_and_the_reason(log_format: str, expected: str) -> None:
    assert line(log_format, refused("no Host (RFC 9112 3.2)")) == expected


def test_what_was_refused_unread_shows_its_line_as_far_as_it_came() -> None:
    exchange = refused("no Host")
    exchange.line = b'GET /\x1b"x" HTTP/1.1'
    assert line("{request_line}", exchange) == r"GET /\x1b\x22x\x22 HTTP/1.1"
    assert line("{method} {target} {path}", exchange) == "- - -"
    assert json.loads(line("json", exchange))["line"] == 'GET /\x1b"x" HTTP/1.1'


def test_json_of_what_was_refused_unread_keeps_its_types() -> None:
    told = json.loads(line("json", refused("no Host")))
    assert (told["method"], told["status"], told["bytes"], told["reason"]) == ("", 0, 0, "no Host")


@pytest.mark.parametrize(
    "log_format",
    ["common", "combined", "{target} {query}", "{request[user-agent]}", "{request[referer]}", "{client}", "{reason}"],
)
def test_nothing_that_a_peer_sends_can_forge_or_colour_a_line(log_format: str) -> None:
    text = HOSTILE.decode("latin-1")
    fields = [(b"user-agent", HOSTILE), (b"referer", HOSTILE)]
    out = line(log_format, ended(*fields, target=b"/?" + HOSTILE, peer=text, why=text))
    assert out.isascii()
    assert out.isprintable()
    assert ESCAPED in out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x80\x9f\xa0\xad\xff", r"\x80\x9f\xa0\xad\xff"),
        ("\u200b\u2028\u2029\u202e\ufeff", r"\u200b\u2028\u2029\u202e\ufeff"),
        ("\udc80", r"\udc80"),
        ("\U0001f600\U000e0001", r"\U0001f600\U000e0001"),
        ('caf\xe9 \u202e"', r"caf\xe9 \u202e\x22"),
        (r"\u202e", r"\x5cu202e"),
    ],
)
def test_all_beyond_ascii_in_what_an_app_says_is_spelled_out(text: str, expected: str) -> None:
    assert escape(text) == expected
    assert line("{reason}", ended(why=text)) == expected
    assert json.loads(line("json", ended(why=text)))["reason"] == text


def test_json_escapes_by_its_own_rules() -> None:
    out = line("json", ended((b"user-agent", HOSTILE), target=HOSTILE))
    assert out.isascii()
    assert out.isprintable()
    assert json.loads(out)["target"] == json.loads(out)["user_agent"] == HOSTILE.decode("latin-1")


@pytest.mark.parametrize("name", ["Authorization", "proxy-authorization", "cookie", "COOKIE"])
def test_secrets_of_a_request_are_never_written(name: str) -> None:
    exchange = ended((name.lower().encode(), b"s3cret"))
    assert line(f"{{request[{name}]}}", exchange) == REDACTED
    assert line(f"{{request[{name}]}}", ended()) == "-"
    assert "s3cret" not in line("json", exchange) + line("combined", exchange)


def test_secrets_of_an_answer_are_never_written() -> None:
    assert line("{response[set-cookie]}", ended()) == REDACTED
    assert line("{response[Set-Cookie]}", ended(answer=Response(204))) == "-"


@pytest.mark.parametrize(
    ("log_format", "complaint"),
    [
        ("commn", "unknown access log format 'commn' (did you mean common?): it is off, common, combined or json, or"),
        ("", "unknown access log format ''"),
        ("{cleint}", "unknown directive {cleint} in the access log format (did you mean client?): it is client,"),
        ("{request[user agent]}", "unknown directive {request[user agent]}"),
        ("{}", "unknown directive {}"),
        ("{status", "a lone { in the access log format at '{status': write {{ for the character itself"),
        ("{status}}", "a lone } in"),
    ],
)
def test_a_format_that_cannot_be_read_is_explained(log_format: str, complaint: str) -> None:
    with pytest.raises(ValueError) as error:
        compile_format(log_format)
    assert str(error.value).startswith(complaint)


def test_the_explanation_lists_what_is_known() -> None:
    with pytest.raises(ValueError) as complaint:
        compile_format("{nonsense}")
    for name in [*DIRECTIVES, "worker", "time", "time_common", "time_unix", "request[FIELD]", "response[FIELD]"]:
        assert name in str(complaint.value)


def test_time_goes_on_from_line_to_line() -> None:
    now = [NOON]
    spell = compile_format("{time_common} {time}", lambda: now[0])
    assert spell(ended()) == "22/Nov/2026:12:00:00 +0000 2026-11-22T12:00:00.000Z"
    now[0] += 0.5
    assert spell(ended()) == "22/Nov/2026:12:00:00 +0000 2026-11-22T12:00:00.500Z"
    now[0] += 61
    assert spell(ended()) == "22/Nov/2026:12:01:01 +0000 2026-11-22T12:01:01.500Z"


def test_the_usual_clock_is_the_wall() -> None:
    assert compile_format("{time_unix}")(ended()) > "1700000000"


def test_escape_leaves_plain_text_alone() -> None:
    plain = "/path;v=1?q=%20&x='~"
    assert escape(plain) is plain


@pytest.mark.parametrize(
    ("log_format", "count", "expected"),
    [
        ("json", 3, '{"lost":3}'),
        ("common", 3, "# 3 lines of the access log lost here"),
        ("{status}", 1, "# 1 line of the access log lost here"),
    ],
)
def test_losses_are_told_in_the_format_of_the_log(log_format: str, count: int, expected: str) -> None:
    assert loss_line_of(log_format)(count) == expected


def test_the_default_format_can_be_compiled() -> None:
    assert compile_format(AccessLogSettings().access_log)(ended()).startswith("192.0.2.1 - - [")
