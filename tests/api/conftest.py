"""A program whose every answer is held against the OpenAPI document: status, content type, headers and schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import TestResponse

from review_app.accounts.actions import add_token
from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.base.database import transaction
from review_app.outbox.actions import SYSTEM
from tests.support.cast import Program

CONFORMANCE = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


_documents: dict[frozenset[str], BaseSchema] = {}
"""The document by the routes it describes: it is the same for every application that has these."""


def _document_of(client: FlaskClient) -> BaseSchema:
    routes = frozenset(client.application.view_functions)
    if routes not in _documents:
        _documents[routes] = schemathesis.openapi.from_file(client.get("/api/v1/openapi.json").text)
    return _documents[routes]


class DocumentedProgram(Program):
    """Fails the test when an answer is not as the document says."""

    def __getattr__(self, method: str) -> Callable[..., TestResponse]:
        """As `Program` does, and checked."""
        send = super().__getattr__(method)

        def call(path: str, **options: Any) -> TestResponse:
            response = send(path, **options)
            self.check(method, response)
            return response

        return call

    def check(self, method: str, response: TestResponse) -> None:
        """Hold an answer against the document."""
        schema = _document_of(self.client)
        operation = schema.find_operation_by_path(method.upper(), response.request.path)
        if operation is None:
            assert response.status_code in {404, 405}
            return
        path = dict.fromkeys((parameter.name for parameter in operation.path_parameters), "any")
        operation.Case(path_parameters=path).validate_response(response, checks=CONFORMANCE)


@pytest.fixture
def program_of(app: Flask) -> Callable[[User], Program]:
    """A program that acts as a person."""

    def connect(user: User) -> Program:
        with app.app_context(), transaction() as session:
            person = session.get_one(User, user.id)
            token = add_token(session, person, "test", actor=SYSTEM, now=utc_now())
        return DocumentedProgram(app.test_client(), token)

    return connect
