"""Reading evidence: of one article, and the most repeated paragraphs of all. Each read is bounded and along an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from html import unescape
from itertools import islice
from typing import Any

from sqlalchemy import Select, bindparam, select, text, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from review_app.articles.models import Article
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import PAGE_ROWS, Page, decode_cursor, encode_cursor, page_of
from review_app.evidence.facts import facts_of
from review_app.evidence.findings import Declared, Fact, Findings, Sharing
from review_app.evidence.likeness import digest_of, names_of, nearly_same_title, normalised, title_parts
from review_app.evidence.measuring import Found, paragraph_in, paragraphs_of
from review_app.evidence.models import ArticleEvidence, Paragraph, Passage
from review_app.evidence.near import near_ones, texts_of
from review_app.evidence.outline import Outline, outline_of
from review_app.evidence.rules import MEASURE_VERSION, STOCK_ARTICLES

COMPARED = 500
"""Paragraphs of one article that are looked for elsewhere, the first ones."""
MOST_SHARED = 20
"""Paragraphs by which articles that share some are found; each of them stands in at most `STOCK_ARTICLES`."""
SHARING = 3
TITLES = STOCK_ARTICLES + 1
DIGEST_DIGITS = 16
MOST_SHOWN = 2_000
"""Characters of a paragraph where it is shown among others."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to tell of an article. `stock` says of each stock paragraph in how many articles it stands.

    Without `measured_at` it is still being measured, and there is nothing to tell.
    """

    measured_at: datetime | None
    facts: Sequence[Fact]
    stock: Mapping[int, int]
    outline: Outline = field(default_factory=Outline)
    paragraphs: Sequence[Found] = ()


NOT_MEASURED = Evidence(None, [], {})


def evidence_of(session: Session, article: Article, today: date) -> Evidence:
    """The facts about an article, read with its text. At most eight statements, whatever its length and theirs."""
    kept = session.get(ArticleEvidence, article.id)
    if kept is None or (kept.text_digest, kept.measure_version) != (article.text_digest, MEASURE_VERSION):
        return NOT_MEASURED
    outline = outline_of(article.body.html)
    paragraphs = list(islice(paragraphs_of(outline), COMPARED))
    counts = _counts(session, {one.digest for one in paragraphs})
    texts = {one.digest: one.normal for one in paragraphs if counts.get(one.digest, 0) <= 1}
    findings = Findings(
        kept=kept.facts,
        declared=_declared(article),
        paragraphs=paragraphs,
        others={digest: articles - 1 for digest, articles in counts.items()},
        near=near_ones(session, article.id, texts, names_of(article.topic, article.primary_stack)),
        sharing=_sharing(session, article.id, counts),
        same_titles=(titles := _titles(session, article))[0],
        near_titles=titles[1],
    )
    stock = {digest: articles for digest, articles in counts.items() if articles > STOCK_ARTICLES}
    return Evidence(kept.measured_at, facts_of(findings, today), stock, outline, paragraphs)


def _declared(article: Article) -> Declared:
    return Declared(
        article.body.word_count,
        article.reading_minutes,
        article.code_language,
        article.primary_stack,
        article.topic,
        article.last_reviewed_on,
    )


def _counts(session: Session, digests: set[int]) -> dict[int, int]:
    query = select(Passage.digest, Passage.articles).where(Passage.digest.in_(sorted(digests)))
    return dict(session.execute(query).all()) if digests else {}


def _sharing(session: Session, article_id: int, counts: Mapping[int, int]) -> list[Sharing]:
    """The articles in which most of its paragraphs stand that are repeated but not stock."""
    some = [digest for digest, articles in counts.items() if 1 < articles <= STOCK_ARTICLES][:MOST_SHARED]
    if not some:
        return []
    query = select(Paragraph.article_id).where(Paragraph.digest.in_(some), Paragraph.article_id != article_id)
    most = dict(Counter(session.scalars(query)).most_common(SHARING))
    rows = session.execute(select(Article.id, Article.source_id, Article.title).where(Article.id.in_(most)))
    found = [Sharing(row.source_id, row.title, most[row.id]) for row in rows]
    return sorted(found, key=lambda one: (-one.paragraphs, one.source_id))


def _with_key(column: InstrumentedAttribute[Any], name: str) -> Select[int]:
    some = select(ArticleEvidence.article_id).where(column == bindparam(name)).limit(TITLES + 1)
    return select(some.subquery().c.article_id)


# Put together once: it takes as long as the look-up itself. A title without one of the keys has NULL, which equals nothing.
LIKE_TITLES = (
    select(Article.id, Article.source_id, Article.title)
    .where(
        Article.id.in_(
            union_all(
                _with_key(ArticleEvidence.title_digest, "digest"),
                _with_key(ArticleEvidence.title_part_0, "part_0"),
                _with_key(ArticleEvidence.title_part_1, "part_1"),
                _with_key(ArticleEvidence.title_part_2, "part_2"),
            )
        )
    )
    .order_by(Article.id)
)


def _titles(session: Session, article: Article) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Other articles, by source id and title: those with the same title, and those with nearly the same."""
    normal = normalised(article.title)
    keys = {f"part_{number}": part for number, part in enumerate(title_parts(normal))}
    rows = session.execute(LIKE_TITLES, {"digest": digest_of(normal), **keys}).all()
    others = [(row.source_id, row.title, normalised(row.title)) for row in rows if row.id != article.id]
    same = [(source_id, title) for source_id, title, other in others if other == normal]
    near = [
        (source_id, title)
        for source_id, title, other in others
        if other != normal and nearly_same_title(normal, other)
    ]
    return same[:TITLES], near[:TITLES]


