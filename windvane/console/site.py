"""The console: pages for a browser at `/console/`, in the order of the list."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import shlex
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import Message, Receive, Scope, Send

from windvane.api.authenticator import Authenticator, Session
from windvane.api.in_process import InProcessClient
from windvane.api.sign_ins import SignIns
from windvane.console import cookies
from windvane.console.access.overviews import Identities
from windvane.console.draw import draw, draw_part
from windvane.console.faults import in_own_words
from windvane.console.forms import form_of
from windvane.console.job_form.default_limits import DefaultLimits
from windvane.console.page_span import WatchedPage, span_of_page
from windvane.console.pages import (
    audit,
    candidate,
    candidate_deploy,
    cluster,
    compare,
    data,
    endpoint,
    endpoint_changes,
    endpoint_variants,
    endpoints,
    files,
    glossary,
    job,
    job_files,
    jobs,
    leaderboard,
    models,
    new_job,
    projects,
    roles,
    samples,
    sign_in,
    try_batch,
    try_forecast,
    try_it,
    upload_list,
    uploads,
    users,
)
from windvane.console.request_context import (
    CallerObjects,
    Objects,
    ObjectUses,
    RequestContext,
    url_of,
)
from windvane.console.security import (
    PAGE_HEADERS,
    SAFE_METHODS,
    TLS_HEADER,
    Hosts,
    check_origin,
    is_to_stay_with_tls,
)
from windvane.console.static_files import KeptFiles
from windvane.console.stream import PageStreams
from windvane.errors import (
    AccessDenied,
    CallerFault,
    Denial,
    DoesNotExist,
    InvocationFault,
    NotAuthorized,
    NotFound,
    StoreUnusable,
    Throttled,
    TooLarge,
    WindvaneError,
)
from windvane.tracing.context import within
from windvane.tracing.tracer import Tracer
from windvane.wire.call import Caller
from windvane.wire.rates import AccountRates

_LOG = logging.getLogger(__name__)

ROUTES = (
    *sign_in.ROUTES,
    *files.ROUTES,
    *jobs.ROUTES,
    *job.ROUTES,
    *job_files.ROUTES,
    *projects.ROUTES,
    *leaderboard.ROUTES,
    *compare.ROUTES,
    *candidate.ROUTES,
    *candidate_deploy.ROUTES,
    *data.ROUTES,
    *uploads.ROUTES,
    *upload_list.ROUTES,
    *samples.ROUTES,
    *new_job.ROUTES,
    *models.ROUTES,
    *endpoints.ROUTES,
    *endpoint.ROUTES,
    *endpoint_changes.ROUTES,
    *endpoint_variants.ROUTES,
    *try_forecast.ROUTES,
    *try_batch.ROUTES,
    *try_it.ROUTES,
    *users.ROUTES,
    *roles.ROUTES,
    *audit.ROUTES,
    *glossary.ROUTES,
    *cluster.ROUTES,
)

_WITHOUT_SESSION = frozenset({"/console/sign-in", "/console/enter", "/console/theme"})
_STATIC = "/console/static/"

_STATUSES: tuple[tuple[type[WindvaneError], int], ...] = (
    (NotFound, 404),
    (DoesNotExist, 404),
    (AccessDenied, 403),
    (Throttled, 429),
    (TooLarge, 413),
    (CallerFault, 400),
    (InvocationFault, 424),
    (StoreUnusable, 503),
)


@dataclass(frozen=True)
class SiteServices:
    """The services that the pages use; made once (assembly/entrances.py).

    roles       ARNs of roles that a caller may hand to jobs, the default one first
    sign_ins told of every attempt to get in
    identities
                what lists of users and roles show besides what IAM lists
    limits      of jobs that name none
    behind_tls  what comes without TLS comes from a proxy that speaks it with the browser
    rates       requests that each account may make, those of its other clients among them
    webhooks    names of those that jobs of an account may ask to be told of their end
    account     that runs the servers
    has_cluster there may be several machines
    tracer      decides which pages are traced; None traces none
    """

    authenticator: Authenticator
    inside: InProcessClient
    objects: Objects
    uses: ObjectUses
    hosts: Hosts
    roles: Callable[[Caller], tuple[str, ...]]
    sign_ins: SignIns
    identities: Identities
    limits: DefaultLimits
    behind_tls: bool = False
    rates: AccountRates = field(default_factory=AccountRates)
    webhooks: Callable[[str], tuple[str, ...]] = lambda _: ()
    account: str = ""
    has_cluster: bool = False
    tracer: Tracer | None = None


class Site:
    """The ASGI application of everything below `/console`."""

    def __init__(self, parts: SiteServices) -> None:
        self._parts = parts
        self._streams = PageStreams()
        self._app = Starlette(
            routes=[*ROUTES, Mount("/console/static", KeptFiles(), name="static")],
            middleware=[Middleware(GZipMiddleware, minimum_size=1000)],
            exception_handlers={
                WindvaneError: _error_page,
                HTTPException: _status_page,
                Exception: _broken,
            },
        )
        self._app.state.streams = self._streams
        self._app.state.authenticator = parts.authenticator
        self._app.state.sign_ins = parts.sign_ins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._parts.behind_tls:
            scope = {**scope, "scheme": "https"}
        request = Request(scope, receive)
        if is_to_stay_with_tls(request):
            send = _staying(send)
        if (tracer := self._parts.tracer) is None or scope["path"].startswith(_STATIC):
            answer = await self._refusal(request) or self._app
            await answer(scope, receive, send)
        else:
            await self._answer_traced(tracer, request, receive, send)

    async def _answer_traced(
        self, tracer: Tracer, request: Request, receive: Receive, send: Send
    ) -> None:
        """Answer with a page, and record its span, if it is traced and somebody is signed in."""
        begun = tracer.begin(request.headers.get("traceparent", ""))
        answer = await self._refusal(request) or self._app
        context: RequestContext | None = getattr(request.state, "context", None)
        span = None if context is None else tracer.kept(begun, context.caller.account)
        if span is None:
            await answer(request.scope, receive, send)
            return
        watched = WatchedPage(
            send, lambda status: tracer.record(span_of_page(span, request, ROUTES, status))
        )
        try:
            with within(span.context):
                await answer(request.scope, receive, watched)
        finally:
            watched.end()

    def end_streams(self) -> None:
        self._streams.close()

    async def _refusal(self, request: Request) -> Response | None:
        """Return the refusal of a request, if there is one: nothing is answered to a strange host, changed for a
        strange page, or shown to a stranger."""
        try:
            self._parts.hosts.check(request.headers.get("host", ""))
            check_origin(request)
            path = request.scope["path"]
            if path.startswith(_STATIC):
                return None
            session = await self._session(request)
            if session is not None:
                self._parts.rates.admit(session.caller.account)
                request.state.context = self._context(request, session)
            if path in _WITHOUT_SESSION:
                return None
            if session is None:
                return sign_in.to_sign_in(request)
            await self._check_form(request, session)
        except WindvaneError as error:
            return await _error_page(request, error)
        return None

    async def _session(self, request: Request) -> Session | None:
        kept = request.cookies.get(cookies.session_name(request), "")
        return await asyncio.to_thread(self._parts.authenticator.again, kept) if kept else None

    def _context(self, request: Request, session: Session) -> RequestContext:
        parts, caller = self._parts, _seen_from(session.caller, request)
        session = replace(session, caller=caller)
        return RequestContext(
            session,
            url_of(request),
            parts.roles,
            parts.authenticator.csrf_token(session),
            parts.inside,
            CallerObjects(parts.objects, caller, parts.inside),
            parts.uses,
            parts.identities,
            parts.limits,
            parts.webhooks(caller.account),
            runs_servers=caller.account == parts.account,
            has_cluster=parts.has_cluster,
        )

    async def _check_form(self, request: Request, session: Session) -> None:
        if request.method in SAFE_METHODS:
            return
        token = request.headers.get("x-csrf-token")
        if token is None:
            token = (await form_of(request)).get("csrf_token")
        if not self._parts.authenticator.is_csrf_token(session, token):
            raise AccessDenied(
                "The form does not belong to this session, so nothing was changed. Reload the page."
            )


def _staying(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), TLS_HEADER]}
        await send(message)

    return sent


def _seen_from(caller: Caller, request: Request) -> Caller:
    """Return the caller with what the connection tells: conditions of policies ask for it."""
    peer = request.client.host if request.client else ""
    is_secure = request.url.scheme == "https"
    return Caller(caller.account, caller.region, caller.credential, peer, is_secure)


@dataclass(frozen=True)
class Missing:
    """A permission that is missing: the fault, the statement that would grant it, and the command that puts it there;
    "" where somebody else has to find out how (an explicit deny, a session)."""

    fault: NotAuthorized
    statement: str
    command: str

    @property
    def names_any_role(self) -> bool:
        """Return whether the resource is a role that stands for any role of jobs (pages/new_job.py)."""
        return self.fault.resource.endswith(":role/NAME")

    @classmethod
    def of(cls, fault: NotAuthorized) -> Missing:
        is_of_user = ":user/" in fault.principal
        if not is_of_user or fault.denial is not Denial.NO_ALLOW:
            return cls(fault, "", "")
        allowed = {"Effect": "Allow", "Action": fault.action, "Resource": fault.resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        name = re.sub("[^A-Za-z0-9]+", "-", fault.action)
        user = fault.principal.rpartition("/")[2]
        words = ("--user-name", user, "--policy-name", name, "--policy-document", policy)
        command = f"aws iam put-user-policy {shlex.join(words)}"
        return cls(fault, json.dumps(allowed, indent=2), command)


@dataclass(frozen=True)
class Trouble:
    """The content of an error page."""

    status: int
    title: str
    sentence: str
    missing: Missing | None = None


async def _error_page(request: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUSES if isinstance(error, kind)), 500)
    if status == 500:
        return await _broken(request, error)
    missing = Missing.of(error) if isinstance(error, NotAuthorized) else None
    sentence = in_own_words(error)
    return _page(request, Trouble(status, _TITLES.get(status, "Not accepted"), sentence, missing))


async def _status_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = f"There is no page at {request.scope['path']}." if status == 404 else str(error)
    return _page(request, Trouble(status, _TITLES.get(status, "Not accepted"), sentence))


async def _broken(request: Request, error: Exception) -> Response:
    number = uuid.uuid4().hex[:12]
    _LOG.error(
        "console: %s %s failed (%s)", request.method, request.scope["path"], number, exc_info=error
    )
    sentence = f"This is an internal server error. It was logged as {number}."
    return _page(request, Trouble(500, "Something went wrong", sentence))


_TITLES = {
    400: "Not accepted",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    413: "Too large",
    424: "The model did not respond",
    429: "Too many requests",
    503: "Not available at the moment",
}


def _page(request: Request, trouble: Trouble) -> Response:
    """Return an error as JSON for scripts that ask for it, as a fragment for htmx, as a page for people."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"error": trouble.sentence}, trouble.status, headers=PAGE_HEADERS)
    if request.headers.get("hx-request") == "true":
        text = draw_part(request, "parts/trouble.html", trouble)
        return Response(text, trouble.status, headers=PAGE_HEADERS, media_type="text/html")
    return draw(request, "trouble.html", trouble, trouble.status)
