"""The facts about an article in plain words, each with what it rests on. Pure.

Facts, not verdicts: none says that something is wrong, and no score follows from one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from review_app.evidence.likeness import normalised
from review_app.evidence.measuring import Found
from review_app.evidence.near import Near
from review_app.evidence.rules import (
    A_YEAR,
    STOCK_ARTICLES,
    WORDS_A_MINUTE,
    reading_minutes,
    spoken_of,
    years_since,
)

LINKS = 20
"""So many links stand with all facts together, at most."""
WORDS_OF_A_PARAGRAPH = 8
SPOKEN_IN_CODE = frozenset(("", "text", "none", "plain", "plain text", "n/a"))
"""Declared code languages that promise no code."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a fact can be looked up: an article by its source id, or a paragraph by its digest."""

    text: str
    source_id: str = ""
    digest: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its kind, a sentence, what it rests on, its figures for programs, and links."""

    kind: str
    sentence: str
    rests_on: str
    figures: Mapping[str, Any]
    links: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class Declared:
    """What an article says of itself."""

    words: int
    reading_minutes: int | None
    code_language: str
    stack: str
    topic: str
    last_reviewed_on: date | None


@dataclass(frozen=True, slots=True)
class Sharing:
    """Another article and how many of this one's paragraphs stand in it, stock aside."""

    source_id: str
    title: str
    paragraphs: int


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was measured and found of an article. `others` says in how many other articles each paragraph stands."""

    kept: Mapping[str, Any]
    declared: Declared
    paragraphs: Sequence[Found]
    others: Mapping[int, int]
    near: Mapping[int, Sequence[Near]] = field(default_factory=dict)
    sharing: Sequence[Sharing] = ()
    same_titles: Sequence[tuple[str, str]] = ()
    near_titles: Sequence[tuple[str, str]] = ()

    def is_stock(self, digest: int) -> bool:
        """Whether a paragraph stands in so many articles, word for word or nearly, that it says nothing about this one."""
        near = any(one.stock for one in self.near.get(digest, ()))
        return near or self.others.get(digest, 0) >= STOCK_ARTICLES


def facts_of(findings: Findings, today: date) -> list[Fact]:
    """The facts, in the order in which a reviewer asks for them."""
    rules = (_length, _repeated, _nearly, _titles, _spoken_of, _structure, _images, _links)
    facts = [fact for rule in rules for fact in rule(findings)]
    return list(_few_links([*facts, *_last_review(findings.declared.last_reviewed_on, today)]))


def counted(number: int, thing: str, things: str = "") -> str:
    """A number of things in words: `1 link`, `2,000 links`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def beginning(normal: str) -> str:
    """The first words of a normalised paragraph, to know it by."""
    words = normal.split(" ")
    return " ".join(words[:WORDS_OF_A_PARAGRAPH]) + (" …" if len(words) > WORDS_OF_A_PARAGRAPH else "")


def _few_links(facts: Sequence[Fact]) -> Iterator[Fact]:
    left = LINKS
    for fact in facts:
        links = fact.links[:left]
        left -= len(links)
        yield Fact(fact.kind, fact.sentence, fact.rests_on, fact.figures, links)


def _length(findings: Findings) -> Iterator[Fact]:
    declared = findings.declared
    minutes = reading_minutes(declared.words)
    said = (
        f"it declares {counted(declared.reading_minutes, 'minute')}"
        if declared.reading_minutes is not None
        else "it declares no reading time"
    )
    yield Fact(
        "reading_time",
        f"{counted(declared.words, 'word')}, read in about {counted(minutes, 'minute')}; {said}.",
        f"{WORDS_A_MINUTE} words a minute, the mean of silent reading",
        {"words": declared.words, "minutes": minutes, "declared_minutes": declared.reading_minutes},
    )


def _repeated(findings: Findings) -> Iterator[Fact]:
    texts = {one.digest: one.normal for one in findings.paragraphs}
    repeated = sorted(
        (digest for digest in texts if findings.others.get(digest)), key=lambda one: -findings.others[one]
    )
    stock = sum(findings.others[digest] >= STOCK_ARTICLES for digest in repeated)
    figures = {"paragraphs": len(texts), "repeated": len(repeated), "stock": stock}
    rests_on = "paragraphs compared word for word, without case and punctuation; stock stands in more than 20 articles"
    if not repeated:
        yield Fact("paragraphs", _stands_alone(len(texts)), rests_on, figures)
        return
    most = findings.others[repeated[0]]
    sentence = (
        f"{len(repeated):,} of its {counted(len(texts), 'paragraph')} {'stands' if len(repeated) == 1 else 'stand'} word for word"
        f" in other articles, {_stock(stock, len(repeated))}; the most repeated in {counted(most, 'other')}."
    )
    shared = [
        Link(f"{one.title} (shares {counted(one.paragraphs, 'paragraph')})", source_id=one.source_id)
        for one in findings.sharing
    ]
    paragraphs = [
        Link(f"“{beginning(texts[digest])}” in {counted(findings.others[digest], 'other')}", digest=digest)
        for digest in repeated[:3]
    ]
    yield Fact("paragraphs", sentence, rests_on, figures, [*paragraphs, *shared])


def _stands_alone(paragraphs: int) -> str:
    if paragraphs == 0:
        return "It has no paragraph that is long enough to be compared."
    if paragraphs == 1:
        return "Its one paragraph stands word for word in no other article."
    return f"None of its {paragraphs:,} paragraphs stands word for word in another article."


def _stock(stock: int, repeated: int) -> str:
    if stock == 0:
        return "none of them stock"
    return "all of them stock" if stock == repeated else f"{stock:,} of them stock"


