"""Writing what was measured: the paragraphs of articles, and in step with them the counts of passages.

One transaction at a time may do it, or two could count the same article twice. SQLite has one writer anyhow; on
PostgreSQL it is an advisory lock. Whoever locks articles as well locks them first, or two could wait for each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Insert, Table, bindparam, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from review_app.articles import figures
from review_app.articles.ordering import note_figures
from review_app.evidence.likeness import bands_of, without_names
from review_app.evidence.measuring import Measured
from review_app.evidence.models import ArticleEvidence, Paragraph, Passage
from review_app.evidence.rules import MEASURE_VERSION

HUNDRED = 100
ONE_AT_A_TIME = 0x5244_0002
MOST_VALUES = 5_000
"""So many values go into one statement; PostgreSQL takes 65,535 and SQLite 32,766."""

# Statements on tables, not on models: many rows go to the database without an object for each.
PARAGRAPHS, PASSAGES, EVIDENCE = (
    model.__table__ for model in (Paragraph, Passage, ArticleEvidence) if isinstance(model.__table__, Table)
)
RAISE_COUNT = (
    update(PASSAGES)
    .where(PASSAGES.c.digest == bindparam("found"))
    .values(articles=PASSAGES.c.articles + bindparam("more"))
)
SHARE_MORE = (
    update(EVIDENCE)
    .where(EVIDENCE.c.article_id == bindparam("holder"))
    .values(
        shared=EVIDENCE.c.shared + bindparam("more"),
        repeated=(EVIDENCE.c.shared + bindparam("more")) * HUNDRED // EVIDENCE.c.paragraphs,
    )
)
REMOVE_PARAGRAPH = delete(PARAGRAPHS).where(
    PARAGRAPHS.c.article_id == bindparam("of_article"), PARAGRAPHS.c.digest == bindparam("gone")
)


def _in_arrays(table: Table) -> Insert:
    names = table.columns.keys()
    arrays = (func.unnest(bindparam(name, type_=ARRAY(BigInteger))) for name in names)
    return insert(table).from_select(names, select(*arrays))


IN_ARRAYS = {table: _in_arrays(table) for table in (PARAGRAPHS, PASSAGES)}
"""For PostgreSQL: an array a column instead of row after row, which halves the time of a run there."""


def be_the_one(session: Session) -> None:
    """Wait until no other transaction writes evidence, and keep the others waiting until this one ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})


def write(session: Session, measured: Sequence[Measured], now: datetime) -> None:
    """Keep what was measured of some articles instead of what was kept of them before."""
    be_the_one(session)
    before = _paragraphs_of(session, [one.article_id for one in measured])
    gone = {one.article_id: before[one.article_id] - one.paragraphs.keys() for one in measured}
    fresh = {one.article_id: sorted(one.paragraphs.keys() - before[one.article_id]) for one in measured}
    more = Counter(digest for digests in fresh.values() for digest in digests)
    more.subtract(digest for digests in gone.values() for digest in digests)
    counts = _counts(session, more.keys() | {digest for one in measured for digest in one.paragraphs})
    _remove_paragraphs(session, gone)
    _tell_others(session, counts, more, before.keys())
    _insert(session, PARAGRAPHS, ({"article_id": key, "digest": one} for key in fresh for one in fresh[key]))
    _change_counts(session, counts, more, _texts_of(measured, fresh))
    for ids in _pieces([one.article_id for one in measured]):
        session.execute(delete(EVIDENCE).where(EVIDENCE.c.article_id.in_(ids)))
    elsewhere = {digest for digest, articles in counts.items() if articles + more[digest] > 1}
    elsewhere |= {digest for digest, articles in more.items() if articles > 1}
    _insert(session, EVIDENCE, (_row_of(one, elsewhere, now) for one in measured))
    note_figures(session, [one.article_id for one in measured])


def repeated_of(session: Session, article_ids: Collection[int]) -> dict[int, int]:
    """Which percentage of their paragraphs stands elsewhere too, of those that were measured."""
    found: dict[int, int] = {}
    for ids in _pieces(list(article_ids)):
        query = select(EVIDENCE.c.article_id, EVIDENCE.c.repeated).where(EVIDENCE.c.article_id.in_(ids))
        found |= dict(session.execute(query).all())
    return found


figures.offer(repeated_of, hold=be_the_one)


def remove(session: Session, article_ids: Sequence[int]) -> None:
    """Forget what was measured of some articles."""
    be_the_one(session)
    for ids in _pieces(article_ids):
        before = _paragraphs_of(session, ids)
        session.execute(delete(PARAGRAPHS).where(PARAGRAPHS.c.article_id.in_(ids)))
        session.execute(delete(EVIDENCE).where(EVIDENCE.c.article_id.in_(ids)))
        fewer: Counter[int] = Counter()
        fewer.subtract(digest for digests in before.values() for digest in digests)
        counts = _counts(session, fewer.keys())
        _tell_others(session, counts, fewer, before.keys())
        _change_counts(session, counts, fewer, {})


