"""One JSON route of FastAPI, which all servers run alike."""

from __future__ import annotations

from fastapi import FastAPI


async def item(number: int, q: str = "") -> dict[str, int | str]:
    """The item with that number, with what was asked about it."""
    return {"number": number, "q": q, "name": "pellucid"}


app = FastAPI()
app.add_api_route("/items/{number}", item)
