"""The notebook in Litestar: typed handlers, a dataclass for the form, lifespan, ASGI middleware and BackgroundTask."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import notebook
from litestar import Litestar, MediaType, Request, Response, get, post, route
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import MutableScopeHeaders, UploadFile
from litestar.enums import HttpMethod, RequestEncodingType
from litestar.params import Body
from litestar.response import File, Redirect, Stream
from litestar.types import ASGIApp, Message, Receive, Scope, Send

FORM = RequestEncodingType.URL_ENCODED
PARTS = RequestEncodingType.MULTI_PART


@dataclass
class Written:
    text: str


@dataclass
class Uploaded:
    name: str
    content: UploadFile


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    notebook.prepare()
    app.state.began = True
    yield
    notebook.mark("ended")


def marking(app: ASGIApp) -> ASGIApp:
    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message).add(*notebook.MARKED)
            await send(message)

        await app(scope, receive, marked)

    return middleware


@route("/", http_method=[HttpMethod.GET, HttpMethod.HEAD], media_type=MediaType.HTML, sync_to_thread=True)
def index() -> str:
    return notebook.page(notebook.texts())


@post("/notes")
async def write(data: Annotated[Written, Body(media_type=FORM)]) -> Redirect:
    return Redirect(f"/notes/{notebook.add(data.text)}", status_code=303)


@get("/notes/{number:int}", name="read", sync_to_thread=True)
def read(number: int) -> dict[str, Any]:
    return notebook.note(number)


@post("/files")
async def upload(data: Annotated[Uploaded, Body(media_type=PARTS)]) -> dict[str, Any]:
    return notebook.keep(data.name, await data.content.read())


@get("/files/{name:str}", sync_to_thread=False)
def download(name: str) -> File:
    return File(notebook.FILES / name, filename=name)


@get("/count/{last:int}", sync_to_thread=False)
def count(last: int) -> Stream:
    return Stream((f"{number}\n" for number in range(last)), media_type="text/plain")


@get("/half")
async def half() -> Stream:
    def pieces() -> Iterator[str]:
        yield "half"
        raise RuntimeError("the other half is missing")

    return Stream(pieces(), media_type="text/plain")


@post("/echo", status_code=200)
async def echo(request: Request[Any, Any, Any]) -> Response[bytes]:
    return Response(await request.body(), media_type=request.headers["content-type"])


@get("/visits")
async def visits(request: Request[Any, Any, Any]) -> Response[dict[str, int]]:
    visits = int(request.cookies.get("visits", 0)) + 1
    response = Response({"visits": visits})
    response.set_cookie("visits", str(visits), httponly=True)
    return response


@get("/slow")
async def slow() -> str:
    await asyncio.sleep(notebook.SLOW)
    return "at last"


@get("/broken")
async def broken() -> None:
    raise RuntimeError("broken on purpose")


@post("/later", status_code=202, media_type=MediaType.TEXT)
async def later() -> Response[str]:
    return Response("soon", background=BackgroundTask(notebook.add, "written later"))


@get("/where/{word:str}")
async def where(request: Request[Any, Any, Any], word: str, q: str) -> dict[str, Any]:
    found = {"scheme": request.url.scheme, "host": request.url.netloc, "path": word}
    link = urlsplit(request.url_for("read", number=7)).path
    return found | {"q": q, "client": request.client is not None, "link": link}


@get("/began")
async def began(request: Request[Any, Any, Any]) -> dict[str, bool]:
    return {"began": request.app.state.began}


def unknown(request: Request[Any, Any, Any], error: notebook.Unknown) -> Response[dict[str, str]]:
    return Response({"error": str(error)}, status_code=404)


def failed(request: Request[Any, Any, Any], error: RuntimeError) -> Response[str]:
    return Response(f"{type(error).__name__}: sorry", status_code=500, media_type=MediaType.TEXT)


app = Litestar(
    [index, write, read, upload, download, count, half, echo, visits, slow, broken, later, where, began],
    lifespan=[lifespan],
    middleware=[marking],
    exception_handlers={notebook.Unknown: unknown, RuntimeError: failed},
    openapi_config=None,
)
