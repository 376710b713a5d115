"""What differs, in words: as the page, the API and the command tell it."""

from __future__ import annotations

from collections.abc import Iterator

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
    if check.state == State.UNREADABLE:
        yield _l("cannot be read: %(reason)s", reason=check.reason)
    elif check.state == State.DIFFERS:
        for code in check.findings:
            yield _sentence(check, Finding(code))


def _sentence(check: PublicCheck, finding: Finding) -> Message:
    if finding is Finding.STATUS:
        return _l("answers %(status)s, should be index", status=check.status)
    if finding is Finding.CACHED:
        return _l(
            "may be kept by caches (%(header)s), should be asked for each time", header=check.cache_control
        )
    return SAYS[finding]
