"""The notebook in Flask: blueprint-free routes, sessions, send_file, streaming and a thread in the background."""

import time
from collections.abc import Iterator
from threading import Thread

import notebook
from flask import Flask, Response, jsonify, redirect, request, send_file, session, url_for
from werkzeug.wrappers import Response as AnyResponse

notebook.prepare()
app = Flask(__name__)
app.secret_key = "not a secret"


@app.after_request
def marking(response: Response) -> Response:
    response.headers.add(*notebook.MARKED)
    return response


@app.errorhandler(notebook.Unknown)
def unknown(error: notebook.Unknown) -> tuple[Response, int]:
    return jsonify(error=str(error)), 404


@app.errorhandler(RuntimeError)
def failed(error: RuntimeError) -> tuple[Response, int]:
    app.logger.error("broken", exc_info=error)
    return Response(f"{type(error).__name__}: sorry", content_type="text/plain; charset=utf-8"), 500


@app.get("/")
def index() -> str:
    return notebook.page(notebook.texts())


@app.post("/notes")
def write() -> AnyResponse:
    return redirect(f"/notes/{notebook.add(request.form['text'])}", 303)


@app.get("/notes/<int:number>")
def read(number: int) -> Response:
    return jsonify(notebook.note(number))


@app.post("/files")
def upload() -> tuple[Response, int]:
    return jsonify(notebook.keep(request.form["name"], request.files["content"].read())), 201


@app.get("/files/<name>")
def download(name: str) -> Response:
    return send_file(notebook.FILES / name, as_attachment=True)


@app.get("/count/<int:last>")
def count(last: int) -> Response:
    return Response((f"{number}\n" for number in range(last)), content_type="text/plain; charset=utf-8")


@app.get("/half")
def half() -> Response:
    def pieces() -> Iterator[str]:
        yield "half"
        raise RuntimeError("the other half is missing")

    return Response(pieces(), content_type="text/plain; charset=utf-8")


@app.post("/echo")
def echo() -> Response:
    return Response(request.get_data(), content_type=request.content_type)


@app.get("/visits")
def visits() -> Response:
    session["visits"] = session.get("visits", 0) + 1
    return jsonify(visits=session["visits"])


@app.get("/slow")
def slow() -> str:
    time.sleep(notebook.SLOW)
    return "at last"


@app.get("/broken")
def broken() -> str:
    raise RuntimeError("broken on purpose")


@app.post("/later")
def later() -> tuple[str, int]:
    Thread(target=notebook.add, args=["written later"]).start()
    return "soon", 202


@app.get("/where/<word>")
def where(word: str) -> Response:
    found = {"scheme": request.scheme, "host": request.host, "path": word}
    link = url_for("read", number=7)
    return jsonify(found | {"q": request.args["q"], "client": request.remote_addr is not None, "link": link})
