"""The notebook in Django, for WSGI and ASGI: models, views, signed cookies, uploads, streaming and a middleware."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from threading import Thread
from typing import Any

import django
import notebook
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import path, reverse
from django.views.decorators.http import condition, require_GET, require_POST, require_safe

notebook.prepare()
settings.configure(
    SECRET_KEY="not a secret",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": notebook.DATABASE}},
    MIDDLEWARE=["django_notes.marking", "django.middleware.common.CommonMiddleware"],
    LOGGING={
        "version": 1,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["console"], "level": "ERROR"},
    },
    DATA_UPLOAD_MAX_MEMORY_SIZE=16 << 20,
)
django.setup()


class Note(models.Model):
    text = models.TextField()

    class Meta:
        app_label = "notebook"
        db_table = "notes"
        managed = False


def marking(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers[notebook.MARKED[0]] = notebook.MARKED[1]
        return response

    return middleware


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse(notebook.page(list(Note.objects.order_by("id").values_list("text", flat=True))))


@require_POST
def write(request: HttpRequest) -> HttpResponseRedirect:
    response = HttpResponseRedirect(f"/notes/{Note.objects.create(text=request.POST['text']).id}")
    response.status_code = 303
    return response


def read(request: HttpRequest, number: int) -> JsonResponse:
    note = Note.objects.filter(id=number).values("id", "text").first()
    if note is None:
        return JsonResponse({"error": f"no note {number}"}, status=404)
    return JsonResponse(note)


@require_POST
def upload(request: HttpRequest) -> JsonResponse:
    return JsonResponse(notebook.keep(request.POST["name"], request.FILES["content"].read()), status=201)


def age(request: HttpRequest, name: str) -> str:
    return f'"{(notebook.FILES / name).stat().st_mtime_ns}"'


@condition(etag_func=age)
def download(request: HttpRequest, name: str) -> FileResponse:
    return FileResponse(open(notebook.FILES / name, "rb"), as_attachment=True)


def streamed(request: HttpRequest, pieces: Iterator[str]) -> StreamingHttpResponse:
    async def later() -> AsyncIterator[str]:
        for piece in pieces:
            yield piece

    source: Any = later() if isinstance(request, ASGIRequest) else pieces
    return StreamingHttpResponse(source, content_type="text/plain; charset=utf-8")


def count(request: HttpRequest, last: int) -> StreamingHttpResponse:
    return streamed(request, (f"{number}\n" for number in range(last)))


def half(request: HttpRequest) -> StreamingHttpResponse:
    def pieces() -> Iterator[str]:
        yield "half"
        raise RuntimeError("the other half is missing")

    return streamed(request, pieces())


@require_POST
def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body, content_type=request.content_type)


def visits(request: HttpRequest) -> JsonResponse:
    number = int(request.get_signed_cookie("visits", "0")) + 1
    response = JsonResponse({"visits": number})
    response.set_signed_cookie("visits", str(number))
    return response


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(notebook.SLOW)
    return HttpResponse("at last")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken on purpose")


@require_POST
def later(request: HttpRequest) -> HttpResponse:
    Thread(target=notebook.add, args=["written later"]).start()
    return HttpResponse("soon", status=202)


@require_GET
def where(request: HttpRequest, word: str) -> JsonResponse:
    found = {"scheme": request.scheme, "host": request.get_host(), "path": word}
    link = reverse("read", args=[7])
    return JsonResponse(found | {"q": request.GET["q"], "client": "REMOTE_ADDR" in request.META, "link": link})


def failed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("RuntimeError: sorry", status=500, content_type="text/plain; charset=utf-8")


handler500 = failed
urlpatterns = [
    path("", index),
    path("notes", write),
    path("notes/<int:number>", read, name="read"),
    path("files", upload),
    path("files/<str:name>", download),
    path("count/<int:last>", count),
    path("half", half),
    path("echo", echo),
    path("visits", visits),
    path("slow", slow),
    path("broken", broken),
    path("later", later),
    path("where/<str:word>", where),
]
wsgi = get_wsgi_application()
asgi = get_asgi_application()
