"""What Starlette's documentation shows, each feature in an app of a few lines; served by us and by uvicorn alike."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles

FOLDER = Path(os.environ["NOTEBOOK"])
noted: list[str] = []


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    yield {"greeting": "hello", "requests": []}


# Requests


async def request_facts(request: Request) -> JSONResponse:
    """All that a request says of itself, but for the client's port."""
    return JSONResponse(
        {
            "method": request.method,
            "url": str(request.url),
            "base": str(request.base_url),
            "path": request.url.path,
            "raw": request.scope["raw_path"].decode("latin-1"),
            "query": request.url.query,
            "parameters": request.query_params.multi_items(),
            "fields": sorted(request.headers.items()),
            "cookies": request.cookies,
            "client": request.client.host if request.client else None,
            "version": request.scope["http_version"],
            "root": request.scope["root_path"],
        }
    )


async def read_json(request: Request) -> JSONResponse:
    return JSONResponse({"read": await request.json()})


async def read_stream(request: Request) -> JSONResponse:
    total = 0
    async for piece in request.stream():
        total += len(piece)
    return JSONResponse({"bytes": total})


async def read_form(request: Request) -> JSONResponse:
    async with request.form(max_files=10, max_fields=10) as form:
        items: list[Any] = []
        for name, value in form.multi_items():
            if isinstance(value, str):
                items.append([name, value])
            else:
                items.append([name, value.filename, value.content_type, value.size, len(await value.read())])
    return JSONResponse(items)


async def read_nothing(request: Request) -> PlainTextResponse:
    return PlainTextResponse("no need to read")


async def read_state(request: Request) -> JSONResponse:
    request.state.own = "mine alone"
    request.state.requests.append("one")
    return JSONResponse([request.state.greeting, len(request.state.requests)])


async def read_converted(request: Request) -> JSONResponse:
    return JSONResponse({name: str(value) for name, value in request.path_params.items()})


async def wait_for_the_end(request: Request) -> PlainTextResponse:
    while not await request.is_disconnected():
        await asyncio.sleep(0.01)
    noted.append("is_disconnected")
    return PlainTextResponse("nobody reads this")


async def read_until_the_end(request: Request) -> PlainTextResponse:
    try:
        await request.body()
    except ClientDisconnect:
        noted.append("ClientDisconnect")
    return PlainTextResponse("nobody reads this either")


