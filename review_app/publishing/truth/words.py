"""What differs, in words: as the page, the API and the command tell it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from review_app.base.messages import Message
from review_app.base.messages import lazy_gettext as _l
from review_app.publishing.truth.models import PublicCheck
from review_app.publishing.truth.rules import Finding, State

SAYS = {
    Finding.NOINDEX: _l("says noindex, should be index"),
    Finding.CANONICAL: _l("names another address as the canonical one, should be index here"),
    Finding.NOT_LISTED: _l("is not in the sitemap, should be index"),
    Finding.INDEX: _l("says index, should be noindex"),
    Finding.LISTED: _l("is in the sitemap, should be noindex"),
}


def sentences(check: PublicCheck) -> Iterator[Message]:
    """Each difference that was found, or why the page could not be read. Goes on with "since …"."""
    return (sentence for sentence, _since in differences(check))


def differences(check: PublicCheck) -> Iterator[tuple[Message, datetime]]:
    """The sentences, each with since when: since the desk says otherwise, or, where that tells nothing, since it was seen."""
    seen = check.found_at or check.should_since
    if check.state == State.UNREADABLE:
        yield _l("cannot be read: %(reason)s", reason=check.reason), seen
    elif check.state == State.DIFFERS:
        for finding in map(Finding, check.findings):
            yield _sentence(check, finding), seen if finding is Finding.CACHED else check.should_since


def _sentence(check: PublicCheck, finding: Finding) -> Message:
    if finding is Finding.STATUS:
        return _l("answers %(status)s, should be index", status=check.status)
    if finding is Finding.CACHED:
        return _l(
            "may be kept by caches (%(header)s), should be asked for each time", header=check.cache_control
        )
    return SAYS[finding]
