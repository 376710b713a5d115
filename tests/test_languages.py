"""Every word of ours can be translated, and is: the catalogues are whole, and no page says anything that is in none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from babel.support import NullTranslations
from lxml import html

from review_app.accounts.models import User
from review_app.base import languages
from review_app.base.clock import utc_now
from review_app.base.languages import LANGUAGES, SOURCE, TRANSLATIONS
from review_app.base.messages import Message, lazy_gettext, lazy_ngettext
from review_app.review_queue.actions import hold
from review_app.reviewing.models import ChecklistItem
from review_app.reviewing.reasons.models import CannedReason
from tests.factories import make_article, make_source
from tests.publishing.everything import put_everything
from tests.reviewing.desk import judge

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = DEFAULT_KEYWORDS | {"_l": None, "_ln": (1, 2), "lazy_ngettext": (1, 2)}
METHODS = [("review_app/**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
OTHERS = sorted(set(LANGUAGES) - {SOURCE})

Key = str | tuple[str, str]


@pytest.fixture(scope="module")
def said() -> set[Key]:
    """Every message in the code and the templates."""
    found = extract_from_dir(ROOT, METHODS, OPTIONS, KEYWORDS)
    return {tuple(message[:2]) if isinstance(message, tuple) else message for _, _, message, _, _ in found}


def catalogue(language: str) -> Catalog:
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_holds_what_is_said_and_nothing_else(language, said):
    kept = {
        message.id if isinstance(message.id, str) else tuple(message.id)
        for message in catalogue(language)
        if message.id
    }
    assert said - kept == set(), "make messages collects them"
    assert kept - said == set()


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated(language):
    """In each of its plural forms, by a person, with the same values in it."""
    for message in catalogue(language):
        if not message.id:
            continue
        ids = (message.id,) if isinstance(message.id, str) else message.id
        texts = (message.string,) if isinstance(message.string, str) else message.string
        assert all(texts), message.id
        assert not message.fuzzy, message.id
        wanted = set(chain.from_iterable(map(PLACEHOLDER.findall, ids)))
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) <= wanted, text
        assert set(PLACEHOLDER.findall(texts[-1])) == set(PLACEHOLDER.findall(ids[-1])), message.id


# --- what pages say ---------------------------------------------------------------------------------------------------

MARKED = re.compile("⟦[^⟦⟧]*⟧")
LATIN = re.compile(r"[A-Za-z][A-Za-z'’]+")
GREEK = "Ένα άρθρο για τον έλεγχο"


class Marking(NullTranslations):
    """A language in which everything is between brackets: what is not, is in no catalogue."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def pgettext(self, context: str, message: str) -> str:  # noqa: ARG002  # as gettext calls it
        return f"⟦{message}⟧"

    def npgettext(self, context: str, msgid1: str, msgid2: str, num: int) -> str:  # noqa: ARG002  # as gettext calls it
        return self.ngettext(msgid1, msgid2, num)

    ugettext, ungettext, upgettext, unpgettext = gettext, ngettext, pgettext, npgettext


SPOKEN = ("aria-label", "title", "placeholder", "alt", "aria-description", "data-confirm")
"""Attributes that people read or hear."""

SAME_EVERYWHERE = re.compile(
    r"Review Desk|JSON Lines|English|Deutsch|Ctrl|Shift|Enter|Esc|Home|End|Page (?:Up|Down)|\b[jkxz]\b"
    r"|\b(?:HTTP|UTC|CSV|JSON|API|HTML|WXR|WordPress|Markdown|WebP|URL)\b"
)


def left_over(page: str) -> set[str]:
    """The words of a page that are in Latin letters and outside of all brackets."""
    document = html.fromstring(page)
    for silent in document.xpath(
        "//script | //style | //code | //pre | //kbd | //samp | //select[@name='time_zone'] | //*[@data-is-data]"
    ):
        silent.drop_tree()
    texts = [
        " ".join(document.itertext()),
        *(text for name in SPOKEN for text in document.xpath(f"//@{name}")),
    ]
    return set(chain.from_iterable(map(_words, texts)))


def _words(text: str) -> Iterator[str]:
    while (shorter := MARKED.sub(" ", text)) != text:
        text = shorter
    text = re.sub(r"\S*[@/._:\d-]\S*", " ", SAME_EVERYWHERE.sub(" ", text))
    return (found[0] for found in LATIN.finditer(text))


@pytest.fixture
def desk_in_greek(app, session_of, lead, admin, colleague):
    """All that people and sources said is in Greek letters, so whatever Latin is on a page is ours."""
    with session_of() as session:
        for number, user in enumerate(session.query(User)):
            user.name = f"Πρόσωπο {number}"
        for item in session.query(ChecklistItem):
            item.text = GREEK
        for reason in session.query(CannedReason):
            reason.title = reason.text = GREEK
        now = utc_now()
        said = {
            "title": GREEK,
            "excerpt": GREEK,
            "topic": "Θέμα",
            "primary_stack": "Στοίβα",
            "code_language": "Γλώσσα",
        }
        picture = '<img src="https://a.example.com/x.png" alt="Εικόνα">'
        said |= {"html": f"<p>{GREEK}</p>{picture}", "flags": {"σημαία": True}, "meta": {"κλειδί": "τιμή"}}
        held = make_article(session, "art-1", **said)
        hold(session, held, session.get_one(User, colleague.id), now=now, lease=timedelta(minutes=15))
        other = make_article(session, "art-2", **said)
        judge(session, "art-2", session.get_one(User, lead.id), "request_changes", note="Λόγος")
        make_source(session, admin, name="Πηγή")
        put_everything(session, session.get_one(User, lead.id), [held, other])


