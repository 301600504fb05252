"""The notebook in Quart: Flask's words over ASGI, serving hooks, async streaming and a background task."""

import asyncio
from collections.abc import AsyncIterator

import notebook
from quart import Quart, Response, jsonify, redirect, request, send_file, session, url_for
from quart.wrappers import Response as QuartResponse
from werkzeug.wrappers import Response as AnyResponse

app = Quart(__name__)
app.secret_key = "not a secret"
marks = {"began": False}


@app.before_serving
async def begin() -> None:
    notebook.prepare()
    marks["began"] = True


@app.after_serving
async def end() -> None:
    notebook.mark("ended")


@app.after_request
async def marking(response: QuartResponse) -> QuartResponse:
    response.headers.add(*notebook.MARKED)
    return response


@app.errorhandler(notebook.Unknown)
async def unknown(error: notebook.Unknown) -> tuple[QuartResponse, int]:
    return jsonify(error=str(error)), 404


@app.errorhandler(RuntimeError)
async def failed(error: RuntimeError) -> tuple[Response, int]:
    app.logger.error("broken", exc_info=error)
    return Response(f"{type(error).__name__}: sorry", content_type="text/plain; charset=utf-8"), 500


@app.get("/")
async def index() -> str:
    return notebook.page(notebook.texts())


@app.post("/notes")
async def write() -> AnyResponse:
    form = await request.form
    return redirect(f"/notes/{notebook.add(form['text'])}", 303)


@app.get("/notes/<int:number>")
async def read(number: int) -> QuartResponse:
    return jsonify(notebook.note(number))


@app.post("/files")
async def upload() -> tuple[QuartResponse, int]:
    form, files = await request.form, await request.files
    return jsonify(notebook.keep(form["name"], files["content"].read())), 201


@app.get("/files/<name>")
async def download(name: str) -> QuartResponse:
    return await send_file(notebook.FILES / name, as_attachment=True, conditional=True)


@app.get("/count/<int:last>")
async def count(last: int) -> Response:
    async def lines() -> AsyncIterator[str]:
        for number in range(last):
            yield f"{number}\n"

    return Response(lines(), content_type="text/plain; charset=utf-8")


@app.get("/half")
async def half() -> Response:
    async def pieces() -> AsyncIterator[str]:
        yield "half"
        raise RuntimeError("the other half is missing")

    return Response(pieces(), content_type="text/plain; charset=utf-8")


@app.post("/echo")
async def echo() -> Response:
    return Response(await request.get_data(), content_type=request.content_type)


@app.get("/visits")
async def visits() -> QuartResponse:
    session["visits"] = session.get("visits", 0) + 1
    return jsonify(visits=session["visits"])


@app.get("/slow")
async def slow() -> str:
    await asyncio.sleep(notebook.SLOW)
    return "at last"


@app.get("/broken")
async def broken() -> str:
    raise RuntimeError("broken on purpose")


@app.post("/later")
async def later() -> tuple[str, int]:
    app.add_background_task(notebook.add, "written later")
    return "soon", 202


@app.get("/where/<word>")
async def where(word: str) -> QuartResponse:
    found = {"scheme": request.scheme, "host": request.host, "path": word}
    link = url_for("read", number=7)
    return jsonify(found | {"q": request.args["q"], "client": request.remote_addr is not None, "link": link})


@app.get("/began")
async def began() -> QuartResponse:
    return jsonify(marks)
