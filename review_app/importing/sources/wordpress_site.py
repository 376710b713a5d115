"""A WordPress site through its REST API: one call, what its failures mean, and lists that shift while they are read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from httpx import Headers
from ssrfguard.httpx import Client

from review_app.base.outbound import Bounds, Fetched, Unreachable, fetch
from review_app.importing.rules import MEBIBYTE
from review_app.importing.sources.fetching import CannotRead

MOST_ANSWER_BYTES = 64 * MEBIBYTE
ANSWER_SECONDS = 120.0
PAGE_POSTS = 100
"""The most that WordPress gives at once."""
PAST_THE_END = "rest_post_invalid_page_number"
LIST_TRIES = 3

NO_API = "There is no WordPress there that answers by its REST API."
REFUSED = "The site does not accept the user name and the application password."
SAYS = {
    403: "The site does not let this user do that (403).",
    404: "The site has no such address (404): is its REST API switched off?",
    429: "The site was asked too often (429).",
    500: "The site made a mistake (500).",
    503: "The site is closed for the moment (503).",
}


class Refused(CannotRead):
    """The site answered with an error; `code` is WordPress's own word for it, if it said one."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(
            REFUSED if status == 401 else SAYS.get(status, f"The site answered with an error ({status}).")
        )
        self.status, self.code = status, code


@dataclass(slots=True)
class Site:
    """A WordPress at an address. `home` is what it calls itself, by which its posts are named."""

    client: Client
    address: str
    alive: Callable[[], None]
    home: str = ""
    pretty: bool = True

    def discover(self) -> None:
        """Find the API, with or without rewritten addresses, and what the site calls itself. Raises `CannotRead`."""
        for self.pretty in (True, False):
            try:
                root, _ = self.get("/")
            except Refused as error:
                if error.status != 404 or not self.pretty:
                    raise
                continue
            if not isinstance(root, dict) or "wp/v2" not in root.get("namespaces", ()):
                raise CannotRead(NO_API)
            self.home = str(root.get("home") or self.address).rstrip("/")
            return

    def get(self, route: str, **params: Any) -> tuple[Any, Headers]:
        """The JSON that a route answers with, and its headers. Raises `CannotRead`, for an error `Refused`."""
        url = f"{self.address}/wp-json{route}"
        if not self.pretty:
            url, params = f"{self.address}/", {"rest_route": route, **params}
        body = io.BytesIO()
        bounds = Bounds(MOST_ANSWER_BYTES, self.alive, ANSWER_SECONDS)
        try:
            answer = fetch(self.client, url, body, bounds=bounds, params=params)
        except Unreachable as error:
            raise CannotRead(f"The site {error}.") from error
        self._stay(answer)
        return _json(answer, body.getvalue()), answer.headers

    def _stay(self, answer: Fetched) -> None:
        """A redirect to another site goes without the password, so what it answers is not what was asked for."""
        asked, came = urlsplit(self.address), urlsplit(str(answer.url))
        if asked.hostname != came.hostname:
            raise CannotRead(
                f"The site leads on to {came.scheme}://{came.netloc}: enter that address instead."
            )

    def listed(self, route: str, **params: Any) -> dict[int, str]:
        """The time of the last change by id, of all posts that a list gives.

        A post that leaves the list meanwhile moves those behind it up by one, past the page that is read next: so it is read
        again if its length has changed.
        """
        found: dict[int, str] = {}
        for _ in range(LIST_TRIES):
            totals: set[str] = set()
            for posts, headers in self.pages(route, _fields="id,modified_gmt", **params):
                totals.add(headers.get("X-WP-Total", ""))
                found |= {post["id"]: post["modified_gmt"] or "" for post in posts}
            if len(totals) <= 1:
                return found
        return found

    def pages(self, route: str, **params: Any) -> Iterator[tuple[list[dict[str, Any]], Headers]]:
        """The pages of a list by id, one after the other."""
        page, last = 1, 1
        while page <= last:
            query = {"per_page": PAGE_POSTS, "orderby": "id", "order": "asc", "context": "edit"} | params
            try:
                posts, headers = self.get(route, **query, page=page)
            except Refused as error:
                if error.code == PAST_THE_END:
                    return
                raise
            yield posts, headers
            page, last = page + 1, int(headers.get("X-WP-TotalPages", 1))


def _json(answer: Fetched, body: bytes) -> Any:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if answer.status == 200:
            raise CannotRead(NO_API) from error
        content = {}
    if answer.status != 200:
        code = content.get("code", "") if isinstance(content, Mapping) else ""
        raise Refused(answer.status, str(code))
    return content
