"""One WordPress site through its REST API: a call, what its failures mean, and a post as it was read.

The calls and their traps: https://developer.wordpress.org/rest-api/reference/posts/ and what was tried on a real site.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from review_app.base.clock import utc_now
from review_app.base.http_date import http_date
from review_app.base.outbound import Answer, TargetClient, Unreachable, call
from review_app.importing.sources.wordpress_site import NO_API, REFUSED, SAYS
from review_app.publishing.kinds.answers import retry_after
from review_app.publishing.kinds.face import Place, Result

MOST_BYTES = 4 * 2**20
"""Of one answer: WordPress writes a letter beyond ASCII as six bytes, so a long text takes more than what is kept in a log."""
FORBIDDEN = frozenset({400, 401, 403})
"""What a visitor is answered, as whom WordPress treats whoever comes with a wrong password."""
UNKNOWN_POST = "rest_post_invalid_id"
RIGHTS = {
    "posts": ("edit_others_posts", "edit_published_posts", "publish_posts"),
    "pages": ("edit_others_pages", "edit_published_pages", "publish_pages"),
}
FIELDS = "id,guid.raw,status,slug,link,date_gmt,password,title.raw,content.raw,excerpt.raw,meta"

T = TypeVar("T")


class SiteFailed(Exception):
    """A call came to nothing, and why, for a person. `code` is WordPress's own word; `status` is None if nobody answered."""

    def __init__(
        self, reason: str, status: int | None = None, code: str = "", *, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.status, self.code, self.retry_after = reason, status, code, retry_after

    @property
    def result(self) -> Result:
        """410 is the one answer that says that trying again is of no use."""
        return Result.GONE if self.status == 410 else Result.RETRY

    @property
    def may_have_worked(self) -> bool:
        """No answer, or a mistake of the site: what was asked may have been done all the same."""
        return self.status is None or self.status >= 500


class Raw(msgspec.Struct, frozen=True):
    """A text as it is stored."""

    raw: str = ""


class Post(msgspec.Struct, frozen=True):
    """A post or page as somebody who may edit it reads it. `date_gmt` has no zone, and is none for what has no date."""

    id: int
    status: str
    slug: str = ""
    link: str = ""
    date_gmt: str | None = None
    password: str = ""
    guid: Raw = Raw()
    title: Raw = Raw()
    content: Raw = Raw()
    excerpt: Raw = Raw()
    meta: Any = None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """PHP knows one kind of array: without any metadata it is an empty list, and no object."""
        return self.meta if isinstance(self.meta, Mapping) else {}


@dataclass(slots=True)
class Rest:
    """A site and who we are there. `route` is `posts` or `pages`. `calls` tells each call in a line, without secrets."""

    client: TargetClient
    place: Place
    address: str
    route: str = "posts"
    pretty: bool = True
    calls: list[str] = field(default_factory=list)
    last: Answer | None = None

    # --- posts --------------------------------------------------------------------------------------------------------

    def read(self, number: int) -> Post | None:
        """The post of this number; None if there is none. Raises `SiteFailed`."""
        try:
            answer = self.ask("GET", f"/{self.route}/{number}", {"context": "edit", "_fields": FIELDS})
        except SiteFailed as failed:
            if failed.status == 404 and failed.code == UNKNOWN_POST:
                return None
            raise
        return _as(answer, Post)

    def listed(self, **wanted: str) -> list[Post]:
        """The posts of a list, those in the trash left out, at most 100. Raises `SiteFailed`."""
        usual = {"context": "edit", "status": "any", "orderby": "id", "order": "asc", "per_page": "100"}
        answer = self.ask("GET", f"/{self.route}", usual | {"_fields": FIELDS} | wanted)
        return _as(answer, list[Post])

    def write(self, route: str, fields: Mapping[str, Any]) -> int:
        """Send these fields; the number of the post that was written. Raises `SiteFailed`, although it may have worked."""
        self.calls.append(f"send {_told(fields)}")
        answer = self.ask("POST", route, {"_fields": "id,status"}, msgspec.json.encode(fields))
        return _as(answer, Post).id

    # --- who we are ---------------------------------------------------------------------------------------------------

    def check_rights(self) -> str:
        """Who we are there: a name and its roles. Raises `SiteFailed` for a wrong password and for too few rights."""
        try:
            me = self.ask(
                "GET", "/users/me", {"context": "edit", "_fields": "id,username,roles,capabilities"}
            )
        except SiteFailed as failed:
            if failed.status in FORBIDDEN:
                raise SiteFailed(REFUSED, failed.status, failed.code) from failed
            raise
        rights = me.get("capabilities") if isinstance(me, Mapping) else None
        if not isinstance(rights, Mapping) or not all(rights.get(right) for right in RIGHTS[self.route]):
            raise SiteFailed(
                f"The site does not let this user publish the {self.route} of others: it takes an editor.",
                403,
                "rest_cannot_publish",
            )
        roles = ", ".join(map(str, me.get("roles") or ()))
        return f"{me.get('username')} ({roles})"

    def explained(self, failed: SiteFailed) -> SiteFailed:
        """What a refusal really means: WordPress answers a wrong password as if a visitor had asked."""
        if failed.status in FORBIDDEN:
            try:
                self.check_rights()
            except SiteFailed as why:
                return why
        return failed

    # --- one call -----------------------------------------------------------------------------------------------------

    def ask(self, method: str, route: str, params: Mapping[str, str], content: bytes = b"") -> Any:
        """The JSON that a route of `wp/v2` answers with. Raises `SiteFailed`."""
        return self.ask_root(method, f"/wp/v2{route}", params, content)

    def ask_root(self, method: str, route: str, params: Mapping[str, str], content: bytes = b"") -> Any:
        """As `ask`, for any route. A site that does not rewrite addresses answers at `?rest_route=` alone."""
        answer, said = self._call(method, route, params, content)
        if said is None and self.pretty and answer.status in {200, 404}:
            self.pretty = False
            answer, said = self._call(method, route, params, content)
        if 200 <= answer.status < 300 and said is not None:
            return said
        raise self._failed(answer, said)

    def _call(self, method: str, route: str, params: Mapping[str, str], content: bytes) -> tuple[Answer, Any]:
        url = f"{self.address}/wp-json{route}"
        if not self.pretty:
            url, params = f"{self.address}/", {"rest_route": route, **params}
        headers = {"Authorization": self._login(), "Accept": "application/json"}
        if content:
            headers["Content-Type"] = "application/json"
        try:
            answer = call(
                self.client,
                method,
                f"{url}?{urlencode(params)}" if params else url,
                headers=headers,
                content=content,
                most_bytes=MOST_BYTES,
            )
        except Unreachable as error:
            self.calls.append(f"{method} {url}: {error}")
            raise SiteFailed(f"The site {error}.") from error
        self.calls.append(f"{method} {url}: {answer.status} in {answer.seconds * 1000:.0f} ms")
        self.last = answer
        return answer, _json(answer.body)

    def _login(self) -> str:
        login = f"{self.place.username}:{self.place.password}"
        return "Basic " + base64.b64encode(login.encode()).decode("ascii")

    def _failed(self, answer: Answer, said: Any) -> SiteFailed:
        if 300 <= answer.status < 400:
            leads_to = answer.headers.get("Location", "").partition("?")[0][:200]
            return SiteFailed(f"The site leads on to {leads_to}: enter that address instead.", answer.status)
        if said is None and answer.status in {200, 404}:
            return SiteFailed(NO_API, answer.status)
        code = said.get("code") if isinstance(said, Mapping) else ""
        words = REFUSED if answer.status == 401 else SAYS.get(answer.status)
        reason = words or f"The site answered with an error ({answer.status})."
        return SiteFailed(
            f"{reason} It said: {code}." if code else reason,
            answer.status,
            str(code or ""),
            retry_after=retry_after(answer, utc_now()),
        )

    def now(self) -> datetime:
        """What time it is there, by the last answer. Raises nothing: without a usable word of theirs it is our own time."""
        said = self.last.headers.get("Date", "") if self.last else ""
        return http_date(said) or utc_now()


def _json(body: bytes) -> Any:
    """What the body holds; None if it is no JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _as(said: Any, wanted: type[T]) -> T:
    try:
        return msgspec.convert(said, wanted)
    except msgspec.ValidationError as error:
        raise SiteFailed(f"The site answers with something that is no post ({error}).", 200) from error


def _told(fields: Mapping[str, Any]) -> str:
    """What is sent, for the log: long texts by their length."""
    return ", ".join(
        f"{name}: {len(value):,} characters"
        if isinstance(value, str) and len(value) > 80
        else f"{name}: {value}"
        for name, value in fields.items()
    )
