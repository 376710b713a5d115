"""Where one goes from a queue page, and how it looks: what every page that leads back to the queue needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from flask import current_app, request, url_for
from flask.sansio.app import App
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.models import User
from review_app.accounts.permissions import person
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.queries import anything
from review_app.base.answers import see_in_frame, see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict
from review_app.base.languages import flash, told
from review_app.base.messages import joined
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.base.web import local, settings, viewer_zone
from review_app.review_queue.actions import ClaimHeld, TooManyClaims, claim_next
from review_app.review_queue.assignments import open_to
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import Claim
from review_app.review_queue.queries import QueueLength, QueueRow, claims_of, waiting
from review_app.review_queue.reasons import Reason, reasons
from review_app.review_queue.rules import MOST_CLAIMS

TITLE_IN_MESSAGE = 80


def lease() -> timedelta:
    """How long a claim holds before it must be renewed."""
    return timedelta(minutes=settings().claim_minutes)


def asked_for(values: Mapping[str, str]) -> QueueFilters:
    """The filters in an address or a form, for who is logged in. Raises `Invalid` for a value that cannot be meant."""
    return QueueFilters.of(values).asked_by(person(), utc_now())


def queue_url(filters: Filters) -> str:
    """The queue within these filters, with nothing in the address that says nothing."""
    return url_for("review_queue.queue") + filters.query()


def filters_behind() -> QueueFilters:
    """The filters one came from: the form's field `filters` (a query string) or the address. Broken ones are none."""
    sent = request.form.get("filters")
    found, wrong = QueueFilters.read(request.args if sent is None else dict(parse_qsl(sent.lstrip("?"))))
    return (QueueFilters() if wrong else found).asked_by(person(), utc_now())


def today() -> date:
    """Today, where the viewer is."""
    return utc_now().astimezone(viewer_zone()).date()


def reasons_of(session: Session, rows: Sequence[QueueRow]) -> dict[int, Reason]:
    """Why each row stands where it stands, by the article's id."""
    return reasons(session, [row.article for row in rows], today())


