"""What is exported is read by our own importer: the same scores and words on another desk, and no change on this one."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from sqlalchemy import select

from review_app.articles.models import Article, ArticleMeta, Policy
from review_app.base.clock import utc_now
from review_app.importing.models import ImportBatch, MergeProposal
from review_app.publishing.export.queries import withdrawn_ids
from review_app.publishing.export.rules import Format
from review_app.publishing.export.streams import Export, gzipped, source_id_of
from tests.importing.records import lines, record
from tests.publishing.export.conftest import SCORES

NAMES = {Format.JSONL: "out.jsonl.gz", Format.MARKDOWN: "out.tar.gz"}
BODY = (
    "<p>A retry is a <strong>promise</strong>: <code>a|b</code>.</p><h2>Checks</h2><ul><li>count the tries</li></ul>"
    '<figure><img src="https://i.example/a.png" alt="A"><figcaption>So it is</figcaption></figure>'
    "<pre><code>x = 1\n\ny</code></pre>"
)
ODD = {
    "notes": [
        "yes",
        "2024-01-01",
        "012",
        "a\n---\nb",
        "# x: y",
        "",
        "null",
        "\u2028\x85\ufeff \U0001f600",
        "1e3",
    ],
    "Own": {"deep": [{"a": None, "b": True, "c": 1.5, "d": 10**20, "e": -1e300}, [], {}]},
}


@pytest.fixture
def exported(session_of):
    """The whole of what is published, as a file of a format."""

    def make(kind: Format, since=None) -> bytes:
        with session_of() as session:
            return b"".join(gzipped(Export(session, utc_now(), since).stream(kind)))

    return make


def elsewhere(kind: Format, content: bytes) -> bytes:
    """The same export as if of articles that this desk does not know: `b-…` for `a-…`."""
    before = b'"source_id":"a' if kind is Format.JSONL else b"source_id: a"
    return gzip.compress(gzip.decompress(content).replace(before, before[:-1] + b"b"))


def counts(session_of):
    with session_of() as session:
        batch = session.scalars(select(ImportBatch).order_by(ImportBatch.id.desc())).first()
        return {
            name: count
            for name in ("created", "updated", "unchanged", "rejected")
            if (count := getattr(batch, name))
        }


@pytest.mark.parametrize("kind", list(Format))
def test_another_desk_reads_the_same_scores_and_words(corpus, exported, bring, article_of, session_of, kind):
    corpus("a-1", "a:2", body=BODY, **ODD)
    here = article_of("a-1")
    content = elsewhere(kind, exported(kind))
    assert bring(NAMES[kind], content).exit_code == 0
    assert counts(session_of) == {"created": 2}
    there = article_of("b-1")
    assert there.scores == here.scores == SCORES
    assert (there.title, there.excerpt) == (here.title, here.excerpt)
    assert (there.topic, there.view_count, there.reading_minutes) == (
        here.topic,
        here.view_count,
        here.reading_minutes,
    )
    assert (there.revision_version, there.last_reviewed_on) == (here.revision_version, here.last_reviewed_on)
    assert (there.revision_status, there.indexable) == ("drafted", False), "an import approves nothing"
    assert kind is Format.MARKDOWN or there.text_digest == here.text_digest
    assert bring("again-" + NAMES[kind], content).exit_code == 0
    assert counts(session_of) == {"unchanged": 2}


@pytest.mark.parametrize("kind", list(Format))
def test_what_came_with_an_article_comes_back_whole(corpus, exported, bring, session_of, kind):

    corpus("a-1", body=BODY, **ODD)

    def imported(source_id):
        with session_of() as session:
            article = select(Article.id).where(Article.source_id == source_id).scalar_subquery()
            meta = session.scalars(
                select(ArticleMeta.imported).where(ArticleMeta.article_id == article)
            ).one()
        changed = ("score", "revision", "publication", "payload")
        return {name: value for name, value in meta.items() if name not in changed}

    first = imported("a-1")
    assert first["notes"] == ODD["notes"]
    assert bring(NAMES[kind], elsewhere(kind, exported(kind))).exit_code == 0
    assert imported("b-1") == first


@pytest.mark.parametrize("kind", list(Format))
@pytest.mark.parametrize("came_as", ["drafted", "reviewed", "odd"])
def test_on_the_desk_that_it_came_from_it_is_unchanged(
    corpus, exported, bring, article_of, session_of, came_as, kind
):
    corpus("a-1", "a:2", body=BODY, **ODD, **{"revision.status": came_as})
    before = article_of("a-1")
    for _ in range(2):
        assert bring(NAMES[kind], exported(kind)).exit_code == 0
        assert counts(session_of) == {"unchanged": 2}
    after = article_of("a-1")
    assert (after.row_version, after.updated_at) == (before.row_version, before.updated_at)
    assert after.indexable
    with session_of() as session:
        assert session.scalars(select(MergeProposal)).all() == []


def test_what_was_changed_in_an_export_is_an_import_like_any_other(corpus, exported, bring, session_of):
    """Nobody is asked about a status that the import has as the desk has it; of the rest all differs as ever."""
    corpus("a-1", body=BODY, **{"revision.status": "reviewed"})
    lower = gzip.decompress(exported(Format.JSONL)).replace(b'"quality":91', b'"quality":90')
    assert bring("out.jsonl", lower).exit_code == 0
    assert counts(session_of) == {"updated": 1}
    with session_of() as session:
        (proposal,) = session.scalars(select(MergeProposal)).all()
        assert list(proposal.fields) == ["quality"]
        assert proposal.fields["quality"]["now"] == 90


def test_a_page_of_an_export_whose_words_were_changed_is_another_text(
    corpus, exported, bring, article_of, session_of
):
    corpus("a-1", body=BODY)
    with tarfile.open(fileobj=io.BytesIO(exported(Format.MARKDOWN))) as archive:
        page = archive.extractfile("articles/a-1.md").read()
    assert bring("a-1.md", page.replace(b"promise", b"threat")).exit_code == 0
    assert counts(session_of) == {"updated": 1}
    assert not article_of("a-1").indexable


def test_the_public_text_is_exported_and_not_one_that_waits(corpus, exported, bring, session_of):

    corpus("a-1")
    with session_of() as session:
        session.add(Policy(version=99, floors={}, keep_indexable=True, reason="", changed_at=utc_now()))

    assert (
        bring("new.jsonl", lines(record("a-1", title="Another title", body="<p>Unread.</p>"))).exit_code == 0
    )
    said = gzip.decompress(exported(Format.JSONL)).decode()
    assert "Unread" not in said
    assert "Another title" not in said
    assert "A retry is a promise" in said


def test_an_archive_holds_pages_and_what_it_is(corpus, exported):
    corpus("a-1", "a:2")
    with tarfile.open(fileobj=io.BytesIO(exported(Format.MARKDOWN))) as archive:
        assert archive.getnames() == [".export.json", "articles/a-1.md", "articles/a%3A2.md"]
        page = archive.extractfile("articles/a-1.md").read().decode()
    assert page.startswith("---\ntitle: Retrying failed jobs")
    assert page.endswith("A retry is a promise.\n\n## Checks\n\n- count the tries\n")


def test_what_was_withdrawn_is_named_to_who_asks_since(corpus, exported, judge, withdraw, bring, session_of):
    corpus("a-1", "a-2")
    began = utc_now()
    withdraw("a-1")
    whole = gzip.decompress(exported(Format.JSONL)).decode()
    assert "withdrawn" not in whole
    since = gzip.decompress(exported(Format.JSONL, since=began.replace(year=2000))).decode().splitlines()
    assert since[-1] == '{"source_id":"a-1","withdrawn":true}'
    assert [line for line in since if "withdrawn" in line] == since[-1:]
    with tarfile.open(
        fileobj=io.BytesIO(exported(Format.MARKDOWN, since=began.replace(year=2000)))
    ) as archive:
        assert archive.getnames() == [".export.json", "articles/a-2.md", ".withdrawn.jsonl"]


def test_records_know_which_article_they_are():
    assert source_id_of({"payload": {"source_id": "a"}}) == source_id_of({"source_id": "a"}) == "a"


def test_what_was_never_published_is_never_withdrawn(bring, session_of):

    bring("in.jsonl", lines(record("draft")))
    with session_of() as session:
        assert list(withdrawn_ids(session, None)) == []
