"""Posts of a real WordPress as the desk knows them after importing them, and a connection to it that loses answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from review_app.articles.markup import sanitise
from review_app.base.outbound import Answer, Unreachable, call
from review_app.importing.rules import one_line
from review_app.publishing.kinds.face import Action, Content, Outcome, Parcel, Place
from review_app.publishing.kinds.wordpress import WordPress as Kind
from tests.support.wordpress import WordPress

KIND = Kind()


def place_of(site: WordPress, user: str = "EDITOR", **more: Any) -> Place:
    """The site as a target, for somebody who has an application password there."""
    password = site.env["WP_APP_PASSWORD" if user == "EDITOR" else f"WP_{user}_APP_PASSWORD"]
    place = Place(1, "wordpress", "Site", site.url, site.env[f"WP_{user}_USER"], password, allow_private=True)
    return replace(place, **more)


def seeded(site: WordPress, number: int) -> list[Content]:
    """That many new posts, drafts and pending ones, each approved in the desk."""
    before = set(numbers(site))
    site.run("seed", str(number))
    new = [post_id for post_id in numbers(site) if post_id not in before]
    route = "/posts?context=edit&status=any&orderby=id&order=asc&per_page=100&include="
    found: list[Content] = []
    for start in range(0, number, 100):
        some = site.call("GET", route + ",".join(new[start : start + 100])).json()
        found.extend(map(partial(content_of, site), some))
    return found


def numbers(site: WordPress) -> list[str]:
    """Those of all posts, also of those in the trash."""
    return [row[0] for row in site.sql("SELECT ID FROM wp_posts WHERE post_type = 'post' ORDER BY ID")]


def content_of(site: WordPress, post: Mapping[str, Any]) -> Content:
    """The post as the import makes an article of it."""
    return Content(
        article_id=post["id"],
        source_id=f"alphanode-{post['id']:06}",
        slug=f"article-{post['id']}",
        version="1.1.0",
        indexable=True,
        title=one_line(post["title"]["raw"]),
        excerpt="",
        html=sanitise(post["content"]["raw"]).html,
        public_url="",
        imported_from={"site": site.url, "post_id": post["id"], "guid": post["guid"]["raw"]},
    )


def a_new_one(**more: Any) -> Content:
    """An article that the site does not know."""
    text = "<p>Größe &amp; <strong>規模</strong> 🚀</p>\n<pre><code>if a &lt; b:\n    run()</code></pre>\n<ul><li>one</li></ul>"
    content = Content(
        article_id=1,
        source_id="alphanode-900001",
        slug="an-article-of-the-desk",
        version="1.1.0",
        indexable=True,
        title="R&D: why <b> is no tag here",
        excerpt="What it says, in short",
        html=sanitise(text).html,
        public_url="",
    )
    return replace(content, **more)


def parcel(content: Content, action: Action = Action.PUBLISH) -> Parcel:
    """A delivery of it."""
    return Parcel(
        delivery_id=content.article_id,
        message_id=f"msg_{content.article_id}",
        action=action,
        kind="publication.requested",
        subject=f"article:{content.source_id}",
        sequence=1,
        happened_at=datetime.now(UTC),
        payload={},
        content=content,
    )


def publish(place: Place, *contents: Content) -> list[Outcome]:
    """Publish them, as many at once as the deliverer gives."""
    outcomes: list[Outcome] = []
    for start in range(0, len(contents), KIND.at_once):
        some = [parcel(content) for content in contents[start : start + KIND.at_once]]
        outcomes.extend(KIND.publish(place, some))
    return outcomes


def withdraw(place: Place, content: Content) -> Outcome:
    """Take it away again, as the desk says it is not indexable any more."""
    return KIND.withdraw(place, [parcel(replace(content, indexable=False), Action.WITHDRAW)])[0]


STATES = """
    SELECT post_status, post_date, (
        SELECT GROUP_CONCAT(meta_value SEPARATOR '|') FROM wp_postmeta WHERE post_id = ID AND meta_key = 'indexable'
    ) FROM wp_posts WHERE ID IN ({}) ORDER BY ID
"""


def states(site: WordPress, contents: Collection[Content]) -> list[tuple[str, str, str]]:
    """Of each post, by number: its status, its rows of `indexable` and its date there."""
    rows = site.sql(STATES.format(",".join(str(content.article_id) for content in contents)))
    return [(status, flag, date) for status, date, flag in rows]


def writes(site: WordPress, since: int = 0) -> list[str]:
    """What was written over the REST API, after so many requests."""
    return [line for line in site.requests()[since:] if line.startswith("POST")]


def losing(is_lost: Callable[[int], bool]) -> Callable[..., Answer]:
    """A connection that sends all, but on which the answers to some writes, counted from 1, are lost."""
    written = 0

    def lossy(client: Any, method: str, url: str, **options: Any) -> Answer:
        nonlocal written
        answer = call(client, method, url, **options)
        if method == "POST":
            written += 1
            if is_lost(written):
                raise Unreachable("did not answer within 15 seconds")
        return answer

    return lossy