# --- the paragraphs of all articles -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Repeated:
    """A paragraph that stands in several articles: its digest, in how many, its text, and the first of the articles."""

    digest: int
    articles: int
    text: str
    source_id: str
    title: str


def most_repeated(session: Session, after: str | None = None, size: int = PAGE_ROWS) -> Page[Repeated]:
    """The paragraphs that stand in more than one article, the most repeated first."""
    query = select(Passage.digest, Passage.articles).where(text("articles > 1"))
    if after:
        place = decode_cursor(after, int, int)
        query = query.where(tuple_(Passage.articles, Passage.digest) < tuple_(*place))
    query = query.order_by(Passage.articles.desc(), Passage.digest.desc()).limit(size + 1)
    page = page_of(session.execute(query).all(), size, lambda row: encode_cursor(row.articles, row.digest))
    texts = _repeated(session, [row.digest for row in page.rows])
    rows = [texts.get(row.digest, Repeated(row.digest, row.articles, "", "", "")) for row in page.rows]
    return Page(rows, page.next)


def get_repeated(session: Session, digest: str) -> Repeated:
    """One paragraph by its digest as it stands in addresses. Raises `NotFound`."""
    number = from_hex(digest)
    found = None if number is None else session.get(Passage, number)
    if found is None:
        raise NotFound(_l("There is no such paragraph, or no article has it any more."))
    return _repeated(session, [found.digest]).get(
        found.digest, Repeated(found.digest, found.articles, "", "", "")
    )


def _repeated(session: Session, digests: Sequence[int]) -> dict[int, Repeated]:
    found = ((row, paragraph_in(row.html, row.digest)) for row in texts_of(session, digests))
    return {
        row.digest: Repeated(row.digest, row.articles, _plain(one.place.text), row.source_id, row.title)
        for row, one in found
        if one
    }


def _plain(text_of_html: str) -> str:
    return " ".join(unescape(text_of_html).split())[:MOST_SHOWN]


def articles_with(
    session: Session, digest: int, after: str | None = None, size: int = PAGE_ROWS
) -> Page[Article]:
    """The articles in which a paragraph stands, in the order of their import."""
    query = (
        select(Article)
        .join(Paragraph, Paragraph.article_id == Article.id)
        .where(Paragraph.digest == digest)
        .order_by(Paragraph.article_id)
        .limit(size + 1)
    )
    if after:
        query = query.where(Paragraph.article_id > decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda article: encode_cursor(article.id))


def as_hex(digest: int) -> str:
    """A digest as it stands in addresses: 16 digits, hexadecimal."""
    return f"{digest % 2**64:0{DIGEST_DIGITS}x}"


def from_hex(digits: str) -> int | None:
    """A digest from an address, or None if it is none."""
    if len(digits) != DIGEST_DIGITS or set(digits) - set("0123456789abcdef"):
        return None
    number = int(digits, 16)
    return number - 2**64 if number >= 2**63 else number