def _nearly(findings: Findings) -> Iterator[Fact]:
    if not findings.near:
        return
    texts = {one.digest: one.normal for one in findings.paragraphs}
    articles = {near.source_id for those in findings.near.values() for near in those}
    many = any(near.stock for those in findings.near.values() for near in those)
    number = len(findings.near)
    where = "some 20 articles or more" if many else f"at least {counted(len(articles), 'article')}"
    yield Fact(
        "paragraphs_nearly",
        f"{counted(number, 'more paragraph')} {'stands' if number == 1 else 'stand'} nearly so elsewhere, in "
        f"{where}.",
        "six in ten pairs of neighbouring words are the same, the names of stack and topic aside",
        {"nearly": number, "articles_at_least": max(len(articles), STOCK_ARTICLES if many else 0)},
        [
            Link(f"“{beginning(texts[digest])}” nearly in: {those[0].title}", source_id=those[0].source_id)
            for digest, those in list(findings.near.items())[:5]
        ],
    )


def _titles(findings: Findings) -> Iterator[Fact]:
    same, near = findings.same_titles, findings.near_titles
    for kind, words, found in (
        ("title_same", "the same title", same),
        ("title_nearly", "nearly the same title", near),
    ):
        if found:
            many = len(found) > STOCK_ARTICLES
            yield Fact(
                kind,
                f"{'More than 20 other articles have' if many else _have(len(found))} {words}.",
                "titles compared word by word"
                if kind == "title_same"
                else "one word other, more or fewer, in any order",
                {"articles": min(len(found), STOCK_ARTICLES + 1)},
                [Link(title, source_id=source_id) for source_id, title in found[:3]],
            )


def _have(number: int) -> str:
    return "Another article has" if number == 1 else f"{number} other articles have"


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
            "; ".join(_named(*count) for count in counts) + ".",
            "whole words in paragraphs; stock and what is nearly stock left out",
            {
                "names": [
                    {"name": name, "times": times, "outside_stock": outside}
                    for name, times, outside in counts
                ]
            },
        )


def _named(name: str, times: int, outside: int) -> str:
    if not times:
        return f"“{name}” is never named in its paragraphs"
    if times == outside:
        return f"“{name}” is named {counted(times, 'time')}, never in stock paragraphs"
    return (
        f"“{name}” is named {counted(times, 'time')}, outside of stock paragraphs {counted(outside, 'time')}"
    )


def _structure(findings: Findings) -> Iterator[Fact]:
    kept, language = findings.kept, findings.declared.code_language
    code = kept["code_blocks"] + kept["code_words"]
    parts = [
        counted(kept["headings"], "heading"),
        counted(kept["lists"], "list"),
        counted(kept["code_blocks"], "block") + " of code",
    ]
    if kept["tables"]:
        parts.append(counted(kept["tables"], "table"))
    promises = language.strip().lower() not in SPOKEN_IN_CODE
    if language:
        missing = promises and not code
        said = f"it declares {language} as its code language" + (" and has no code" if missing else "")
    else:
        said = "it declares no code language" + (" and has code" if code else "")
    names = ("headings", "lists", "tables", "code_blocks", "code_words")
    yield Fact(
        "structure",
        f"{', '.join(parts)}; {said}.",
        "what stands in the text",
        {name: kept[name] for name in names} | {"declared_code_language": language},
    )


def _images(findings: Findings) -> Iterator[Fact]:
    kept = findings.kept
    if not kept["images"]:
        yield Fact("images", "No images.", "what stands in the text", {"images": 0})
        return
    hosts = ", ".join(kept["placeholder_hosts"])
    parts = [
        (kept["images_from_placeholders"], f"from placeholder services ({hosts})"),
        (kept["images_without_caption"], "without a caption"),
        (kept["images_doubled"], "shown before in the text"),
    ]
    said = [f"{number:,} {words}" for number, words in parts if number]
    odd = (
        ": " + ", ".join(said)
        if said
        else ", each with a caption, none doubled or from a placeholder service"
    )
    names = (
        "images",
        "images_from_placeholders",
        "images_without_caption",
        "images_doubled",
        "placeholder_hosts",
    )
    yield Fact(
        "images",
        f"{counted(kept['images'], 'image')}{odd}.",
        "their addresses, and captions in the same figure; none was loaded",
        {name: kept[name] for name in names},
    )


def _links(findings: Findings) -> Iterator[Fact]:
    links, faulty = findings.kept["links"], findings.kept["links_malformed"]
    if not links:
        sentence = "No links."
    elif not faulty:
        sentence = f"{counted(links, 'link')}, {'well-formed' if links == 1 else 'all of them well-formed'}."
    else:
        faults = "; ".join(
            f"“{one['address']}” {one['fault']}" if one["address"] else f"one {one['fault']}"
            for one in findings.kept["link_faults"]
        )
        sentence = f"{counted(links, 'link')}, {faulty:,} not well-formed: {faults}."
    figures = {name: findings.kept[name] for name in ("links", "links_malformed", "link_faults")}
    yield Fact("links", sentence, "how the addresses are written; none was opened", figures)


def _last_review(last: date | None, today: date) -> Iterator[Fact]:
    if last is None or 0 <= (today - last).days <= A_YEAR:
        return
    figures = {"last_reviewed_on": last.isoformat(), "days_ago": (today - last).days}
    if last > today:
        sentence = f"Its last review is dated {last:%-d %B %Y}, which is in the future."
    else:
        years = counted(years_since(last, today), "year")
        sentence = f"Its last review was on {last:%-d %B %Y}, more than {years} ago."
    yield Fact("last_review", sentence, "the date that the article carries", figures)
