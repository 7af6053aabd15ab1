"""Objects of S3 to be saved: never shown, whatever they say they are."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from windvane.console.request_context import context_of
from windvane.console.security import PAGE_HEADERS


async def download(request: Request) -> Response:
    uri = request.query_params.get("uri", "")
    objects = context_of(request).objects
    size = await objects.size(uri)
    name = quote(uri.rpartition("/")[2] or "object", safe="")
    headers = {
        **PAGE_HEADERS,
        "Content-Length": str(size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
    }
    if request.method == "HEAD":  # of which the whole object would be read for nothing
        return Response(headers=headers, media_type="application/octet-stream")
    return StreamingResponse(
        objects.chunks(uri), headers=headers, media_type="application/octet-stream"
    )


ROUTES = (Route("/console/files", download, methods=["GET"]),)