PAGES = (
    "/queue",
    "/queue?status=drafted&view=all",
    "/queue?q=άρθρο",
    "/articles",
    "/articles/art-1",
    "/articles/art-1/review",
    "/articles/art-2",
    "/articles/art-2/review",
    "/imports",
    "/imports/sources",
    "/stats",
    "/publications",
    "/publications/1",
    "/publications/1/rollback",
    "/publications/2",
    "/publications/3",
    "/publications/export",
    "/publications/hook",
    "/publications/schedules",
    "/publications/truth",
    "/admin/targets",
    "/admin/targets/new?kind=webhook",
    "/admin/targets/new?kind=wordpress",
    "/admin/targets/new?kind=cloudflare",
    "/admin/targets/new?kind=indexnow",
    "/admin/targets/new?kind=export",
    "/admin/targets/1",
    "/admin/targets/2",
    "/admin/targets/3",
    "/admin/targets/4",
    "/admin/targets/2/deliveries",
    "/admin/deliveries/1",
    "/admin/deliveries/5",
    "/admin/policy",
    "/admin/changes",
    "/admin/users",
    "/admin/reasons",
    "/profile",
    "/notifications",
    "/queue/views",
    "/queue/views/1/assignment",
    "/bulk",
    "/nothing-here",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_nothing_that_cannot_be_translated(path, desk_in_greek, browser_of, admin, monkeypatch):
    monkeypatch.setattr(languages, "catalogue", lambda _language: Marking())
    answer = browser_of(admin).get(path, headers={"Accept-Language": "de"})
    assert answer.status_code == (404 if path == "/nothing-here" else 200)
    assert left_over(answer.text) == set()


FORMS: dict[str, dict[str, str]] = {
    "/publications": {"scope": "named"},
    "/publications/preview": {
        "scope": "named",
        "source_ids": "art-1 art-9",
        "publish_at": "2999-01-01T10:00",
    },
    "/publications/1/rollback": {"note": ""},
    "/publications/schedules": {"at": "7", "zone": "Άρης"},
    "/admin/targets": {"kind": "webhook", "url": "ftp://example.com", "secret": "short", "events": ""},
    "/admin/targets?": {"kind": "wordpress", "name": "Άγκιστρο", "username": "α:β"},
    "/admin/targets?2": {"kind": "cloudflare", "zone_id": "!", "url": "https://example.com:1"},
    "/admin/targets?3": {"kind": "indexnow", "name": "Ευρετήριο", "secret": "!"},
    "/admin/targets?4": {"kind": "export", "folder": "/../a"},
    "/admin/targets/2/secrets": {"overlap_hours": "1000", "secret": "!"},
    "/admin/targets/2?_method=DELETE": {},
    "/admin/targets/4/test-events": {},
    "/publications/1/stop": {},
}
"""Pages that answer a form, and what is sent to them."""


@pytest.mark.parametrize("path", FORMS)
def test_an_answer_says_nothing_that_cannot_be_translated(
    path, desk_in_greek, browser_of, admin, monkeypatch
):
    monkeypatch.setattr(languages, "catalogue", lambda _language: Marking())
    browser = browser_of(admin)
    browser.get("/profile")
    answer = browser.post(path, FORMS[path], headers={"Accept-Language": "de"}, follow_redirects=True)
    assert answer.status_code in {200, 409, 422}
    assert left_over(answer.text) == set()


def test_a_page_is_in_the_language_that_its_reader_chose(app, browser_of, reviewer):
    browser = browser_of(reviewer)
    assert "<h1>Queue</h1>" in browser.get("/queue").text
    asked = browser.get("/queue", headers={"Accept-Language": "fr, de;q=0.9"})
    assert '<html lang="de"' in asked.text
    assert "<h1>Warteschlange</h1>" in asked.text
    assert "Accept-Language" in asked.headers["Vary"]
    browser.get("/profile")
    saved = browser.post("/profile", {"name": "Jo", "time_zone": "UTC", "theme": "", "language": "de"})
    assert saved.status_code == 303
    assert "Ihr Profil ist gespeichert." in browser.get("/profile").text
    browser.post("/profile", {"name": "Jo", "time_zone": "UTC", "theme": "", "language": "en"})
    assert '<html lang="en"' in browser.get("/queue", headers={"Accept-Language": "de"}).text


def test_programs_and_the_public_are_told_everything_in_english(app, browser_of, program_of, reviewer):
    program = program_of(reviewer)
    program.headers["Accept-Language"] = "de"
    assert program.get("/api/v1/articles/nobody").json["title"] == "Nothing here"
    assert browser_of(reviewer).get("/p/nobody", headers={"Accept-Language": "de"}).status_code == 404


def test_a_message_is_english_until_it_is_told(app):
    held = lazy_gettext(
        "%(name)s holds %(what)s.", name="Jo", what=lazy_ngettext("%(num)s article", "%(num)s articles", 2)
    )
    assert held == "Jo holds 2 articles."
    assert isinstance(held, Message)
    with app.test_request_context("/queue", headers={"Accept-Language": "de"}):
        assert languages.told(lazy_ngettext("%(num)s day ago", "%(num)s days ago", 3)) == "vor 3 Tagen"
        assert languages.told("3 days ago") == "3 days ago"
    with app.test_request_context("/api/v1/articles", headers={"Accept-Language": "de"}):
        assert languages.told(lazy_ngettext("%(num)s day ago", "%(num)s days ago", 3)) == "3 days ago"