def _counts(session: Session, digests: Iterable[int]) -> dict[int, int]:
    """In how many articles each of these passages stands, of those that are known."""
    found: dict[int, int] = {}
    for some in _pieces(sorted(digests)):
        found |= dict(
            session.execute(
                select(PASSAGES.c.digest, PASSAGES.c.articles).where(PASSAGES.c.digest.in_(some))
            ).all()
        )
    return found


def _tell_others(
    session: Session, counts: Mapping[int, int], more: Mapping[int, int], written: Iterable[int]
) -> None:
    """Change what other articles share, where a passage of theirs gets its second holder or loses it.

    Asked when what goes has gone and what comes has not come: then such a passage stands in one article at most, so that
    there is no more to read and to write than there are changed passages.
    """
    turned = {
        digest: 1 if change > 0 else -1
        for digest, change in more.items()
        if (counts.get(digest, 0) > 1) != (counts.get(digest, 0) + change > 1)
    }
    holders: Counter[int] = Counter()
    for digests in _pieces(sorted(turned.keys() & counts.keys())):
        query = select(PARAGRAPHS.c.article_id, PARAGRAPHS.c.digest).where(PARAGRAPHS.c.digest.in_(digests))
        for article_id, digest in session.execute(query):
            holders[article_id] += turned[digest]
    for article_id in written:
        del holders[article_id]
    rows = [
        {"holder": article_id, "more": change} for article_id, change in sorted(holders.items()) if change
    ]
    if rows:
        session.execute(SHARE_MORE, rows)
        note_figures(session, [row["holder"] for row in rows])


def _paragraphs_of(session: Session, article_ids: Sequence[int]) -> Mapping[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for ids in _pieces(article_ids):
        for article_id, digest in session.execute(select(PARAGRAPHS).where(PARAGRAPHS.c.article_id.in_(ids))):
            found[article_id].add(digest)
    return found


def _remove_paragraphs(session: Session, gone: Mapping[int, Iterable[int]]) -> None:
    rows = [{"of_article": key, "gone": digest} for key, digests in gone.items() for digest in digests]
    if rows:
        session.execute(REMOVE_PARAGRAPH, rows)


def _row_of(one: Measured, elsewhere: Container[int], now: datetime) -> dict[str, object]:
    shared = sum(digest in elsewhere for digest in one.paragraphs)
    return {
        "article_id": one.article_id,
        "text_digest": one.text_digest,
        "measure_version": MEASURE_VERSION,
        "measured_at": now,
        "facts": one.facts,
        "paragraphs": len(one.paragraphs),
        "shared": shared,
        "repeated": shared * HUNDRED // max(1, len(one.paragraphs)),
        "title_digest": one.title_digest,
    } | {f"title_part_{number}": part for number, part in enumerate(one.title_parts)}


def _texts_of(
    measured: Sequence[Measured], fresh: Mapping[int, Sequence[int]]
) -> dict[int, tuple[str, Sequence[str]]]:
    """The text of each paragraph that came, with the names its article declares; the first article's, where several have it."""
    return {
        digest: (one.paragraphs[digest], one.names)
        for one in reversed(measured)
        for digest in fresh[one.article_id]
    }


def _change_counts(
    session: Session,
    counts: Mapping[int, int],
    more: Mapping[int, int],
    texts: Mapping[int, tuple[str, Sequence[str]]],
) -> None:
    """Add to the counts of passages. Those that are new get their bands, those that stand nowhere any more go."""
    changed = sorted(digest for digest, change in more.items() if change)
    fresh = (digest for digest in changed if digest not in counts)
    _insert(session, PASSAGES, (_passage(digest, more[digest], *texts[digest]) for digest in fresh))
    over = [digest for digest in changed if digest in counts and counts[digest] + more[digest] <= 0]
    for digests in _pieces(over):
        session.execute(delete(PASSAGES).where(PASSAGES.c.digest.in_(digests)))
    rows = [
        {"found": digest, "more": more[digest]}
        for digest in changed
        if digest in counts and counts[digest] + more[digest] > 0
    ]
    if rows:
        session.execute(RAISE_COUNT, rows)


def _passage(digest: int, articles: int, normal: str, names: Sequence[str]) -> dict[str, int | None]:
    bands = bands_of(without_names(normal, names))
    return {"digest": digest, "articles": articles} | {
        f"band_{number}": band for number, band in enumerate(bands)
    }


def _insert(session: Session, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
    at_once = session.get_bind().dialect.name == "postgresql" and table in IN_ARRAYS
    for piece in _pieces(list(rows)):
        if at_once:
            session.execute(IN_ARRAYS[table], {name: [row[name] for row in piece] for name in piece[0]})
        else:
            session.execute(insert(table), piece)


def _pieces(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), MOST_VALUES):
        yield rows[start : start + MOST_VALUES]
