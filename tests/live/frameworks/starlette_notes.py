"""The notebook in Starlette: routes, lifespan state, BaseHTTPMiddleware, sessions, FileResponse and BackgroundTask."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import notebook
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    notebook.prepare()
    yield {"began": True}
    notebook.mark("ended")


class Marking(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.append(*notebook.MARKED)
        return response


def index(request: Request) -> HTMLResponse:
    return HTMLResponse(notebook.page(notebook.texts()))


async def write(request: Request) -> RedirectResponse:
    form = await request.form()
    number = notebook.add(str(form["text"]))
    return RedirectResponse(f"/notes/{number}", 303)


def read(request: Request) -> JSONResponse:
    return JSONResponse(notebook.note(request.path_params["number"]))


async def upload(request: Request) -> JSONResponse:
    async with request.form() as form:
        content = form["content"]
        assert not isinstance(content, str)
        return JSONResponse(notebook.keep(str(form["name"]), await content.read()), 201)


def download(request: Request) -> FileResponse:
    name = request.path_params["name"]
    return FileResponse(notebook.FILES / name, filename=name)


async def count(request: Request) -> StreamingResponse:
    lines = (f"{number}\n" for number in range(request.path_params["last"]))
    return StreamingResponse(lines, media_type="text/plain")


async def half(request: Request) -> StreamingResponse:
    def pieces() -> Iterator[str]:
        yield "half"
        raise RuntimeError("the other half is missing")

    return StreamingResponse(pieces(), media_type="text/plain")


async def echo(request: Request) -> Response:
    return Response(await request.body(), media_type=request.headers["content-type"])


async def visits(request: Request) -> JSONResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return JSONResponse({"visits": request.session["visits"]})


async def slow(request: Request) -> PlainTextResponse:
    await asyncio.sleep(notebook.SLOW)
    return PlainTextResponse("at last")


async def broken(request: Request) -> Response:
    raise RuntimeError("broken on purpose")


async def later(request: Request) -> PlainTextResponse:
    return PlainTextResponse("soon", 202, background=BackgroundTask(notebook.add, "written later"))


async def where(request: Request) -> JSONResponse:
    found = {"scheme": request.url.scheme, "host": request.url.netloc, "path": request.path_params["word"]}
    link = request.url_for("read", number=7).path
    return JSONResponse(found | {"q": request.query_params["q"], "client": request.client is not None, "link": link})


async def began(request: Request) -> JSONResponse:
    return JSONResponse({"began": request.state.began})


async def unknown(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 404)


async def failed(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse(f"{type(error).__name__}: sorry", 500)


app = Starlette(
    routes=[
        Route("/", index),
        Route("/notes", write, methods=["POST"]),
        Route("/notes/{number:int}", read),
        Route("/files", upload, methods=["POST"]),
        Route("/files/{name}", download),
        Route("/count/{last:int}", count),
        Route("/half", half),
        Route("/echo", echo, methods=["POST"]),
        Route("/visits", visits),
        Route("/slow", slow),
        Route("/broken", broken),
        Route("/later", later, methods=["POST"]),
        Route("/where/{word}", where),
        Route("/began", began),
    ],
    middleware=[Middleware(Marking), Middleware(SessionMiddleware, secret_key="not a secret")],
    exception_handlers={notebook.Unknown: unknown, 500: failed},
    lifespan=lifespan,
)
