"""The facts about an article in plain words, each with what it rests on. Pure.

Facts, not verdicts: none says that something is wrong, and no score follows from one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from review_app.base.messages import Day, Figure, joined
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.evidence.findings import Fact, Findings, Link
from review_app.evidence.likeness import normalised
from review_app.evidence.rules import (
    A_YEAR,
    STOCK_ARTICLES,
    WORDS_A_MINUTE,
    reading_minutes,
    spoken_of,
    years_since,
)
from review_app.evidence.text_facts import images, links, structure

LINKS = 20
"""So many links stand with all facts together, at most."""
WORDS_OF_A_PARAGRAPH = 8


def facts_of(findings: Findings, today: date) -> list[Fact]:
    """The facts, in the order in which a reviewer asks for them."""
    rules = (_length, _repeated, _nearly, _titles, _spoken_of, structure, images, links)
    facts = [fact for rule in rules for fact in rule(findings)]
    return list(_few_links([*facts, *_last_review(findings.declared.last_reviewed_on, today)]))


def beginning(normal: str) -> str:
    """The first words of a normalised paragraph, to know it by."""
    words = normal.split(" ")
    return " ".join(words[:WORDS_OF_A_PARAGRAPH]) + (" …" if len(words) > WORDS_OF_A_PARAGRAPH else "")


def _few_links(facts: Sequence[Fact]) -> Iterator[Fact]:
    left = LINKS
    for fact in facts:
        kept = fact.links[:left]
        left -= len(kept)
        yield Fact(fact.kind, fact.sentence, fact.rests_on, fact.figures, kept)


def _length(findings: Findings) -> Iterator[Fact]:
    words, declared = findings.declared.words, findings.declared.reading_minutes
    minutes = reading_minutes(words)
    yield Fact(
        "reading_time",
        _l(
            "%(words)s, read in about %(minutes)s; %(declared)s.",
            words=_ln("%(num)s word", "%(num)s words", words, num=Figure(words)),
            minutes=_ln("%(num)s minute", "%(num)s minutes", minutes, num=Figure(minutes)),
            declared=_declared_minutes(declared),
        ),
        _l("%(words)s words a minute, the mean of silent reading", words=WORDS_A_MINUTE),
        {"words": words, "minutes": minutes, "declared_minutes": declared},
    )


def _declared_minutes(minutes: int | None) -> str:
    if minutes is None:
        return _l("it declares no reading time")
    return _ln("it declares %(num)s minute", "it declares %(num)s minutes", minutes, num=Figure(minutes))


def _repeated(findings: Findings) -> Iterator[Fact]:
    texts = {one.digest: one.normal for one in findings.paragraphs}
    repeated = sorted(
        (digest for digest in texts if findings.others.get(digest)), key=lambda one: -findings.others[one]
    )
    stock = sum(findings.others[digest] >= STOCK_ARTICLES for digest in repeated)
    figures = {"paragraphs": len(texts), "repeated": len(repeated), "stock": stock}
    rests_on = _l(
        "paragraphs compared word for word, without case and punctuation; stock stands in more than %(num)s articles",
        num=STOCK_ARTICLES,
    )
    if not repeated:
        yield Fact("paragraphs", _stands_alone(len(texts)), rests_on, figures)
        return
    sentence = _ln(
        "%(num)s %(of)s stands word for word in other articles, %(stock)s; the most repeated %(others)s.",
        "%(num)s %(of)s stand word for word in other articles, %(stock)s; the most repeated %(others)s.",
        len(repeated),
        num=Figure(len(repeated)),
        of=_ln("of its %(num)s paragraph", "of its %(num)s paragraphs", len(texts), num=Figure(len(texts))),
        stock=_stock(stock, len(repeated)),
        others=_in_others(findings.others[repeated[0]]),
    )
    shared = [
        Link(
            _ln(
                "%(title)s (shares %(num)s paragraph)",
                "%(title)s (shares %(num)s paragraphs)",
                one.paragraphs,
                num=Figure(one.paragraphs),
                title=one.title,
            ),
            source_id=one.source_id,
        )
        for one in findings.sharing
    ]
    paragraphs = [
        Link(
            _l(
                "“%(words)s” %(others)s",
                words=beginning(texts[digest]),
                others=_in_others(findings.others[digest]),
            ),
            digest=digest,
        )
        for digest in repeated[:3]
    ]
    yield Fact("paragraphs", sentence, rests_on, figures, [*paragraphs, *shared])


def _in_others(number: int) -> str:
    # TRANSLATORS: other articles
    return _ln("in %(num)s other", "in %(num)s others", number, num=Figure(number))


def _stands_alone(paragraphs: int) -> str:
    if paragraphs == 0:
        return _l("It has no paragraph that is long enough to be compared.")
    return _ln(
        "Its one paragraph stands word for word in no other article.",
        "None of its %(num)s paragraphs stands word for word in another article.",
        paragraphs,
        num=Figure(paragraphs),
    )


def _stock(stock: int, repeated: int) -> str:
    if stock == 0:
        return _l("none of them stock")
    if stock == repeated:
        return _l("all of them stock")
    return _l("%(num)s of them stock", num=Figure(stock))


def _nearly(findings: Findings) -> Iterator[Fact]:
    if not findings.near:
        return
    texts = {one.digest: one.normal for one in findings.paragraphs}
    articles = {near.source_id for those in findings.near.values() for near in those}
    many = any(near.stock for those in findings.near.values() for near in those)
    yield Fact(
        "paragraphs_nearly",
        _ln(
            "%(num)s more paragraph stands nearly so elsewhere, %(where)s.",
            "%(num)s more paragraphs stand nearly so elsewhere, %(where)s.",
            len(findings.near),
            num=Figure(len(findings.near)),
            where=_in_many() if many else _in_at_least(len(articles)),
        ),
        _l("six in ten pairs of neighbouring words are the same, the names of stack and topic aside"),
        {
            "nearly": len(findings.near),
            "articles_at_least": max(len(articles), STOCK_ARTICLES if many else 0),
        },
        [
            Link(
                _l(
                    "“%(words)s” nearly in: %(title)s",
                    words=beginning(texts[digest]),
                    title=those[0].title,
                ),
                source_id=those[0].source_id,
            )
            for digest, those in list(findings.near.items())[:5]
        ],
    )


def _in_many() -> str:
    return _l("in some %(num)s articles or more", num=STOCK_ARTICLES)


def _in_at_least(articles: int) -> str:
    return _ln("in at least %(num)s article", "in at least %(num)s articles", articles, num=Figure(articles))


def _titles(findings: Findings) -> Iterator[Fact]:
    if same := findings.same_titles:
        sentence = (
            _l("More than %(num)s other articles have the same title.", num=STOCK_ARTICLES)
            if len(same) > STOCK_ARTICLES
            else _ln(
                "Another article has the same title.",
                "%(num)s other articles have the same title.",
                len(same),
            )
        )
        yield _title("title_same", sentence, _l("titles compared word by word"), same)
    if near := findings.near_titles:
        sentence = (
            _l("More than %(num)s other articles have nearly the same title.", num=STOCK_ARTICLES)
            if len(near) > STOCK_ARTICLES
            else _ln(
                "Another article has nearly the same title.",
                "%(num)s other articles have nearly the same title.",
                len(near),
            )
        )
        yield _title("title_nearly", sentence, _l("one word other, more or fewer, in any order"), near)


def _title(kind: str, sentence: str, rests_on: str, found: Sequence[tuple[str, str]]) -> Fact:
    links = [Link(title, source_id=source_id) for source_id, title in found[:3]]
    return Fact(kind, sentence, rests_on, {"articles": min(len(found), STOCK_ARTICLES + 1)}, links)


def _spoken_of(findings: Findings) -> Iterator[Fact]:
    everywhere = [one.normal for one in findings.paragraphs]
    own = [one.normal for one in findings.paragraphs if not findings.is_stock(one.digest)]
    declared = findings.declared
    parts = [part.strip() for part in (declared.stack, *declared.topic.split("/"))]
    names = {normal: part for part in parts if (normal := normalised(part))}
    counts = [(part, spoken_of(normal, everywhere), spoken_of(normal, own)) for normal, part in names.items()]
    if counts:
        yield Fact(
            "spoken_of",
            joined((_named(*count) for count in counts), "; ", "."),
            _l("whole words in paragraphs; stock and what is nearly stock left out"),
            {
                "names": [
                    {"name": name, "times": times, "outside_stock": outside}
                    for name, times, outside in counts
                ]
            },
        )


def _named(name: str, times: int, outside: int) -> str:
    if not times:
        return _l("“%(name)s” is never named in its paragraphs", name=name)
    if times == outside:
        return _ln(
            "“%(name)s” is named %(num)s time, never in stock paragraphs",
            "“%(name)s” is named %(num)s times, never in stock paragraphs",
            times,
            num=Figure(times),
            name=name,
        )
    return _ln(
        "“%(name)s” is named %(num)s time, outside of stock paragraphs %(outside)s",
        "“%(name)s” is named %(num)s times, outside of stock paragraphs %(outside)s",
        times,
        num=Figure(times),
        name=name,
        outside=_ln("%(num)s time", "%(num)s times", outside, num=Figure(outside)),
    )


def _last_review(last: date | None, today: date) -> Iterator[Fact]:
    if last is None or 0 <= (today - last).days <= A_YEAR:
        return
    figures = {"last_reviewed_on": last.isoformat(), "days_ago": (today - last).days}
    day, years = Day(last, full=True), years_since(last, today)
    sentence = (
        _l("Its last review is dated %(day)s, which is in the future.", day=day)
        if last > today
        else _ln(
            "Its last review was on %(day)s, more than %(num)s year ago.",
            "Its last review was on %(day)s, more than %(num)s years ago.",
            years,
            num=Figure(years),
            day=day,
        )
    )
    yield Fact("last_review", sentence, _l("the date that the article carries"), figures)
