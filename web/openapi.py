"""The OpenAPI page: bodies we read ourselves, described from the models that read them."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from models.events import Event, NewReferral, Problem
from models.facts import DECISIONS
from reports import csv_table, monthly_csv
from reports.monthly_sample import SAMPLE
from web.examples import DECISION, EVENTS, LINES_PAGE, MEASURE, NEW_REFERRAL

TITLE: Final = "referral-loop"
VERSION: Final = "1"
_REF: Final = "#/components/schemas/{model}"

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": says}
    for status, says in {
        400: "The content is the sender's to change; the code says what",
        401: "Signature, timestamp or token",
        403: "The token is known, and this is not for it",
        404: "No such organization, event or referral",
        409: "The id came with another body, or a decision is not possible now",
        413: "Over the size limit",
        422: "A parameter is missing or not as described; the field says which",
        503: "The store cannot be reached; send it again",
    }.items()
}
OFTEN: Final[dict[int | str, dict[str, Any]]] = {
    429: {"model": Problem, "description": "The token asks without a pause; the message says more"}
}


def _body(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    named = {name: {"value": value} for name, value in examples.items()}
    content = {"application/json": {"schema": schema, "examples": named}}
    return {"requestBody": {"required": True, "content": content}}


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REF.format(model=model.__name__)}


_HEADERS: Final = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": d}
    for name, d in {
        "webhook-id": "One id per event; the same id again is the same event",
        "webhook-timestamp": "Seconds since 1970, at most five minutes from our clock",
        "webhook-signature": "v1,<base64 of HMAC-SHA256 over id.timestamp.body>",
    }.items()
]
EVENT_BODY: Final = {**_body(_ref(Event), EVENTS), "parameters": _HEADERS}
REFERRAL_BODY: Final = _body(_ref(NewReferral), {"new_referral": NEW_REFERRAL})
DECISION_BODY: Final = _body(
    {"oneOf": [_ref(model) for model in DECISIONS.values()]}, {"call_logged": DECISION}
)


def _answer(says: str, example: Any, table: str) -> dict[str, Any]:
    """An answer in both forms; the JSON's schema is the route's own."""
    as_json: dict[str, Any] = {"example": example} if example is not None else {}
    content = {
        "application/json": as_json,
        "text/csv": {"schema": {"type": "string"}, "example": table},
    }
    headers = {
        name: {"schema": {"type": "string"}, "description": told}
        for name, told in {
            "x-as-of": "The moment that is counted as of",
            "link": 'The next page, where there is one: <…>; rel="next"',
        }.items()
    }
    return {"description": says, "content": content, "headers": headers}


def _csv(*rows: dict[str, Any]) -> str:
    return csv_table.lines([tuple(rows[0]), *(tuple(row.values()) for row in rows)])


def _first(number: int, table: bytes) -> str:
    """The first lines of a table, without the mark it begins with."""
    return "".join(table.decode("utf-8-sig").splitlines(keepends=True)[:number])


REPORT_ANSWER: Final = _answer(
    "The report",
    SAMPLE.model_dump(mode="json"),
    _first(3, monthly_csv.figures(SAMPLE)),
)
MEASURES_ANSWER: Final = _answer(
    "The measures",
    [MEASURE],
    "name,title,note,unit,how,month,asked,good,target\n",
)
LINES_ANSWER: Final = _answer("A page of lines", LINES_PAGE, _csv(*LINES_PAGE["lines"]))


def describe(app: FastAPI) -> None:
    """Let ``/openapi.json`` carry the schemas of the bodies that the routes read themselves."""

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            page = get_openapi(
                title=TITLE, version=VERSION, description=app.description, routes=app.routes
            )
            read: list[type[BaseModel]] = [Event, NewReferral, *DECISIONS.values()]
            _, schemas = models_json_schema(
                [(model, "validation") for model in read], ref_template=_REF
            )
            known = page.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in schemas["$defs"].items():
                known.setdefault(name, schema)
            page["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            for path, methods in page["paths"].items():
                if path.startswith("/api/"):
                    for route in methods.values():
                        route["security"] = [{"token": []}]
            app.openapi_schema = page
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]  # FastAPI's own way to extend the page
