"""The OpenAPI document of the JSON API, made from the routes and Structs that it runs on, so that it cannot drift.

apispec keeps and checks the parts; msgspec makes the schemas (https://spec.openapis.org/oas/v3.1.1).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from apispec import APISpec
from flask import Flask
from msgspec import Struct
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.routing import Rule

from review_app.base.api import DESCRIBED, Download, InvalidProblem, Operation, Problem

API = "/api/v1"
PROBLEM_TYPE = "application/problem+json"
REF = "#/components/schemas/{name}"
VARIABLE = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
LARGEST_ROW = 2**63 - 1

FILE_BODY = {
    "description": "The file itself, with any content type but that of a form, or a form with one or more files in it.",
    "required": True,
    "content": {
        "application/octet-stream": {},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
    },
}
SAYS = {
    400: "The body is not JSON, or the form with the file in it is broken.",
    401: "There is no token, or it is not valid, or was revoked, or its person may not come in.",
    403: "The person whose token it is may not do that.",
    404: "There is no such thing.",
    409: "The state of the desk stands against it.",
    413: "The body is larger than the desk takes.",
    429: "It was tried too often; `Retry-After` says in how many seconds it may be tried again.",
    422: "What was sent breaks a rule; `errors` names each wrong field.",
}

Access = Callable[[str], str | None]
"""Tells of an endpoint which role it takes, in words; None for one that needs no token."""

INFO = """
Everything that the pages of Review Desk do, for programs. A program acts as the person for whom its token was made
(`review-app token add NAME --user EMAIL`) and may do just what that person may.

Every list answers `{"items": [...], "next": cursor or null}`; `next` goes into `after` for the next page.
Every error is a problem document (RFC 9457); `errors` in it names each wrong field. A parameter or a field that is not
known is refused with 422 and never passed over. Times are RFC 3339 in UTC.
"""


def document(app: Flask, version: str, access: Access) -> dict[str, Any]:
    """The document of all described routes of the application."""
    spec = APISpec(
        title="Review Desk",
        version=version,
        openapi_version="3.1.0",
        info={
            "description": INFO.strip(),
            "summary": "Review generated articles, and publish the approved ones.",
        },
        servers=[{"url": "/", "description": "this desk"}],
    )
    spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "description": "A token, which acts as its person."}
    )
    calls = list(_calls(app, access))
    _add_schemas(spec, [call.operation for call in calls])
    for status, says in SAYS.items():
        spec.components.response(
            str(status), _failure(status, InvalidProblem if status == 422 else Problem, says)
        )
    for call in calls:
        path = VARIABLE.sub(r"{\g<name>}", call.rule.rule)
        spec.path(path, operations={call.method: _described(app, call)})
    return spec.to_dict()


@dataclass(frozen=True, slots=True)
class _Call:
    """One method of one route, and the least role that may use it, if any role is asked for."""

    rule: Rule
    method: str
    operation: Operation
    doc: str
    role: str | None


def _calls(app: Flask, access: Access) -> Iterator[_Call]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        operation = getattr(view, DESCRIBED, None)
        if operation is not None:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield _Call(
                    rule, method.lower(), operation, inspect.getdoc(view) or "", access(rule.endpoint)
                )


def _add_schemas(spec: APISpec, operations: list[Operation]) -> None:
    kinds: list[Any] = [Problem, InvalidProblem]
    for operation in operations:
        kinds += [
            kind
            for kind in (operation.body, *operation.answers.values())
            if kind is not None and not _is_file(kind)
        ]
        kinds += operation.problems.values()
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REF)
    rules = {kind.__name__: getattr(kind, "also_holds", {}) for kind in kinds if isinstance(kind, type)}
    for name, schema in schemas.items():
        spec.components.schema(name, {**schema, **rules.get(name, {})})


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=REF)
    return schema


def _described(app: Flask, call: _Call) -> dict[str, Any]:
    rule, operation, role = call.rule, call.operation, call.role
    summary, _, more = call.doc.partition("\n")
    description = f"{more.strip()}\n\n{_who(role)}".strip()
    problems = _problems(call)
    described: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [rule.rule.removeprefix(API).split("/")[1]],
        "summary": summary,
        "description": description,
        "parameters": [*_path_parameters(app, rule), *_query_parameters(operation.query)],
        "security": [{"token": []}] if role else [],
        "responses": {
            **{status: _success(status, kind, operation) for status, kind in operation.answers.items()},
            **{status: _told(status, kind) for status, kind in sorted(problems.items())},
        },
    }
    body = _body(operation)
    return described | ({"requestBody": body} if body else {})


def _who(role: str | None) -> str:
    return f"Least role: {role}." if role else "Needs no token."


def _path_parameters(app: Flask, rule: Rule) -> Iterator[dict[str, Any]]:
    for found in VARIABLE.finditer(rule.rule):
        converter = app.url_map.converters[found["converter"]]
        schema: dict[str, Any] = {"type": "string", "pattern": f"^{converter.regex}$"}
        if found["converter"] == "int":
            schema = {"type": "integer", "minimum": 0, "maximum": LARGEST_ROW}
        yield {"name": found["name"], "in": "path", "required": True, "schema": schema}


def _query_parameters(query: type[Struct]) -> Iterator[dict[str, Any]]:
    for field in msgspec.structs.fields(query):
        schema = _schema(field.type)
        if isinstance(field.default, (int, str)) and field.default != "":
            schema["default"] = field.default
        parameter = {"name": field.encode_name, "in": "query", "allowEmptyValue": True, "schema": schema}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        yield parameter


def _body(operation: Operation) -> dict[str, Any] | None:
    if operation.file:
        return FILE_BODY
    if operation.body is None:
        return None
    media: dict[str, Any] = {"schema": _schema(operation.body)}
    if operation.example is not None:
        media["example"] = operation.example
    return {"required": operation.body_needed, "content": {"application/json": media}}


def _success(status: int, kind: Any, operation: Operation) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTP_STATUS_CODES[status]}
    if operation.headers:
        answer["headers"] = {
            name: {"description": says, "schema": {"type": "string"}}
            for name, says in operation.headers.items()
        }
    if _is_file(kind):
        answer["content"] = {
            media: {"schema": {"type": "string", "format": "binary"}} for media in kind.media
        }
    elif kind is not None:
        answer["content"] = {"application/json": {"schema": _schema(kind)}}
    return answer


def _is_file(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Download)


def _problems(call: _Call) -> dict[int, type[Problem]]:
    """Those that the view names, and those that follow from what the call takes."""
    found: dict[int, type[Problem]] = {422: InvalidProblem}
    if call.role:
        found[401] = Problem
    if call.role and call.role != "reviewer":
        found[403] = Problem
    if VARIABLE.search(call.rule.rule):
        found[404] = Problem
    if call.operation.body:
        found |= {400: Problem, 413: Problem}
    return found | dict(call.operation.problems)


def _told(status: int, kind: type[Problem]) -> dict[str, Any] | str:
    """The common description of a failure, by its name, or one of its own."""
    common = kind in {Problem, InvalidProblem}
    return str(status) if common else _failure(status, kind, inspect.getdoc(kind) or "")


def _failure(status: int, kind: type[Problem], says: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": HTTP_STATUS_CODES[status], "status": status, "detail": says}
    answer: dict[str, Any] = {
        "description": says,
        "content": {PROBLEM_TYPE: {"schema": _schema(kind), "example": example}},
    }
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return answer