def short(title: str) -> str:
    """A title as it may stand in a message: messages travel in a cookie, which holds 4 kB."""
    return title if len(title) <= TITLE_IN_MESSAGE else title[: TITLE_IN_MESSAGE - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Empty:
    """Why a list shows nothing: a heading, a sentence, and whether that is good news."""

    title: str
    text: str
    done: bool = False


def why_empty(session: Session, filters: Filters, after: str | None, length: QueueLength) -> Empty:
    """Tell "nothing matches" from "all done" from "nothing was ever imported"."""
    if after and length.waiting:
        return Empty(
            _l("No more rows"), _l("The list ends here; what stood further down was decided meanwhile.")
        )
    if filters.active():
        return Empty(_l("Nothing matches"), _l("No waiting article fits this search and these filters."))
    if anything(session):
        return Empty(
            _l("All done"),
            _l("Nobody is waiting for you: every article that needed a person has had one."),
            done=True,
        )
    return Empty(
        _l("Nothing has been imported yet"),
        _l("Articles that need a person will wait here once a team lead has brought them in."),
    )


def flags_of(article: Article) -> list[str]:
    """The flags that are set and say more than that it waits, which all here do."""
    return [flag.name for flag in article.flags if flag.value and flag.name != "needs_human_review"]


def held_by(user: User, now: datetime) -> Sequence[Claim]:
    """What a person holds now, with the articles."""
    return claims_of(db.session(), user, now)


@dataclass(frozen=True, slots=True)
class OwnDraft:
    """Something a person has typed and not decided: on which article, and when it was saved, in words."""

    article: Article
    saved: str


OwnDrafts = Callable[[], tuple[Sequence[OwnDraft], bool]]


def offer_drafts(app: App, drafts: OwnDrafts) -> None:
    """Say what a person has typed and not decided. The queue shows it, though it knows nothing of reviewing."""
    app.extensions["own_drafts"] = drafts


def own_drafts() -> tuple[Sequence[OwnDraft], bool]:
    """The latest drafts of the person who asks, and whether there are more."""
    read: OwnDrafts = current_app.extensions["own_drafts"]
    return read()


def open_next(filters: QueueFilters) -> AnyResponse:
    """Claim the next article within the filters and go to it; back to the queue, saying why, when that cannot be."""
    filters = filters.from_the_start()
    try:
        source_id = claim_first(filters)
    except TooManyClaims:
        return back_with_too_many(filters)
    if source_id is None:
        flash(_nothing_free(filters), "info")
        return see_other(queue_url(filters))
    return see_in_frame(review_url(source_id, filters))


def _nothing_free(filters: QueueFilters) -> str:
    text = (
        _l("Nothing more is free within these filters just now.")
        if filters.active()
        else _l("Nothing more is free to review just now.")
    )
    if not _all_assigned(filters):
        return text
    return joined([text, _l("What still waits is assigned to others.")], " ")


def review_url(source_id: str, filters: Filters, **more: Any) -> str:
    """Where an article is reviewed, among others within these filters."""
    return url_for("reviewing.review", source_id=source_id) + filters.query(**more)


def back_with_too_many(filters: Filters) -> AnyResponse:
    """To the queue, since one holds as many as one may."""
    flash(too_many_message(held_by(person(), utc_now())), "warning")
    return see_other(queue_url(filters))


def claim_first(filters: Filters) -> str | None:
    """Claim the next article within the filters: its id, or None when none is free. Raises `TooManyClaims`."""
    with transaction() as session:
        claim = claim_next(session, person(), filters, now=utc_now(), lease=lease())
        return session.get_one(Article, claim.article_id).source_id if claim else None


def _all_assigned(filters: QueueFilters) -> bool:
    """Whether something waits within the filters that somebody else is to do."""
    theirs = waiting(db.session(), filters).where(~open_to(person())).with_only_columns(Article.id).limit(1)
    return db.session().scalar(theirs) is not None


def too_many_message(held: Sequence[Claim]) -> str:
    """What a person holds, by title, and what can be done about it."""
    titles = joined((_l("“%(title)s”", title=short(claim.article.title)) for claim in held), ", ")
    return _ln(
        "You already hold %(num)s article: %(titles)s. Decide, skip or release one of them first.",
        "You already hold %(num)s articles: %(titles)s. Decide, skip or release one of them first.",
        MOST_CLAIMS,
        titles=titles,
    )


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """Who holds an article, as the line above the decision says it; `refusal` is why it could not be claimed."""

    source_id: str
    row_version: int | str | None
    filters: str
    claim: Claim | None = None
    mine: bool = False
    refusal: str | None = None

    @property
    def until(self) -> str:
        """When the lease ends unless it is renewed."""
        return time_of_day(self.claim.expires_at) if self.claim else ""


def claim_line(article: Article, claim: Claim | None, user: User) -> ClaimLine:
    """How the line stands when the page is opened: that alone claims nothing."""
    mine = claim is not None and claim.user_id == user.id
    refusal = None if claim is None or mine else refusal_of(ClaimHeld(claim))
    return ClaimLine(article.source_id, article.row_version, filters_behind().query(), claim, mine, refusal)


def time_of_day(moment: datetime) -> str:
    """A moment of today in the viewer's zone: `14:02`."""
    return local(moment).rpartition(" ")[2]


def refusal_of(error: Conflict) -> str:
    """Why an article could not be claimed, in a sentence of the reader's language."""
    said: str = told(_refusal_of(error))
    return said


def _refusal_of(error: Conflict) -> str:
    if isinstance(error, TooManyClaims):
        return too_many_message(held_by(person(), utc_now()))
    if isinstance(error, ClaimHeld):
        until = time_of_day(datetime.fromisoformat(error.extra["expires_at"]))
        return _l("%(holder)s The lease runs until %(time)s.", holder=error.detail, time=until)
    return error.detail
