"""Files that were uploaded from a browser: listed, and deleted unless they are in use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.deletion import Blocked, DeletionView, Reason
from windvane.console.draw import draw
from windvane.console.endpoint.uses import uses_of_objects
from windvane.console.forms import form_of
from windvane.console.list_query import whole_number
from windvane.console.pages.uploads import FOLDER, uploaded_at
from windvane.console.request_context import RequestContext, context_of
from windvane.console.security import PAGE_HEADERS
from windvane.console.wording import in_bytes
from windvane.errors import DoesNotExist, InvalidRequest, NotFound
from windvane.names import default_bucket
from windvane.wording import counted

_PAGE = "/console/uploads"
_MOST = 5000
_MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Upload:
    """A file in a folder of its own; `beside` are the URIs of feature specifications in the same folder."""

    name: str
    uri: str
    size: int
    when: datetime
    beside: tuple[str, ...]


@dataclass(frozen=True)
class UploadsView:
    """The page that lists uploads, the newest first.

    is_cut     there are more than are listed
    deleted    files that the form that led here has deleted
    """

    uploads: tuple[Upload, ...]
    folder: str
    is_cut: bool
    deleted: int


async def uploads_page(request: Request) -> Response:
    context = context_of(request)
    uploads, is_cut = await _uploads(context)
    deleted = whole_number(request.query_params.get("deleted", ""), 0)
    view = UploadsView(uploads, _folder(context), is_cut, deleted)
    return await context.in_thread(draw, request, "uploads.html", view)


async def delete_uploads(request: Request) -> Response:
    """Asks first; what is in use is not deleted."""
    context, form = context_of(request), await form_of(request)
    wanted = frozenset(form.all("uri"))
    uploads, _ = await _uploads(context)
    chosen = [one for one in uploads if one.uri in wanted][:_MOST_AT_ONCE]
    if not chosen:
        raise InvalidRequest("No file was selected. Select the files to delete.")
    users = await _users(context, chosen)
    free = [one for one in chosen if one.uri not in users]
    if form.get("confirm") != "yes" or not free:
        return draw(request, "deletion.html", _question(free, chosen, users))
    for one in free:
        for uri in (one.uri, *one.beside):
            await _delete(context, uri)
    return RedirectResponse(f"{_PAGE}?deleted={len(free)}", 303, headers=PAGE_HEADERS)


def _question(
    free: list[Upload], chosen: list[Upload], users: dict[str, tuple[Reason, ...]]
) -> DeletionView:
    beside = sum(len(one.beside) for one in free)
    kept = [f"{counted(beside, 'feature specification')} that came with them"] if beside else []
    return DeletionView(
        "Delete uploads?" if len(chosen) > 1 else f"Delete {chosen[0].name}?",
        f"{_PAGE}/delete",
        _PAGE,
        tuple(("uri", one.uri) for one in chosen),
        (*(f"{one.name}, {in_bytes(one.size)}: {one.uri}" for one in free), *kept),
        (
            "jobs that were trained on these files, with their models and reports; they cannot be run again without them",
            "endpoints and their models",
        ),
        tuple(Blocked(one.name, users[one.uri]) for one in chosen if one.uri in users),
    )


async def _delete(context: RequestContext, uri: str) -> None:
    try:
        await context.objects.delete(uri)
    except (NotFound, DoesNotExist):
        return  # somebody else was quicker


async def _uploads(context: RequestContext) -> tuple[tuple[Upload, ...], bool]:
    """Return the newest uploads, and whether there are more."""
    if not await context.objects.has_default_bucket():
        return (), False
    folder = _folder(context)
    found = await context.objects.list(folder, _MOST)
    beside: dict[str, list[str]] = {}
    for uri, _ in found:
        if uri.endswith(".json"):
            beside.setdefault(uri.rpartition("/")[0], []).append(uri)
    uploads = []
    for uri, size in found:
        place, _, name = uri.rpartition("/")
        when = uploaded_at(place.removeprefix(folder))
        if when is not None and not name.endswith(".json"):
            uploads.append(Upload(name, uri, size, when, tuple(beside.get(place, ()))))
    uploads.sort(key=lambda one: one.when, reverse=True)
    return tuple(uploads), len(found) == _MOST


async def _users(context: RequestContext, uploads: list[Upload]) -> dict[str, tuple[Reason, ...]]:
    """Return why uploads cannot be deleted, by their URIs."""
    places = {one.uri: (one.uri, *one.beside) for one in uploads}
    used = await uses_of_objects(context, [uri for uris in places.values() for uri in uris])
    reasons = {
        name: dict.fromkeys(why for uri in uris for why in used.get(uri, ()))
        for name, uris in places.items()
    }
    return {name: tuple(why) for name, why in reasons.items() if why}


def _folder(context: RequestContext) -> str:
    bucket = default_bucket(context.caller.account, context.caller.region)
    return f"s3://{bucket}/{FOLDER}/"


ROUTES = (
    Route(_PAGE, uploads_page, methods=["GET"]),
    Route(f"{_PAGE}/delete", delete_uploads, methods=["POST"]),
)
