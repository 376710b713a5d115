"""What imports and sources keep in English is known again when it is shown, and told in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from review_app.accounts.models import User
from review_app.base.kept_messages import known_again
from review_app.base.messages import Message
from review_app.base.outbound import WORDS
from review_app.importing import sentences
from review_app.importing.sources import feed, folder, jobs, wordpress, wordpress_site
from review_app.importing.sources.sentences import told_failure
from review_app.worker import run_pending
from tests.importing.records import lines, record
from tests.importing.test_import_views import send
from tests.support.cast import Browser

BrowserOf = Callable[[User], Browser]
FAILURES = (
    *(f"The file {words}." for words in feed.SAYS.values()),
    *(f"The site {words.format(cause='connection refused')}." for _, words in WORDS[1:]),
    *wordpress_site.SAYS.values(),
    *(
        folder.NO_FOLDERS,
        jobs.OUR_MISTAKE,
        wordpress.NO_PLUGIN,
        wordpress_site.NO_API,
        wordpress_site.REFUSED,
    ),
)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_of_a_source_is_known_again(failure: str) -> None:
    found = told_failure(str(failure))
    assert isinstance(found, Message)
    assert found == failure
    problem = found.values.get("problem")
    assert problem is None or isinstance(problem, Message)


def test_what_a_person_wrote_stays_as_it_is() -> None:
    assert type(known_again("50% of them are wrong", sentences.OF_CHANGES)) is str
    assert type(told_failure("")) is str


def test_figures_in_what_is_kept_are_told_as_the_language_writes_them() -> None:
    kept = sentences.UNDO_OBSERVED % {"back": "12,345", "left": "7"}
    found = known_again(kept, sentences.OF_CHANGES)
    assert isinstance(found, Message)
    assert found == "12,345 articles taken back, 7 left as they are."
    assert found.values["back"].figure == 12_345  # so that it is no text with a comma in it


def test_an_import_and_its_change_record_are_told_in_german(
    app: Flask, lead: User, browser_of: BrowserOf
) -> None:
    browser = browser_of(lead)
    browser.client.environ_base = {**browser.client.environ_base, "HTTP_ACCEPT_LANGUAGE": "de"}
    sent = send(browser, ("articles.jsonl", lines(record("a-1"), record("a-2", **{"score.depth": 700}))))
    run_pending(app)
    page = browser.get(sent.location).text
    assert "Beendet: 1 neu, 0 aktualisiert, 0 unverändert, 1 zurückgewiesen, 0 übersprungen." in page
    assert "Import von articles.jsonl" in page
    assert "score.depth is 700" in page
    browser.post(f"{sent.location}/undo", {"reason": "Falsche Datei"})
    run_pending(app)
    page = browser.get(sent.location).text
    assert "Zurückgenommene Artikel: 1, unverändert gelassen: 0." in page
    assert "Falsche Datei" in page


def test_the_upload_form_says_in_german_what_is_wrong(lead: User, browser_of: BrowserOf) -> None:
    browser = browser_of(lead)
    browser.client.environ_base = {**browser.client.environ_base, "HTTP_ACCEPT_LANGUAGE": "de"}
    assert "Wählen Sie zuerst eine Datei." in send(browser).text
    page = send(browser, ("a.jsonl", lines(record("a"))), reason="x" * 600).text
    assert "Feld kann nicht länger als 500 Zeichen sein." in page
