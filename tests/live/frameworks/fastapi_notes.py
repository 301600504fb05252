"""The notebook in FastAPI: typed parameters, dependencies, forms, UploadFile, lifespan and BackgroundTasks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import notebook
from fastapi import BackgroundTasks, Cookie, Depends, FastAPI, Form, Request, Response, UploadFile
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    StreamingResponse,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    notebook.prepare()
    yield {"began": True}
    notebook.mark("ended")


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def marking(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.append(*notebook.MARKED)
    return response


@app.exception_handler(notebook.Unknown)
async def unknown(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 404)


@app.exception_handler(500)
async def failed(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse(f"{type(error).__name__}: sorry", 500)


def all_texts() -> Iterator[list[str]]:
    yield notebook.texts()


@app.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
def index(texts: Annotated[list[str], Depends(all_texts)]) -> str:
    return notebook.page(texts)


@app.post("/notes")
def write(text: Annotated[str, Form()]) -> RedirectResponse:
    return RedirectResponse(f"/notes/{notebook.add(text)}", 303)


@app.get("/notes/{number}")
def read(number: int) -> dict[str, Any]:
    return notebook.note(number)


@app.post("/files", status_code=201)
async def upload(name: Annotated[str, Form()], content: UploadFile) -> dict[str, Any]:
    return notebook.keep(name, await content.read())


@app.get("/files/{name}")
def download(name: str) -> FileResponse:
    return FileResponse(notebook.FILES / name, filename=name)


@app.get("/count/{last}")
def count(last: int) -> StreamingResponse:
    return StreamingResponse((f"{number}\n" for number in range(last)), media_type="text/plain")


@app.get("/half")
async def half() -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        yield "half"
        raise RuntimeError("the other half is missing")

    return StreamingResponse(pieces(), media_type="text/plain")


@app.post("/echo")
async def echo(request: Request) -> Response:
    pieces = [piece async for piece in request.stream()]
    return Response(b"".join(pieces), media_type=request.headers["content-type"])


@app.get("/visits")
async def visit(response: Response, visits: Annotated[int, Cookie()] = 0) -> dict[str, int]:
    response.set_cookie("visits", str(visits + 1), httponly=True)
    return {"visits": visits + 1}


@app.get("/slow")
async def slow() -> str:
    await asyncio.sleep(notebook.SLOW)
    return "at last"


@app.get("/broken")
async def broken() -> None:
    raise RuntimeError("broken on purpose")


@app.post("/later", status_code=202, response_class=PlainTextResponse)
async def later(tasks: BackgroundTasks) -> str:
    tasks.add_task(notebook.add, "written later")
    return "soon"


@app.get("/where/{word}")
async def where(request: Request, word: str, q: str) -> dict[str, Any]:
    found = {"scheme": request.url.scheme, "host": request.url.netloc, "path": word}
    return found | {"q": q, "client": request.client is not None, "link": request.url_for("read", number=7).path}


@app.get("/began")
async def began(request: Request) -> dict[str, Any]:
    return {"began": request.state.began}
