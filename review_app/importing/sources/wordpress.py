"""A WordPress site through its REST API: the posts and pages that are new or changed, whatever their status.

What changed is found by lists of ids and times alone, and only those posts are fetched whole. A list of what was modified
lately is not enough: a post that a tool brings in keeps its old time. So the newest ids are looked at as well, and once a day
all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import IO, Any

import msgspec

from review_app.base.http_date import http_date
from review_app.base.outbound import Unreachable, guarded_client
from review_app.base.secrets import CannotOpen, unseal
from review_app.importing.batches import Upload
from review_app.importing.sources.fetching import CannotRead, Found, Reading
from review_app.importing.sources.wordpress_record import (
    Names,
    has_metadata,
    hidden_metadata,
    record_of,
    term_name,
)
from review_app.importing.sources.wordpress_site import PAGE_POSTS, REFUSED, Refused, Site

STATUSES = "publish,draft,pending,private,future"
FIELDS = (
    "id,guid.raw,link,slug,status,type,author,date,date_gmt,modified,modified_gmt,"
    "title.raw,content.raw,excerpt.raw,meta,categories,tags"
)
ROUTES = {"/wp/v2/posts": "edit_others_posts", "/wp/v2/pages": "edit_others_pages"}
"""What is read, and the right without which the site shows a user only their own drafts."""
OVERLAP = timedelta(hours=2)
"""WordPress compares local times, which go back by an hour once a year."""
ALL_LISTED_EVERY = timedelta(days=1)
JUST_CHANGED = timedelta(seconds=10)
"""The times have whole seconds: a post that changed just now may change again within the same one."""
POSTS_AT_ONCE = 50
NO_PLUGIN = "The posts of the site come without metadata: the plugin that shows them by the REST API is missing or switched off."


def read(reading: Reading) -> Found:
    """The posts and pages that are new or changed, as a file of JSON Lines."""
    source = reading.source
    login = (source.username, _password(reading))
    try:
        with guarded_client(
            source.address, allow_private=reading.settings.allow_private_targets, login=login
        ) as client:
            return _Read(reading, Site(client, source.address, reading.alive)).found()
    except Unreachable as error:
        raise CannotRead(f"The site {error}.") from error


def _password(reading: Reading) -> str:
    try:
        return unseal(reading.source.sealed_password or "", reading.settings.secret_key)
    except CannotOpen as error:
        raise CannotRead(f"The password cannot be used: {error}. Enter it again.") from error


@dataclass(slots=True)
class _Read:
    """One read of one site."""

    reading: Reading
    site: Site
    names: Names = field(default_factory=Names)
    people_named: bool = False
    pages_left_out: bool = False
    hidden: int = 0

    def found(self) -> Found:
        """All of it: who we are, what changed, and those posts."""
        self.site.discover()
        routes = self._log_in()
        every = self._is_all_listed()
        changed = {route: self._changed(route, every=every) for route in routes}
        found = Found(memory=self._memory(changed, every=every))
        file = self.reading.folder / "posts.jsonl"
        with file.open("wb") as lines:
            for route, stamps in changed.items():
                self._fetch(route, stamps, found, lines)
        found.note = " ".join(self._notes())
        if found.items:
            what = "1 post" if found.items == 1 else f"{found.items} posts"
            found.name, found.format_name = f"{self.reading.source.name}: {what}", "jsonl"
            found.uploads = [Upload("posts.jsonl", file.open("rb"))]
        return found

    def _log_in(self) -> list[str]:
        """What this user may read. WordPress treats a wrong password as a visitor, so this is asked before all else."""
        try:
            me, _ = self.site.get("/wp/v2/users/me", context="edit", _fields="id,username,capabilities")
        except Refused as error:
            raise CannotRead(REFUSED if error.status in {401, 403} else str(error)) from error
        rights = me.get("capabilities") or {}
        self.names.authors[me["id"]] = me.get("username", "")
        self.people_named = bool(rights.get("list_users"))
        posts, pages = (bool(rights.get(right)) for right in ROUTES.values())
        if not posts:
            raise CannotRead("The site does not let this user read the drafts of others: it takes an editor.")
        self.pages_left_out = not pages
        return list(ROUTES) if pages else list(ROUTES)[:1]

    # --- what changed -------------------------------------------------------------------------------------------------

    def _is_all_listed(self) -> bool:
        last = self.reading.source.listed_all_at
        return last is None or self.reading.now - last >= ALL_LISTED_EVERY

    def _changed(self, route: str, *, every: bool) -> dict[int, str]:
        """The ids that are new, or whose time of change is another than when they were read, with that time."""
        listed = self.site.listed(route, status=STATUSES) if every else self._lately(route)
        known = self.reading.known
        return {
            number: stamp
            for number, stamp in listed.items()
            if not stamp or str(number) not in known or known[str(number)][0] != stamp
        }

    def _lately(self, route: str) -> dict[int, str]:
        listed = self._newest(route)
        if since := self.reading.source.modified_until:
            after = datetime.fromisoformat(since).replace(tzinfo=UTC) - OVERLAP
            listed |= self.site.listed(
                route, status=STATUSES, modified_after=after.strftime("%Y-%m-%dT%H:%M:%SZ")
            )
        return listed

    def _newest(self, route: str) -> dict[int, str]:
        """From the highest id down to the first page with one that is known."""
        listed: dict[int, str] = {}
        for posts, _ in self.site.pages(route, status=STATUSES, order="desc", _fields="id,modified_gmt"):
            listed |= {post["id"]: post["modified_gmt"] or "" for post in posts}
            if any(str(post["id"]) in self.reading.known for post in posts):
                break
        return listed

    def _memory(self, changed: Mapping[str, Mapping[int, str]], *, every: bool) -> dict[str, Any]:
        stamps = [stamp for found in changed.values() for stamp in found.values()]
        until = max([self.reading.source.modified_until or "", *stamps])
        memory: dict[str, Any] = {"modified_until": until or None}
        return memory | ({"listed_all_at": self.reading.now} if every else {})

    # --- the posts themselves -----------------------------------------------------------------------------------------

    def _fetch(self, route: str, stamps: Mapping[int, str], found: Found, lines: IO[bytes]) -> None:
        for some in _portions(stamps, POSTS_AT_ONCE):
            posts, headers = self._posts(route, some)
            self._learn_names(posts)
            for post in posts:
                key, stamp = str(post["id"]), _stamp(post, headers.get("Date", ""))
                line = msgspec.json.encode(record_of(post, self.site.home, self.names)) + b"\n"
                digest = hashlib.sha256(line).hexdigest()
                found.seen[key] = (stamp, digest)
                if self.reading.known.get(key, ("", ""))[1] != digest:
                    lines.write(line)
                    found.items += 1

    def _posts(self, route: str, some: Sequence[int]) -> tuple[list[dict[str, Any]], Any]:
        include = ",".join(map(str, some))
        posts, headers = self.site.get(
            route,
            include=include,
            status=STATUSES,
            context="edit",
            per_page=PAGE_POSTS,
            orderby="id",
            order="asc",
            _fields=FIELDS,
        )
        if route == "/wp/v2/posts" and posts and not any(map(has_metadata, posts)):
            raise CannotRead(NO_PLUGIN)
        self.hidden += sum(map(hidden_metadata, posts))
        return posts, headers

    def _learn_names(self, posts: Sequence[Mapping[str, Any]]) -> None:
        for taxonomy, names in (("categories", self.names.categories), ("tags", self.names.tags)):
            wanted = {number for post in posts for number in post.get(taxonomy) or ()} - set(names)
            for term in self._named(f"/wp/v2/{taxonomy}", wanted, context="view", _fields="id,name"):
                names[term["id"]] = term_name(term)
        authors = {post.get("author") or 0 for post in posts} - set(self.names.authors) - {0}
        self._learn_authors(authors)

    def _learn_authors(self, wanted: set[int]) -> None:
        """Their logins; for a user who may not list people, the names in their addresses, as far as the site shows them."""
        shown = ("edit", "username") if self.people_named else ("view", "slug")
        try:
            people = list(self._named("/wp/v2/users", wanted, context=shown[0], _fields=f"id,{shown[1]}"))
        except Refused:
            people = []
        self.names.authors |= dict.fromkeys(wanted, "") | {one["id"]: one[shown[1]] for one in people}

    def _named(self, route: str, wanted: set[int], **params: str) -> Iterator[dict[str, Any]]:
        for some in _portions(sorted(wanted), PAGE_POSTS):
            for rows, _ in self.site.pages(route, include=",".join(map(str, some)), **params):
                yield from rows

    def _notes(self) -> Iterator[str]:
        if self.pages_left_out:
            yield "Pages are left out: the site does not let this user read those of others."
        if self.hidden:
            yield f"Posts with metadata that are not as the site says they must be, so that it hides them: {self.hidden}."


def _stamp(post: Mapping[str, Any], answered_at: str) -> str:
    """The time of a post's last change; none, so that it is looked at again, if it may still change within that second."""
    modified = str(post.get("modified_gmt") or "")
    answered = http_date(answered_at)
    try:
        changed = datetime.fromisoformat(modified).replace(tzinfo=UTC)
    except ValueError:
        return ""
    return "" if answered is None or answered - changed < JUST_CHANGED else modified


def _portions(numbers: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(numbers)
    while some := list(islice(rest, size)):
        yield some
