"""Markdown: the front matter gives the fields, the text below it becomes HTML; what is odd in either is refused."""

from __future__ import annotations

import io
import time

import pytest

from review_app.importing.readers import markdown
from review_app.importing.record import RawRecord, Refusal

FRONT = "---\ntitle: a title\npayload: {source_id: x-1}\n---\n"


def read(page: str | bytes) -> RawRecord | Refusal:
    (found,) = markdown.read(io.BytesIO(page if isinstance(page, bytes) else page.encode()))
    return found


def accepted(page: str) -> RawRecord:
    found = read(page)
    assert isinstance(found, RawRecord), found
    return found


def refused(page: str | bytes) -> Refusal:
    found = read(page)
    assert isinstance(found, Refusal), found
    return found


def test_a_page_is_one_record() -> None:
    assert accepted(FRONT + "A *text*.") == RawRecord(
        1,
        1,
        {"title": "a title", "payload": {"source_id": "x-1"}},
        "<p>A <em>text</em>.</p>\n",
        FRONT + "A *text*.",
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("2023-05-17", "2023-05-17"),
        ("2023-02-30", "2023-02-30"),
        ("2023-05-17T10:00:00Z", "2023-05-17T10:00:00Z"),
        ("true", True),
        ("yes", "yes"),
        ("no", "no"),
        ("94", 94),
        ("-3", -3),
        ("094", "094"),
        ("0x1f", "0x1f"),
        ("1:30", "1:30"),
        ("1_0", "1_0"),
        ("1e1", "1e1"),
        ("1.2", 1.2),
        ("1.4.2", "1.4.2"),
        ("9" * 30, 10**30 - 1),
        ("9" * 31, "9" * 31),
        ("9" * 5000, "9" * 5000),
        (".nan", ".nan"),
        ("", None),
        ("null", None),
        ("'5'", "5"),
        ("[a, 1]", ["a", 1]),
    ],
    ids=lambda value: f"{str(value)[:20]} {len(str(value))}",
)
def test_yaml_is_read_without_its_odd_spellings(written: str, value: object) -> None:
    found = accepted(f"---\nmood: {written}\n---\n").fields["mood"]
    assert (found, type(found)) == (value, type(value))


def test_toml_is_front_matter_too_and_its_dates_are_texts() -> None:
    page = '+++\ntitle = "a"\nday = 2023-05-17\n[payload]\nsource_id = "x-1"\n[[entities]]\nname = "b"\n+++\nA text.'
    found = accepted(page)
    assert found.fields == {
        "title": "a",
        "day": "2023-05-17",
        "payload": {"source_id": "x-1"},
        "entities": [{"name": "b"}],
    }
    assert found.body_html == "<p>A text.</p>\n"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("~~a~~ `b` **c**", "<p><s>a</s> <code>b</code> <strong>c</strong></p>\n"),
        ("<b>a</b> <script>", "<p>&lt;b&gt;a&lt;/b&gt; &lt;script&gt;</p>\n"),
        ("<div>\na\n</div>", "<p>&lt;div&gt;\na\n&lt;/div&gt;</p>\n"),
        ("[a](javascript:b)", "<p>[a](javascript:b)</p>\n"),
        (
            "![a *b*](https://x.example/c \"d & 'e'\")",
            '<figure><img src="https://x.example/c" alt="a b"><figcaption>d &amp; &#x27;e&#x27;</figcaption></figure>\n',
        ),
        ("![a](b)", '<p><img src="b" alt="a" /></p>\n'),
        ('![a](b "c") and more', '<p><img src="b" alt="a" title="c" /> and more</p>\n'),
        ("a\n---\nb", "<h2>a</h2>\n<p>b</p>\n"),
        ("|a|\n|-|", "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n</table>\n"),
    ],
)
def test_the_text_becomes_html_and_html_in_it_stays_text(text: str, html: str) -> None:
    assert accepted(FRONT + text).body_html == html


@pytest.mark.parametrize(
    ("page", "title", "html"),
    [
        ("---\nhash: b\n---\n# My *own* `title`\n\ntext", "My own title", "<p>text</p>\n"),
        ("---\ntitle:\n---\n# a", "a", ""),
        ("---\ntitle: b\n---\n# a", "b", "<h1>a</h1>\n"),
        ("---\nhash: b\n---\ntext\n\n# a", None, "<p>text</p>\n<h1>a</h1>\n"),
        ("---\nhash: b\n---\n## a", None, "<h2>a</h2>\n"),
    ],
)
def test_the_title_may_be_the_heading_that_the_text_begins_with(
    page: str, title: str | None, html: str
) -> None:
    found = accepted(page)
    assert (found.fields.get("title"), found.body_html) == (title, html)


