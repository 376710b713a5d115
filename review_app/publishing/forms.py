"""The forms of publishing: starting a run, rolling one back, adding a schedule. What a run refused, in the reader's words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from wtforms import DateTimeLocalField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import Optional, ValidationError

from review_app.accounts.forms import storable
from review_app.articles.rules import in_words
from review_app.base.forms import Form, TellingForm
from review_app.base.kept_messages import known_again
from review_app.base.messages import Figure, Message
from review_app.base.messages import lazy_gettext as _l
from review_app.publishing.actions import NO_SUCH_ARTICLE, NOT_APPROVED, TOO_FAR, Order
from review_app.publishing.cohort import DECIDED_SINCE, NO_APPROVAL, NOT_INDEXABLE, TOO_MANY
from review_app.publishing.deliveries import parcels
from review_app.publishing.deliveries.standing import WHY_OFF
from review_app.publishing.rules import LONGEST_HELD, MOST_SOURCE_IDS
from review_app.publishing.stopping import PAUSED, STOPPED

ALL, NAMED = "approved", "named"
BETWEEN = re.compile(r"[\s,;\0]+")
LATE = timedelta(minutes=10)
"""Between looking at a preview and confirming it a moment may pass."""

DAY_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


class RunForm(Form):
    """All approved articles, or those whose source ids were pasted, apart by blanks, commas or lines; now or at a time."""

    scope = RadioField(
        _l("What to publish"),
        choices=[
            SelectChoice(ALL, _l("Every approved article that is not published yet")),
            SelectChoice(NAMED, _l("Only the articles named below")),
        ],
        default=ALL,
    )
    source_ids = TextAreaField(_l("Source ids"))
    publish_at = DateTimeLocalField(_l("Not before"), [Optional()], format=DAY_FORMATS)

    def validate_source_ids(self, _field: TextAreaField) -> None:
        """They count only when they are meant."""
        if self.scope.data != NAMED:
            return
        if not self.named():
            raise ValidationError(_l("Name at least one article, or choose every approved one."))
        if len(self.named()) > MOST_SOURCE_IDS:
            raise ValidationError(_l("Name at most %(most)s articles at once.", most=Figure(MOST_SOURCE_IDS)))

    def named(self) -> list[str]:
        """The source ids that were pasted."""
        return [part for part in BETWEEN.split(self.source_ids.data or "") if part]

    def order(self, zone: ZoneInfo, now: datetime) -> Order | None:
        """The same for the action, its time being one of the zone; None, with a message at the field, if it is no good one."""
        at = self.publish_at.data
        moment = None if at is None else _moment(at, zone)
        if at is not None and (moment is None or moment < now - LATE):
            self.publish_at.errors = [*self.publish_at.errors, _l("That moment has passed.")]
            return None
        if moment is not None and moment > now + LONGEST_HELD:
            self.publish_at.errors = [*self.publish_at.errors, TOO_FAR]
            return None
        return Order(self.named() if self.scope.data == NAMED else None, moment)


def _moment(there: datetime, zone: ZoneInfo) -> datetime | None:
    try:
        return there.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None


class RollbackForm(TellingForm):
    note = TextAreaField(_l("Reason"), filters=[storable])


class ScheduleForm(TellingForm):
    at = StringField(_l("Time of the day"), filters=[storable])
    zone = StringField(_l("Time zone"), filters=[storable])


REASONS = (
    *(NO_SUCH_ARTICLE, STOPPED, PAUSED),
    *(DECIDED_SINCE, NOT_INDEXABLE, NO_APPROVAL, TOO_MANY),
    *(parcels.NOT_APPROVED, parcels.NOT_THIS_VERSION, parcels.NO_ARTICLE, parcels.SINCE_PUBLISHED),
)
KEPT = {str(reason): reason for reason in REASONS}
"""The reasons of ours that are kept in English with runs, publications and deliveries, and the message that each is."""


def refusal_words(reason: str) -> str:
    """Why an article was refused or not sent, or a target switched off: a message if the words are ours, else as it was kept."""
    if reason.startswith(NOT_APPROVED):
        status = reason.removeprefix(NOT_APPROVED)
        return _l("it is not approved, but %(status)s", status=in_words(status.replace(" ", "_")))
    return KEPT.get(reason) or known_again(reason, WHY_OFF)


def is_english(words: str) -> bool:
    """Whether a kept text is told as it was kept, in English: what a place answered, or a library said, is no message of ours."""
    return bool(words) and not isinstance(words, Message)
