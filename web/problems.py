"""Every error in the one JSON shape (``models.events.Problem``), silent about what was sent.

Pages for people say the same as a page: their routes carry a tag, and who serves them says in
``Shapes`` how an error of theirs looks. An address that is nobody's is told to a browser as a page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from models.errors import LoopError
from models.events import Problem
from telemetry.logs import logger
from web.misfits import first_of

Shape = Callable[[Request, int, str, str], Awaitable[Response]]  # status, code, sentence
Shapes = dict[str, Shape]

RETRY_AFTER: Final = "30"
NOBODYS: Final = "nobody's"  # in place of a tag: what a browser sees at an unknown address
# Under these the programs of others ask, which are told in JSON whatever they accept.
_PROGRAMS: Final = frozenset(
    {"api", "callbacks", "codec", "healthz", "hooks", "metrics", "openapi.json", "readyz"}
)
_BROKE: Final = "Something went wrong here. Try again; if it stays, tell us the request id."
_LOG = logger(__name__)
_CODES: Final = {
    400: ("bad_request", "The request cannot be read."),
    401: ("not_allowed", "This needs a token or a signature."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    408: ("too_slow", "The body did not arrive in time; send it again."),
    413: ("too_large", "The body is over the limit."),
    415: ("unsupported_media_type", "Send JSON."),
}


def request_id(request: Request) -> str:
    """The id the guard gave this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def problem(
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    request_id: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A response in the one shape."""
    content = Problem(code=code, message=message, field=field, request_id=request_id)
    return JSONResponse(content.model_dump(), status_code=status, headers=headers)


def install(app: FastAPI) -> Shapes:
    """Answer every error of this app in the one shape, but for pages of the tags in the answer."""
    shapes: Shapes = {}

    @app.exception_handler(LoopError)
    async def ours(request: Request, error: LoopError) -> Response:
        request.scope.setdefault("state", {})["code"] = error.code  # for the log
        shape = _shape(shapes, request)
        if shape is not None:
            return await shape(request, error.http_status, error.code, error.sentence)
        headers = {"Retry-After": RETRY_AFTER} if error.retryable else {}
        if error.http_status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if error.http_status == 413:
            headers["Connection"] = "close"  # the rest of the body is not read
        return problem(
            error.http_status,
            error.code,
            error.sentence,
            field=error.field,
            request_id=request_id(request),
            headers=headers,
        )

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        code, message = _CODES.get(error.status_code, ("bad_request", "The request failed."))
        shape = _shape(shapes, request)
        if shape is not None:
            return await shape(request, error.status_code, code, message)
        headers = dict(error.headers) if error.headers else None
        return problem(
            error.status_code, code, message, request_id=request_id(request), headers=headers
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        shape = _shape(shapes, request)
        if shape is not None:
            return await shape(
                request, 422, "invalid_request", "The address or the form is not one of ours."
            )
        field, sentence = first_of(error.errors())
        return problem(
            422, "invalid_request", sentence, field=field, request_id=request_id(request)
        )

    return shapes


async def fault(shapes: Shapes, request: Request) -> Response:
    """What is said where something of ours broke, with nothing of what it was."""
    shape = _shape(shapes, request)
    if shape is not None:
        try:
            return await shape(request, 500, "internal", _BROKE)
        except Exception as error:  # what broke may be what draws pages
            _LOG.error("trouble_not_shown", exc_info=error)
    return problem(500, "internal", _BROKE, request_id=request_id(request))


def _shape(shapes: Shapes, request: Request) -> Shape | None:
    route = request.scope.get("route")
    if route is None:
        return shapes.get(NOBODYS) if _a_person(request) else None
    return next((shapes[tag] for tag in getattr(route, "tags", None) or () if tag in shapes), None)


def _a_person(request: Request) -> bool:
    """Whether somebody looks at the answer: a browser, or a page of ours that asks for a part."""
    if request.url.path.split("/")[1] in _PROGRAMS:
        return False
    accepts = request.headers.get("accept", "")
    return "text/html" in accepts or request.headers.get("hx-request") == "true"
