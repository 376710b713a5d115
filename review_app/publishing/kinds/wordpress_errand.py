"""One article at one WordPress site: find its post, read it, send only what differs, and read again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from review_app.importing.sources.wordpress_site import NO_API
from review_app.publishing.kinds.answers import response_text
from review_app.publishing.kinds.face import Content, Outcome, Place, Remote, Result
from review_app.publishing.kinds.wordpress_address import same_place
from review_app.publishing.kinds.wordpress_post import (
    fields_of,
    has_old_excerpt,
    holds_text,
    is_as_the_desk_wrote_it,
    is_the_article,
    mark_of,
)
from review_app.publishing.kinds.wordpress_rest import Post, Rest, SiteFailed

KEY = "indexable"
"""The metadata by which the site knows what may be indexed; the option `meta_key` of a target names another."""
FAR_ENOUGH_AHEAD = timedelta(minutes=1)
"""What is dated later than this WordPress holds back, and says 200."""
PAUSES = (0.0, 0.0, 0.2, 0.5, 1.0)
"""Seconds before each write: what it comes to is read, and only then is it tried again."""
POST_SECONDS = 15.0
"""After so long with one post it is not tried again: the lease of the delivery must outlast it."""
LIVE = frozenset({"publish", "future"})

NO_PLUGIN = (
    "The site does not show the metadata “{key}” by its REST API:"
    " the plugin that registers it is missing or switched off."
)
OTHER_POST = (
    "Post {number} there is another one than the desk knows by this number: its guid is {guid}, and not {known}. Find out"
    " where the article is before it is sent again."
)
OTHER_SLUG = (
    "Post {number} there has the address “{slug}” of this article, but is another one:"
    " rename or delete it, then send again."
)
IN_TRASH = "Post {number} is in the trash there: restore it or delete it for good, then send again."
LOCKED = "Post {number} is protected by a password there, so nobody could read it: remove the password, then send again."
OTHER_TEXT = (
    "Post {number} there holds another text than the one that was approved: somebody has changed it. Import it again and"
    " review it, or put the approved text back, then send again."
)
CHANGED_BY_SITE = (
    "The site has changed the text of post {number} while it stored it, so it is not the one that was approved. Let the"
    " desk's user post any HTML (unfiltered_html) or find the plugin that does it, delete the post for good, then send again."
)
IN_FUTURE = (
    "Post {number} is dated {date} (UTC) there, which is in the future: WordPress would hold it back. Give it a date that has"
    " passed, then send again."
)
NOT_TAKEN = "The site answers that it has stored what it was sent, but a read shows that it has not ({what})."


class Conflict(Exception):
    """What stands there is not what the desk may change; the message tells a person what to do."""


@dataclass(slots=True)
class Errand:
    """One article at one site, and the post as it was last read there."""

    place: Place
    rest: Rest
    content: Content | None
    post: Post | None = None
    public_url: str = ""
    """Where the public found it when it was last read as published: a draft's link is another."""
    wrote_text: bool = False
    began: float = field(default_factory=time.monotonic)

    @property
    def key(self) -> str:
        return str(self.place.options.get("meta_key") or KEY)

    def check(self) -> Outcome:
        root = self.rest.ask_root("GET", "/", {"_fields": "home,namespaces"})
        if not isinstance(root, Mapping) or "wp/v2" not in (root.get("namespaces") or ()):
            raise SiteFailed(NO_API)
        who = self.rest.check_rights()
        schema = f"schema.properties.meta.properties.{self.key}"
        said = self.rest.ask("OPTIONS", "/posts", {"_fields": schema})
        for name in schema.split("."):
            said = said.get(name) if isinstance(said, Mapping) else None
        if not said:
            raise SiteFailed(NO_PLUGIN.format(key=self.key), 200)
        home = str(root.get("home") or "")
        note = "" if same_place(home, self.place.url) else f" The site calls itself {home}."
        return self.outcome(Result.DONE, f"The site lets the desk in as {who}.{note}")

    # --- publish ------------------------------------------------------------------------------------------------------

    def publish(self) -> Outcome:
        content = self._content()
        if not content.indexable:
            raise Conflict("The article is not indexable.")
        self.post = self._find() or self._create()
        self._until_right(self._wanted)
        return self.outcome(Result.DONE, remote=self._remote("published", content.version))

    def _wanted(self, post: Post) -> dict[str, Any]:
        """What differs from an indexable post in the approved text; first the text, then that it is public."""
        content = self._content()
        if post.status == "trash":
            raise Conflict(IN_TRASH.format(number=post.id))
        if self.key not in post.metadata:
            raise SiteFailed(NO_PLUGIN.format(key=self.key), 200)
        if post.password:
            raise Conflict(LOCKED.format(number=post.id))
        if not holds_text(post, content):
            return self._text(post, content)
        if not self.wrote_text and has_old_excerpt(post, content):
            return fields_of(post, content)
        return self._public(post)

    def _public(self, post: Post) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if post.status != "publish":
            self._check_date(post)
            fields["status"] = "publish"
        if post.metadata[self.key] is not True:
            fields["meta"] = {self.key: True}
        return fields

    def _text(self, post: Post, content: Content) -> dict[str, Any]:
        """The desk writes a text only over its own: what came from the site, or was changed there, belongs to others.

        Such a text nobody has approved, so before a person is told of it search engines are told to leave it out.
        """
        if is_as_the_desk_wrote_it(post, content) and not self.wrote_text:
            return fields_of(post, content)
        if post.metadata[self.key] is not False:
            return {"meta": {self.key: False}}
        words = CHANGED_BY_SITE if self.wrote_text else OTHER_TEXT
        raise Conflict(words.format(number=post.id))

    def _check_date(self, post: Post) -> None:
        """By what time it is there. A post that is dated ahead would not go out now, and the answer would not say so."""
        if post.date_gmt and _moment(post.date_gmt) > self.rest.now() + FAR_ENOUGH_AHEAD:
            raise Conflict(IN_FUTURE.format(number=post.id, date=post.date_gmt.replace("T", " ")))

    # --- withdraw -----------------------------------------------------------------------------------------------------

    def withdraw(self) -> Outcome:
        self.post = self._find_known() or self._find_by_text()
        if self.post is None:
            self.rest.check_rights()  # who may not see the drafts of others is told that there are none
        else:
            self._until_right(self._wanted_gone)
        return self.outcome(Result.DONE, remote=self._remote("withdrawn", ""))

    def _wanted_gone(self, post: Post) -> dict[str, Any]:
        if self.key in post.metadata and post.metadata[self.key] is not False:
            return {"meta": {self.key: False}}
        return {"status": "draft"} if post.status in LIVE else {}

    # --- finding ------------------------------------------------------------------------------------------------------

    def _find(self) -> Post | None:
        """By number, confirmed; else by its address, where a foreign post is a conflict; else by the desk's mark."""
        if found := self._find_known():
            return found
        content = self._content()
        posts = self.rest.listed(slug=content.slug)
        for post in posts:
            if is_the_article(post, content):
                return post
        if posts:
            raise Conflict(OTHER_SLUG.format(number=posts[0].id, slug=content.slug))
        return self._find_by_mark()

    def _find_known(self) -> Post | None:
        content = self._content()
        for number, guid in self._known_numbers():
            post = self.rest.read(number)
            if post is None:
                continue
            if is_the_article(post, content):
                return post
            if guid and self._is_from_here(number):
                raise Conflict(OTHER_POST.format(number=number, guid=post.guid.raw, known=guid))
        return None

    def _find_by_text(self) -> Post | None:
        """To take it away: a foreign post at its address is none of ours, so there is no conflict."""
        content = self._content()
        posts = self.rest.listed(slug=content.slug)
        return next((post for post in posts if is_the_article(post, content)), None) or self._find_by_mark()

    def _find_by_mark(self) -> Post | None:
        content = self._content()
        posts = self.rest.listed(search=mark_of(content))
        return next((post for post in posts if is_the_article(post, content)), None)

    def _known_numbers(self) -> Iterator[tuple[int, str]]:
        """The numbers that its post may have here, each once, with the guid by which it is confirmed."""
        content = self._content()
        remote = content.remote or Remote()
        guid = str(content.imported_from.get("guid") or "")
        numbers = {
            _number(remote.remote_id): remote.guid,
            _number(content.imported_from.get("post_id")): guid,
        }
        yield from ((number, known) for number, known in numbers.items() if number)

    def _is_from_here(self, number: int) -> bool:
        """Whether the number is one of this site; one of another site may by chance be anything here."""
        content = self._content()
        if content.remote and _number(content.remote.remote_id) == number:
            return True
        return same_place(str(content.imported_from.get("site") or ""), self.place.url)

    # --- creating -----------------------------------------------------------------------------------------------------

    def _create(self) -> Post:
        """As a draft, looked for again whatever was answered. Who may not see the drafts of others would make doubles."""
        content = self._content()
        self.rest.check_rights()
        self.wrote_text = True
        fields = {"status": "draft", "slug": content.slug, **fields_of(None, content)}
        try:
            created = self.rest.read(self.rest.write(f"/{self.rest.route}", fields))
        except SiteFailed as failed:
            if not failed.may_have_worked or not (created := self._find()):
                raise
        if created is None:
            raise SiteFailed(NOT_TAKEN.format(what="the new post is not there"), 200)
        return created

    # --- read, send what differs, read again --------------------------------------------------------------------------

    def _until_right(self, wanted: Callable[[Post], dict[str, Any]]) -> None:
        """Only a read that leaves nothing to be wanted is success. Raises `SiteFailed` and `Conflict`."""
        failed: SiteFailed | None = None
        sent: dict[str, Any] = {}
        for pause in PAUSES:
            fields = wanted(self._read_post())
            if not fields:
                return
            if failed and not failed.may_have_worked and fields == sent:
                raise failed
            if time.monotonic() > self.began + POST_SECONDS:
                break
            time.sleep(pause)
            failed, sent = self._write(fields), fields
            self.post = self.rest.read(self._read_post().id) or self._vanished()
        if fields := wanted(self._read_post()):
            raise failed or SiteFailed(NOT_TAKEN.format(what=_shown(fields)), 200)

    def _write(self, fields: dict[str, Any]) -> SiteFailed | None:
        """A date goes along as it was read: else WordPress moves that of a draft to now."""
        post = self._read_post()
        self.wrote_text = self.wrote_text or "content" in fields
        dated = fields | ({"date_gmt": post.date_gmt} if post.date_gmt else {})
        try:
            self.rest.write(f"/{self.rest.route}/{post.id}", dated)
        except SiteFailed as failed:
            return failed
        return None

    def _vanished(self) -> Post:
        raise SiteFailed("The post was deleted there at this moment.", 404)

    # --- telling ------------------------------------------------------------------------------------------------------

    def outcome(
        self,
        result: Result,
        reason: str = "",
        *,
        remote: Remote | None = None,
        failed: SiteFailed | None = None,
    ) -> Outcome:
        """For the log: what was asked, and the post as it was last read, or the answer that was none."""
        answer = self.rest.last
        return Outcome(
            result,
            reason,
            status=failed.status if failed else answer.status if answer else None,
            retry_after=failed.retry_after if failed else None,
            request={"url": self.rest.address, "user": self.place.username, "calls": self.rest.calls},
            response=response_text(answer) if failed and answer else self._summary(),
            remote=remote or self._last_known(),
        )

    def _summary(self) -> str:
        post = self.post
        if post is None:
            return ""
        shown = {name: getattr(post, name) for name in ("id", "status", "slug", "link", "date_gmt")}
        return "\n".join(
            f"{name}: {said}" for name, said in {**shown, self.key: post.metadata.get(self.key)}.items()
        )

    def _last_known(self) -> Remote | None:
        """After a failure: what stood there before goes on standing there, if it is still public."""
        known = (self.content.remote if self.content else None) or Remote()
        if self.post is None:
            return None
        stands = known.state == "published" and self.post.status == "publish"
        return self._remote(known.state, known.version) if stands else self._remote("unknown", "")

    def _remote(self, state: str, version: str) -> Remote:
        known = (self.content.remote if self.content else None) or Remote()
        if self.post is None:
            return Remote(known.remote_id, known.guid, known.url, state, version)
        url = self.public_url or known.url or self.post.link
        return Remote(str(self.post.id), self.post.guid.raw, url, state, version)

    def _content(self) -> Content:
        if self.content is None:
            raise Conflict("The article is no longer in the desk.")
        return self.content

    def _read_post(self) -> Post:
        post = self.post or self._vanished()
        if post.status == "publish":
            self.public_url = post.link
        return post


def _moment(date_gmt: str) -> datetime:
    try:
        return datetime.fromisoformat(date_gmt).replace(tzinfo=UTC)
    except ValueError:
        raise SiteFailed(f"The site says a date that is none: {date_gmt[:40]}.", 200) from None


def _number(said: object) -> int:
    """A post's number; 0 if that is none."""
    return int(said) if isinstance(said, int | str) and str(said).isdecimal() else 0


def _shown(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} differs" for name in fields)
