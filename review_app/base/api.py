"""The JSON API's plumbing. A view says what it takes and gives; reading, refusing, answering and describing follow.

    @blueprint.post("/things")
    @permit(Permission.REVIEW)
    @operation({201: ThingAnswer}, problems=(409,))
    def create(query: ThingQuery, body: NewThing) -> Answer: ...

The Structs that the view names in its signature are what it is called with and what the OpenAPI document (`openapi.py`)
describes, so the two cannot differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Annotated, Any, ClassVar, Generic, NoReturn, TypeVar, get_type_hints

import msgspec
from flask import Response, abort, make_response, request
from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.base.errors import Invalid
from review_app.base.paging import LARGEST_PAGE, PAGE_ROWS
from review_app.base.problems import problem
from review_app.base.refusals import refusal_of

Item = TypeVar("Item")
Kind = TypeVar("Kind", bound=Struct)
View = Callable[..., "Answer | Struct | Response | None"]
DESCRIBED = "_operation"

Text = Annotated[str, Meta(pattern="^[^\\u0000]*$")]
"""A text without NUL, which PostgreSQL can neither keep nor look for."""

# A message of ours is a kind of `str`, which msgspec does not take for one.
encode = msgspec.json.Encoder(enc_hook=str).encode


class Input(Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent. A name that is not known is refused, so that a slip of the pen is told and not passed over.

    `also_holds` is what the types cannot say of it, as JSON Schema, for the document.
    """

    also_holds: ClassVar[Mapping[str, Any]] = {}


class NoParameters(Input, frozen=True):
    """The query string of a call that takes none."""


Limit = Annotated[int, Meta(ge=1, le=LARGEST_PAGE, description="How many items at most.")]
After = Annotated[Text, Meta(description="`next` of the page before.")]


class PageQuery(Input, frozen=True, kw_only=True):
    """Which page of a list."""

    limit: Limit = PAGE_ROWS
    after: After = ""


class Listing(Struct, Generic[Item], frozen=True):
    """A page of a list. `next` goes into `after` for the page that follows; null on the last one."""

    items: list[Item]
    next: str | None


class Download(Struct, frozen=True):
    """Stands among the answers of a view that gives a file, as a `Response`; a kind of it can name its media types."""

    media: ClassVar[tuple[str, ...]] = ("application/octet-stream",)


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: Annotated[str, Meta(description="One or two sentences for a person.")]


class InvalidProblem(Problem, frozen=True, kw_only=True):
    """What was sent breaks a rule."""

    errors: (
        Annotated[dict[str, list[str]], Meta(description="For each wrong field, what is wrong with it.")]
        | UnsetType
    ) = UNSET


@dataclass(frozen=True, slots=True)
class Answer:
    """What a view answers with, when it is more than a body. `version` makes a GET conditional: it goes into the ETag."""

    body: Struct | msgspec.Raw | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """What a call takes and gives."""

    query: type[Struct]
    body: type[Struct] | None
    file: bool
    answers: Mapping[int, Any]
    problems: Mapping[int, type[Problem]]
    headers: Mapping[str, str]
    example: Any

    @property
    def body_needed(self) -> bool:
        """Whether an empty body says too little."""
        try:
            msgspec.convert({}, self.body)
        except msgspec.ValidationError:
            return True
        return False


def operation(
    answers: Mapping[int, Any],
    *,
    problems: Iterable[int] | Mapping[int, type[Problem]] = (),
    headers: Mapping[str, str] | None = None,
    example: Any = None,
    file: bool = False,
) -> Callable[[View], Callable[..., Response]]:
    """Make a view of the API.

    `answers` maps each status of success, the usual one first, to its Struct, or to None for no body. `problems` are the
    statuses of failure besides those that follow from what the call takes, perhaps each with a Struct of its own. `headers`
    go with a success, each with what it says. `example` is a body that could be sent. `file` says that the body is a file,
    which the view reads by itself.
    """
    special = problems if isinstance(problems, Mapping) else dict.fromkeys(problems, Problem)

    def make(view: View) -> Callable[..., Response]:
        hints = get_type_hints(view)
        described = Operation(
            query=hints.get("query", NoParameters),
            body=hints.get("body"),
            file=file,
            answers=answers,
            problems=special,
            headers=headers or {},
            example=example,
        )

        @wraps(view)
        def answering(**path: Any) -> Response:
            return _rendered(described, view(**path, **_read(described, hints)))

        setattr(answering, DESCRIBED, described)
        return answering

    return make


def _read(described: Operation, hints: Mapping[str, Any]) -> dict[str, Struct]:
    given: dict[str, Struct] = {}
    query = read_query(described.query)
    if "query" in hints:
        given["query"] = query
    if described.body is not None:
        given["body"] = read_body(described.body, needed=described.body_needed)
    return given


def read_query(kind: type[Kind]) -> Kind:
    """The query string as a Struct; an empty value is as good as none. Raises `Invalid`."""
    values = request.args.to_dict(flat=False)
    twice = {name: ["stands more than once"] for name, given in values.items() if len(given) > 1}
    if twice:
        raise Invalid("A parameter stands more than once.", twice)
    given = {name: value for name, (value,) in values.items() if value}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise refusal_of(error, kind) from error


def read_body(kind: type[Kind], *, needed: bool) -> Kind:
    """The JSON body as a Struct, whatever its content type is said to be. Raises `Invalid`, or answers 400 or 413."""
    content = request.get_data()
    if not content and not needed:
        content = b"{}"
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise refusal_of(error, kind) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _not_json(f"The body is not JSON: {error}.")
    except RecursionError:
        _not_json("The body is nested too deeply.")


def _not_json(detail: str) -> NoReturn:
    abort(problem(400, "Not JSON", detail))


def _rendered(described: Operation, given: Answer | Struct | Response | None) -> Response:
    if isinstance(given, Response):
        return given
    answer = given if isinstance(given, Answer) else Answer(given)
    status = answer.status or next(iter(described.answers))
    if status not in described.answers:
        raise LookupError(f"{request.endpoint} answers {status}, which it does not describe")
    content = b"" if answer.body is None else encode(answer.body)
    response = make_response(content, status, answer.headers)
    if answer.body is None:
        del response.headers["Content-Type"]
    else:
        response.mimetype = "application/json"
    return response if answer.version is None else _conditional(response, answer.version, content)


def _conditional(response: Response, version: int, content: bytes) -> Response:
    """304 if the caller has just this. The digest covers what changes without a new version, such as the checklist."""
    response.set_etag(f"{version}-{hashlib.sha256(content).hexdigest()[:16]}")
    return make_response(response.make_conditional(request))
