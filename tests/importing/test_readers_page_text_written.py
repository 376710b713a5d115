"""Page text, laid out by a writer of the tests' own from whatever values, is read back the same."""

from __future__ import annotations

import io
import re
from datetime import date
from html import unescape
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.readers import json_lines, page_text
from review_app.importing.record import RawRecord, Record, Refusal
from review_app.importing.rules import count_or_text
from review_app.importing.validation import validate

TODAY = date(2026, 11, 22)

plain = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
words = st.lists(plain, min_size=1, max_size=6).map(" ".join).filter(lambda text: not text.startswith(":"))
word = st.text("abcdefgh0123456789-", min_size=1, max_size=12)
scores = st.integers(0, 100)
labelled = st.text("abcdefghij", min_size=3, max_size=10)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "topic": words,
    "summary": words,
    "ai_brief": words,
    "code_language": word,
    "difficulty": word,
    "reading_time": st.integers(0, 10**6),
    "view_count": st.integers(0, 10**30 - 1),
    "reference": word,
    "hash": word,
    "ai_outline": st.lists(words, max_size=4),
    "stack": st.lists(words, max_size=4),
    "tools": st.lists(words, max_size=4),
    "checklist": st.lists(words, max_size=4),
    "notes": st.lists(words, max_size=4),
    "score": st.dictionaries(st.sampled_from(["quality", "freshness", "depth", "clarity"]), scores),
    "revision": st.fixed_dictionaries({}, optional={"status": words, "version": word, "last_reviewed": word}),
    "flags": st.dictionaries(labelled, st.integers(0, 1), max_size=4),
    "entities": st.lists(st.fixed_dictionaries({"name": words}, optional={"type": words}), max_size=4),
    "image_sources": st.lists(
        st.fixed_dictionaries({"caption": words}, optional={"source": words, "url": words}), max_size=4
    ),
}
TAKEN = frozenset(name.replace("_", "") for name in FIELDS) | {"title", "body", "excerpt", "payload"}
unknown = labelled.filter(lambda label: not any(label.startswith(name) for name in TAKEN))
payload = st.fixed_dictionaries(
    {"source_id": word}, optional={"seed": st.integers(0, 10**9), "scenario": words}
)
records = st.fixed_dictionaries({"payload": payload}, optional=FIELDS)
ROWS = {"entities": ("name", "type"), "image_sources": ("source", "url", "caption")}


# In a page without a long line, where a long bullet ends could not be told: it might be wrapped.
LONG = f"{'word ' * 40}end."


def pairs(group: dict[str, Any], order: tuple[str, ...] = ()) -> list[str]:
    names = [name for name in order or group if name in group]
    return [f"{name.replace('_', ' ')}: {group[name]}" for name in names]


def bullets(texts: list[str], indent: int = 2) -> str:
    return "".join(f"\n{' ' * indent}• {text}" for text in texts)


def section(name: str, value: Any) -> str:
    """One label as the source prints it: glued to a single value, above a list."""
    label = name.replace("_", " ")
    if name in ROWS:
        return label + bullets([text for row in value for text in pairs(row, ROWS[name])], indent=4)
    if isinstance(value, dict):
        return label + bullets(pairs(value))
    return label + (bullets(value) if isinstance(value, list) else str(value))


def page(fields: dict[str, Any], *blocks: str) -> str:
    box = "\n".join(section(name, value) for name, value in fields.items())
    blocks = ("| |", "a title", *blocks, LONG)
    return "\n\n".join([*blocks, "the site's post meta", box, "Similar Posts", "another page"])


def read(text: str) -> RawRecord | Refusal:
    (found,) = page_text.read(io.BytesIO(text.encode()))
    return found


def as_read(name: str, value: Any) -> Any:
    """A single value that is all digits is a number where a count stands, and a text elsewhere."""
    return (
        count_or_text(value) if name in {"reading_time", "view_count"} and isinstance(value, str) else value
    )