async def child(request: Request) -> PlainTextResponse:
    """What a process of the app's own says, and how it ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('hello')", stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return PlainTextResponse(f"{said!r} {process.returncode}")


async def told(request: Request) -> JSONResponse:
    return JSONResponse(noted)


# Responses


async def text(request: Request) -> PlainTextResponse:
    return PlainTextResponse("Hello, world!")


async def html(request: Request) -> HTMLResponse:
    return HTMLResponse("<h1>caf\N{LATIN SMALL LETTER E WITH ACUTE}</h1>", 201, {"X-One": "1"})


async def cookies(request: Request) -> Response:
    response = PlainTextResponse("cookies")
    response.set_cookie("kept", "a b;c", max_age=60, path="/x", httponly=True, samesite="strict", secure=True)
    response.set_cookie("other", "2")
    response.delete_cookie("gone")
    return response


async def redirect(request: Request) -> RedirectResponse:
    return RedirectResponse("/text?caf\N{LATIN SMALL LETTER E WITH ACUTE}")


async def empty(request: Request) -> Response:
    return Response(status_code=request.path_params["status"])


async def stream(request: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(100):
            yield b"%d," % number
            await asyncio.sleep(0)

    return StreamingResponse(pieces(), media_type="text/plain")


async def stream_from_a_thread(request: Request) -> StreamingResponse:
    def pieces() -> Iterator[str]:
        yield from ("one", "", "two")

    return StreamingResponse(pieces(), 206, {"X-Two": "2"})


async def stream_of_known_length(request: Request) -> StreamingResponse:
    return StreamingResponse(iter([b"12345", b"67890"]), headers={"Content-Length": "10"})


async def stream_large(request: Request) -> StreamingResponse:
    return StreamingResponse(iter([b"x" * 100_000] * 20))


async def events(request: Request) -> StreamingResponse:
    """Server-sent events until the client leaves."""

    async def pieces() -> AsyncIterator[str]:
        number = 0
        try:
            while True:
                yield f"event: tick\ndata: {number}\n\n"
                number += 1
                await asyncio.sleep(0.01)
        finally:
            noted.append("events ended")

    return StreamingResponse(pieces(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def file(request: Request) -> FileResponse:
    return FileResponse(FOLDER / "page.txt", filename="caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt")


async def no_file(request: Request) -> FileResponse:
    return FileResponse(FOLDER / "nowhere")


async def background(request: Request) -> JSONResponse:
    tasks = BackgroundTasks()
    tasks.add_task(noted.append, "first task")
    tasks.add_task(noted.append, "second task")
    return JSONResponse(noted, background=tasks)


async def failing_background(request: Request) -> PlainTextResponse:
    def fail() -> None:
        raise RuntimeError("in the background")

    return PlainTextResponse("answered before", background=BackgroundTask(fail))


async def many_fields(request: Request) -> Response:
    response = Response(b"\xff", media_type="image/png")
    response.headers.append("X-Twice", "1")
    response.headers.append("X-Twice", "2")
    response.headers["X-Latin"] = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    return response


# Errors


class Unfit(Exception):
    """Has a handler of its own."""


async def raise_http(request: Request) -> Response:
    raise HTTPException(429, "too often", headers={"Retry-After": "5"})


async def raise_own(request: Request) -> Response:
    raise Unfit("not like this")


async def raise_other(request: Request) -> Response:
    raise RuntimeError("nobody handles me")


async def unfit(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"unfit": str(error)}, 422)


async def missing(request: Request, error: Exception) -> HTMLResponse:
    return HTMLResponse("<h1>not here</h1>", 404)


# Endpoints, middleware and applications within applications


class Things(HTTPEndpoint):
    async def get(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse("got")

    async def post(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse("posted")


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        if "refuse" in request.query_params:
            return PlainTextResponse("refused by the middleware", 403)
        response = await call_next(request)
        response.headers["X-Timing"] = request.url.path
        return response


async def counted(request: Request) -> JSONResponse:
    request.session["count"] = request.session.get("count", 0) + 1
    return JSONResponse(dict(request.session))


async def compressible(request: Request) -> PlainTextResponse:
    return PlainTextResponse("compress me " * 200)


async def compressible_stream(request: Request) -> StreamingResponse:
    return StreamingResponse(iter(["compress me "] * 200))


def within(name: str, *middleware: Middleware) -> Mount:
    """Some routes under /name, behind this middleware."""
    routes = [
        Route("/facts", request_facts, methods=["GET", "POST"]),
        Route("/text", text),
        Route("/stream", stream),
        Route("/file", file),
        Route("/counted", counted),
        Route("/compressible", compressible),
        Route("/compressible-stream", compressible_stream),
        Route("/read", read_stream, methods=["POST"]),
        Route("/fails", raise_other),
    ]
    return Mount(f"/{name}", app=Starlette(routes=routes, middleware=list(middleware)), name=name)


app = Starlette(
    routes=[
        Route("/facts/{rest:path}", request_facts, methods=["GET", "POST", "PURGE"]),
        Route("/json", read_json, methods=["POST"]),
        Route("/read", read_stream, methods=["POST", "PUT"]),
        Route("/form", read_form, methods=["POST"]),
        Route("/unread", read_nothing, methods=["POST"]),
        Route("/state", read_state),
        Route("/wait", wait_for_the_end),
        Route("/wait-for-body", read_until_the_end, methods=["POST"]),
        Route("/child", child),
        Route("/told", told),
        Route("/convert/{whole:int}/{part:float}/{id:uuid}/{rest:path}", read_converted),
        Route("/text", text),
        Route("/html", html),
        Route("/cookies", cookies),
        Route("/redirect", redirect),
        Route("/empty/{status:int}", empty),
        Route("/stream", stream),
        Route("/thread", stream_from_a_thread),
        Route("/known-length", stream_of_known_length),
        Route("/large", stream_large),
        Route("/events", events),
        Route("/file", file),
        Route("/no-file", no_file),
        Route("/background", background),
        Route("/failing-background", failing_background),
        Route("/fields", many_fields),
        Route("/429", raise_http),
        Route("/unfit", raise_own),
        Route("/fails", raise_other),
        Route("/things/", Things),
        within("plain"),
        within("timed", Middleware(Timing)),
        within("zipped", Middleware(GZipMiddleware, minimum_size=100)),
        within("session", Middleware(SessionMiddleware, secret_key="not a secret")),
        within("cors", Middleware(CORSMiddleware, allow_origins=["https://one.example"], allow_methods=["PUT"])),
        within("trusted", Middleware(TrustedHostMiddleware, allowed_hosts=["docs.example"])),
        within("secure", Middleware(HTTPSRedirectMiddleware)),
        Mount("/static", StaticFiles(directory=FOLDER, html=True), name="static"),
        Host("sub.example", Router([Route("/", text)])),
    ],
    exception_handlers={Unfit: unfit, 404: missing},
    lifespan=lifespan,
)
