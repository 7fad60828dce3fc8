"""Every error in the one JSON shape (``models.events.Problem``), silent about what was sent.

Pages for people say the same as a page: their routes carry a tag, and who serves them says in
``Shapes`` how an error of theirs looks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from models.errors import LoopError
from models.events import Problem

Shape = Callable[[Request, int, str, str], Awaitable[Response]]  # status, code, sentence
Shapes = dict[str, Shape]

RETRY_AFTER: Final = "30"
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
        first: dict[str, Any] = error.errors()[0]
        field = ".".join(str(part) for part in first.get("loc", ()))
        return problem(
            422,
            "invalid_request",
            f"{field}: {first.get('msg', 'not as expected')}.",
            field=field,
            request_id=request_id(request),
        )

    return shapes


def _shape(shapes: Shapes, request: Request) -> Shape | None:
    tags = getattr(request.scope.get("route"), "tags", None) or ()
    return next((shapes[tag] for tag in tags if tag in shapes), None)
