"""A WSGI application that uses all of PEP 3333, behind the standard library's validator and WebTest's lint."""

import io
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING
from wsgiref.validate import validator

from webtest import lint

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# What a judge only warns of is a failure too: it becomes an exception, a 500 and a line in the log.
warnings.simplefilter("error")

PLAIN = [("Content-Type", "application/octet-stream")]
BLOCK = 64 << 10


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer in the way that the path names."""
    return WAYS.get(environ["PATH_INFO"], facts)(environ, start_response)


def facts(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """What the environment says of the request's target."""
    text = "{REQUEST_METHOD} [{SCRIPT_NAME}] [{PATH_INFO}] [{QUERY_STRING}]".format(**environ).encode("latin-1")
    start_response("200 OK", [*PLAIN, ("Content-Length", str(len(text)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterator[bytes]:
    """The request's body, streamed as it is read."""
    start_response("200 OK", PLAIN)
    while block := environ["wsgi.input"].read(BLOCK):
        yield block


def lines(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The request's body by all the ways of reading lines."""
    body = environ["wsgi.input"]
    read = [body.readline(), body.readline(2), *body.readlines(1), *body]
    start_response("200 OK", PLAIN)
    return read


def write(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """An answer by write(), then by the iterable."""
    give = start_response("200 OK", PLAIN)
    give(b"written, ")
    return iter([b"then ", b"", b"given"])


def complain(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """A word to the log, and an answer that is begun anew after an exception."""
    errors = environ["wsgi.errors"]
    errors.write("said to wsgi.errors\n")
    errors.writelines(["and ", "more\n"])
    errors.flush()
    start_response("200 OK", PLAIN)
    try:
        raise LookupError("nothing here")
    except LookupError:
        start_response("404 Not Found", PLAIN, sys.exc_info())
    return [b"begun anew"]


def file(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """An answer by the server's own wrapper of files."""
    wrapper: Callable[..., Iterable[bytes]] = environ["wsgi.file_wrapper"]
    start_response("200 OK", PLAIN)
    return wrapper(io.BytesIO(b"file " * BLOCK), BLOCK)


def nothing(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """An answer without a body."""
    start_response("204 No Content", [])
    return []


def wrong(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """What each judge objects to."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Status", "wrong")])
    return []


WAYS = {
    "/echo": echo,
    "/lines": lines,
    "/write": write,
    "/complain": complain,
    "/file": file,
    "/nothing": nothing,
    "/wrong": wrong,
}
validated = validator(app)
linted = lint.middleware(app)