REFUSED: list[tuple[str | bytes, int, str, str]] = [
    ("a title\n\na text", 1, "payload.source_id", "no front matter, so nothing tells its source_id"),
    ("", 1, "payload.source_id", "no front matter"),
    ("\n---\ntitle: a\n", 2, "", "begins with --- and never ends"),
    ("---\ntitle: a\n\ntitle: b\n---\n", 4, "title", 'The key "title" stands twice.'),
    ("---\na:\n  - b: 1\n    b: 2\n---\n", 4, "b", 'The key "b" stands twice.'),
    ("---\na: [\n---\n", 3, "", "no valid YAML"),
    ("---\na: b: c\n---\n", 2, "", "no valid YAML"),
    ("---\n- a\n---\n", 2, "", "The front matter is a list, not a mapping"),
    ("---\nnull\n---\n", 2, "", "The front matter is null, not a mapping"),
    ("---\n# c\n~\n---\n", 2, "", "The front matter is null, not a mapping"),
    ("---\na text\n---\n", 2, "", 'The front matter is "a text", not a mapping'),
    ("---\n? [a]\n: b\n---\n", 2, "", "A name in the front matter is no text"),
    ("---\na: &x [1]\nb: *x\n---\n", 2, "", "an anchor or an alias"),
    ("---\na: !!python/object/apply:os.getcwd []\n---\n", 2, "", "a tag (tag:yaml.org,2002:python"),
    ("---\na: b\x01\n---\n", 2, "", "no valid YAML: unacceptable character"),
    ("---\na: " + "[" * 60_000 + "\n---\n", 2, "", "nested more than 32 deep"),
    ("---\na: " + "{b: " * 15_000 + "\n---\n", 2, "", "nested more than 32 deep"),
    ("---\n" + "a: b\n" * 20_000 + "---\n", 2, "", "larger than 64 KiB"),
    ("+++\na = 1\na = 2\n+++\n", 3, "", "no valid TOML: Cannot overwrite a value"),
    ("+++\na = 2023-02-30\n+++\n", 2, "", "no valid TOML"),
    ("+++\na = " + "9" * 5000 + "\n+++\n", 2, "", "no valid TOML: Exceeds the limit"),
    ("+++\na = " + "[" * 60_000 + "\n+++\n", 2, "", "nested more than 32 deep"),
    ("+++\n" + "a." * 30_000 + "a = 1\n+++\n", 2, "", "more than 1,000 dots"),
    ("---\nbody: a\n---\n", 2, "body", "body stands in the front matter"),
    (FRONT + "a\0b", 5, "", "contains a NUL character"),
    (FRONT.encode() + b"\n\xe9", 6, "", "byte 0xE9 at position 51 is not UTF-8"),
    (FRONT + "> " * 400_000 + "a", 1, "body", "stand more than 10 deep in each other"),
    (FRONT + "".join(f"{'  ' * depth}- a\n" for depth in range(30)), 1, "body", "more than 10 deep"),
    (FRONT + "[" * 900_000, 1, "body", "more than 100,000 line ends and marks"),
    (FRONT + "x" * 1_000_001, 1, "body", "body has 1,000,001 characters"),
    (b"x" * (2 * 1024 * 1024 + 1), 1, "", "The page is larger than 2 MiB."),
]


@pytest.mark.parametrize(
    ("page", "line", "field", "reason"), REFUSED, ids=[f"{row[3][:30]}{number}" for number, row in enumerate(REFUSED)]
)  # fmt: skip
def test_what_cannot_be_read_is_refused_and_says_where_and_why(
    page: str | bytes, line: int, field: str, reason: str
) -> None:
    refusal = refused(page)
    assert (refusal.line, refusal.field) == (line, field)
    assert reason in refusal.reason


def test_a_refusal_keeps_its_page_and_names_its_article() -> None:
    refusal = refused(FRONT + "a\0b")
    assert (refusal.raw, refusal.source_id) == (FRONT + "a\u2400b", "x-1")


HARD: dict[str, str] = {
    "brackets": "[" * 20_000,
    "images": "![" * 10_000,
    "emphasis": "*a_ " * 10_000,
    "lazy rows": "|a" * 1000 + "\n" + "|-" * 1000 + "\n" + "x\n" * 10_000,
    "quotes": (">" * 9 + "a\n") * 2_000,
    "ticks": "".join("`" * length + " " for length in range(1, 200)),
    "references": "".join(f"[{number}]: x\n" for number in range(6_000)),
}


@pytest.mark.parametrize("name", HARD)
def test_the_hardest_texts_take_time_that_grows_with_their_length_alone(name: str) -> None:
    started = time.process_time()
    read(FRONT + HARD[name])
    assert (
        time.process_time() - started < 5
    )  # below 0.5 here; what grows with the square would take far longer
