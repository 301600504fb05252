"""What FastAPI's documentation shows, each feature in a few lines; served by us and by uvicorn alike."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Path,
    Query,
    Request,
    Response,
    UploadFile,
)
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials, OAuth2PasswordBearer
from pydantic import BaseModel, Field

noted: list[str] = []
kept: dict[str, str] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    kept["model"] = "loaded"
    yield
    kept.clear()


app = FastAPI(title="Documented", version="1", lifespan=lifespan)


class Size(StrEnum):
    small = "small"
    large = "large"


class Item(BaseModel):
    name: str = Field(max_length=20)
    price: float = Field(gt=0)
    tags: set[str] = set()
    secret: str = ""


class Shown(BaseModel):
    name: str
    price: float


@app.middleware("http")
async def note_the_path(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["x-path"] = request.url.path
    return response


@app.get("/items/{number}")
async def read_item(number: Annotated[int, Path(ge=1)], q: str | None = None, short: bool = False) -> dict[str, Any]:
    return {"number": number, "q": q, "short": short, "model": kept["model"]}


@app.get("/sizes/{size}")
def read_size(size: Size) -> dict[str, str]:
    return {"size": size}


@app.get("/queries")
async def read_queries(q: Annotated[list[str], Query(min_length=1)], page: int = 1) -> dict[str, Any]:
    return {"q": q, "page": page}


@app.get("/headers")
async def read_headers(
    user_agent: Annotated[str | None, Header()] = None,
    x_token: Annotated[list[str] | None, Header()] = None,
    visit: Annotated[str | None, Cookie()] = None,
) -> dict[str, Any]:
    return {"agent": user_agent, "tokens": x_token, "visit": visit}


@app.post("/items", status_code=201, response_model=Shown)
async def make_item(item: Item, response: Response) -> Item:
    response.headers["location"] = f"/items/{len(item.name)}"
    return item


@app.put("/items/{number}")
async def put_item(number: UUID, start: Annotated[datetime, Body()], after: Annotated[timedelta, Body()]) -> Any:
    return {"number": number, "begins": start + after}


@app.post("/login")
async def log_in(username: Annotated[str, Form()], password: Annotated[str, Form()]) -> dict[str, Any]:
    return {"username": username, "length": len(password)}


@app.post("/files")
async def take_files(files: list[UploadFile], one: Annotated[bytes, File()], token: Annotated[str, Form()]) -> Any:
    return {"files": [[file.filename, file.size, file.content_type] for file in files], "one": len(one), "t": token}


def opened() -> Iterator[str]:
    noted.append("opened")
    try:
        yield "a session"
    finally:
        noted.append("closed")


@app.get("/depends")
def use_dependency(session: Annotated[str, Depends(opened)]) -> dict[str, Any]:
    return {"session": session, "opened": noted.count("opened")}


@app.get("/noted")
async def read_noted() -> list[str]:
    return noted


@app.post("/notify", status_code=202)
async def notify(address: Annotated[str, Body(embed=True)], tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(noted.append, f"told {address}")
    return {"message": "on its way"}


bearer = OAuth2PasswordBearer(tokenUrl="login")


@app.get("/users/me")
async def read_me(token: Annotated[str, Depends(bearer)]) -> dict[str, str]:
    return {"token": token}


@app.get("/basic")
def read_basic(credentials: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> dict[str, str]:
    return {"user": credentials.username}


@app.get("/gone")
async def gone() -> None:
    raise HTTPException(410, {"why": "gone"}, headers={"X-Error": "yes"})


@app.get("/fails")
async def fails() -> None:
    raise ValueError("nobody handles me")


@app.exception_handler(LookupError)
async def looked_in_vain(request: Request, error: LookupError) -> PlainTextResponse:
    return PlainTextResponse(f"looked in vain: {error}", 404)


@app.get("/look")
async def look() -> None:
    raise LookupError("nowhere")


@app.get("/page", response_class=HTMLResponse)
async def page() -> str:
    return "<p>a page</p>"


@app.get("/away")
async def away() -> RedirectResponse:
    return RedirectResponse("https://elsewhere.example/")


@app.delete("/items/{number}", status_code=204)
async def delete_item(number: int) -> None:
    return None


@app.get("/video")
def video() -> StreamingResponse:
    def pieces() -> Iterator[bytes]:
        for _ in range(50):
            yield b"frame " * 1000

    return StreamingResponse(pieces(), media_type="video/mp4")


@app.post("/raw")
async def raw(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


router = APIRouter(prefix="/routed", tags=["routed"], responses={418: {"description": "tea"}})


@router.get("/{rest:path}")
async def routed(rest: str) -> dict[str, str]:
    return {"rest": rest}


app.include_router(router)
sub = FastAPI(title="Sub")


@sub.get("/where")
async def where(request: Request) -> dict[str, str]:
    return {"root": request.scope["root_path"], "url": str(request.url_for("where")), "path": request.scope["path"]}


app.mount("/sub", sub)