@given(
    records, st.dictionaries(unknown, st.lists(labelled, min_size=1, max_size=3), max_size=2), st.randoms()
)
def test_every_field_is_read_back_as_it_was_written_in_whatever_order(
    known: dict[str, Any], others: dict[str, list[str]], chance: Any
) -> None:
    names = [*known, *others]
    chance.shuffle(names)
    fields = {name: {**known, **others}[name] for name in names}
    found = read(page(fields, "a paragraph."))
    assert isinstance(found, RawRecord), found
    assert found.fields == {"title": "a title", "excerpt": "a paragraph.", **fields}
    assert found.remarks == ()


sentence = words.map(lambda text: f"there is {text} and more of it.")
images = st.lists(st.tuples(labelled, labelled), max_size=3, unique_by=lambda image: image[0])


@given(st.lists(sentence, max_size=4), st.lists(words, max_size=4), images)
def test_every_word_of_an_article_is_in_its_html_once_and_escaped(
    paragraphs: list[str], items: list[str], images: list[tuple[str, str]]
) -> None:
    figures = [f"plate {caption}\nplate {caption}. image source: {source}" for caption, source in images]
    blocks = [*paragraphs, "• " + "\n• ".join(["first", *items]), *figures]
    rows = [{"source": source, "url": f"https://x.example/{n}", "caption": f"plate {caption}"}
            for n, (caption, source) in enumerate(images)]  # fmt: skip
    found = read(page({"payload": {"source_id": "a"}, "image_sources": rows}, *blocks))
    assert isinstance(found, RawRecord), found
    html = found.body_html
    captions = [f"plate {caption}. image source: {source}" for caption, source in images]
    texts = [unescape(text) for text in re.findall(r"<(?:p|li|figcaption)>(.*?)</", html)]
    assert texts == [*paragraphs, "first", *items, *captions, LONG]
    assert re.findall(r'<img src="(.*?)"', html) == [row["url"] for row in rows]


LINES = [
    "", "a title", "a sentence of five words.", "site post meta", "Similar Posts", "topica / b", "topic", "summaryc d",
    "score", "  • quality: 94", "  • depth: x", "stack", "  • php", "payload", "  • source id: a-1", "    • name: b",
    "entities", "image sources", "    • caption: c", "c", "c. image source: d", "{", "}", "def f(a):", "    return a",
    "reading time9", "hash", "hashtags", "mood", "author: ada", "  wrapped", "•", "1. one", "\x0b", "\u2028",
]  # fmt: skip


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=12), max_size=30).map("\n".join))
def test_whatever_the_lines_are_the_page_is_one_record_or_is_refused_with_a_reason(text: str) -> None:
    found = read(text.encode("utf-8", "replace").decode())
    if isinstance(found, Refusal):
        assert found.reason
        assert 1 <= found.line <= text.count("\n") + text.count("\r") + 1
    else:
        assert isinstance(validate(found, TODAY), (Record, Refusal))


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_the_page_is_one_record_or_is_refused(data: bytes) -> None:
    (found,) = page_text.read(io.BytesIO(data))
    (found.raw + getattr(found, "reason", "")).encode()


def test_a_page_and_a_line_of_the_same_article_are_the_same_record() -> None:
    fields = {
        "title": "a title",
        "excerpt": "a paragraph.",
        "topic": "knots / rope",
        "stack": ["rope"],
        "reading_time": 4,
        "view_count": 2**53 + 1,
        "score": {"quality": 1, "freshness": 2, "depth": 3, "clarity": 4},
        "revision": {"status": "reviewed", "version": "1.2.3", "last_reviewed": "2024-02-29"},
        "flags": {"has_images": 0, "needs_human_review": 0},
        "payload": {"source_id": "rope-1", "seed": 7},
    }
    of_page = read(
        page(
            {name: value for name, value in fields.items() if name not in {"title", "excerpt"}},
            "a paragraph.",
        )
    )
    line = msgspec.json.encode({**fields, "body": f"<p>a paragraph.</p>\n<p>{LONG}</p>"})
    (of_line,) = json_lines.read(io.BytesIO(line))
    one, other = (validate(found, TODAY) for found in (of_page, of_line) if isinstance(found, RawRecord))
    assert isinstance(one, Record)
    assert isinstance(other, Record)
    assert (one.content_digest, one.text_digest) == (other.content_digest, other.text_digest)
