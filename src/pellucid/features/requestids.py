"""A name for each request, told to the app and to the client: what either says of it can be found in the log."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid.features.feature import Feature
from pellucid.message import Headers, Response
from pellucid.piece import Body
from pellucid.server.exchange import Exchange
from pellucid.setting import setting

NAME = b"x-request-id"


@dataclass(frozen=True, slots=True)
class RequestIdSettings:
    """What names requests."""

    request_id: bool = setting(
        False,
        "Tell the app and the client what the log calls a request: by X-Request-ID, which a trusted proxy may have "
        "chosen, and nobody else.",
    )


def request_id_feature(settings: RequestIdSettings) -> Feature | None:
    """The feature that tells it. It stands behind that which believes proxies, and so is believed by apps."""
    return Feature(_ask, _answer) if settings.request_id else None


def _ask(exchange: Exchange) -> None:
    request = exchange.request
    name = exchange.request_id.encode()
    # WSGI makes one name of dashes and underscores: a client must not say the same in another spelling.
    kept = [item for item in request.headers.fields if item[0].replace(b"_", b"-") != NAME]
    request.headers = Headers([*kept, (NAME, name)])


def _answer(exchange: Exchange, response: Response, body: Body) -> tuple[Response, Body]:
    headers = response.headers.without(NAME) if NAME in response.headers else response.headers
    return Response(response.status, headers.plus((NAME, exchange.request_id.encode()))), body
