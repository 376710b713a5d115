"""Page text: every field of the box is found, and the article becomes HTML, however the page is laid out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from review_app.importing.limits import DEFAULT_LIMITS
from review_app.importing.readers import page_text
from review_app.importing.record import RawRecord, Refusal

SAMPLES = Path(__file__).parent / "samples"
BOX = "site post meta\n\ntopicknots / rope\nstack\n  • rope\npayload\n  • source id: rope-1\n"


def read(text: str | bytes) -> RawRecord | Refusal:
    data = text if isinstance(text, bytes) else text.encode()
    (found,) = page_text.read(io.BytesIO(data))
    return found


def accepted(text: str | bytes) -> RawRecord:
    found = read(text)
    assert isinstance(found, RawRecord), found
    return found


def refused(text: str | bytes) -> Refusal:
    found = read(text)
    assert isinstance(found, Refusal), found
    return found


def sample(name: str) -> RawRecord:
    return accepted((SAMPLES / name).read_bytes())


def box(text: str) -> dict[str, Any]:
    """The fields of a box with these lines, but title and excerpt."""
    fields = accepted(f"a title\n\na paragraph.\n\nsite post meta\n\n{text}").fields
    return {name: value for name, value in fields.items() if name not in {"title", "excerpt"}}


def article(text: str, box: str = BOX) -> list[str]:
    """The HTML of an article, by its blocks."""
    return accepted(f"a title\n\n{text}\n\n{box}").body_html.split("\n<")


# --- whole pages ------------------------------------------------------------------------------------------------------


def test_a_page_gives_all_its_twenty_labels_nested_as_json_lines_nests_them() -> None:
    assert sample("lighthouse.txt").fields == {
        "title": "keeping the lamp lit on harbour signals: a keeper's notebook",
        "excerpt": "a lamp that fails at night is noticed at once, and one that fails by day is not.",
        "topic": "keeping the lamp lit / harbour signals",
        "summary": "a keeper's short account of keeping the lamp lit with harbour signals, for those who come after.",
        "ai_outline": [
            "context: with one keeper on leave",
            "problem: keeping the lamp lit",
            "stack: harbour signals",
            "recommended action: look twice, write once",
        ],
        "ai_brief": "set down as a working draft: it names the round, the tools and the reasons.",
        "stack": ["harbour signals", "coast", "text"],
        "tools": ["gauge", "lens cloth", "clockwork"],
        "code_language": "text",
        "difficulty": "beginner",
        "reading_time": 4,
        "view_count": 9007199254740993,
        "score": {"quality": 81, "freshness": 0, "depth": 100, "clarity": 77},
        "revision": {"status": "updated", "version": "2.10.3", "last_reviewed": "2024-02-29"},
        "reference": "nl-ref-000042-1905",
        "hash": "0badc0ffee0ddf00d5",
        "flags": {"ai_generated_style": 1, "has_images": 1, "image_heavy": 0, "needs_human_review": 1},
        "checklist": ["read the gauge twice", "wipe the lens", "wind the clockwork"],
        "entities": [
            {"name": "harbour signals", "type": "stack"},
            {"name": "coast", "type": "area"},
            {"name": "keeping the lamp lit", "type": "problem"},
        ],
        "image_sources": [
            {
                "source": "example drawings",
                "url": "https://drawings.example.org/harbour?w=1200&text=dusk+one",
                "caption": "harbour signals at dusk, plate 1",
            },
            {
                "source": "sample prints",
                "url": "https://prints.example.net/seed/nl-42/1200/630",
                "caption": "harbour signals at dusk, plate 2",
            },
        ],
        "payload": {
            "source_id": "northlight-000042",
            "generator": "our own test writer",
            "paragraphs": 4,
            "scenario": "with one keeper on leave",
            "seed": 42,
        },
        "notes": ["written for the tests of this project", "view counts are made up: all of them"],
    }


def test_a_page_gives_its_article_as_html() -> None:
    expected = (SAMPLES / "lighthouse.html").read_text(encoding="utf-8")
    assert sample("lighthouse.txt").body_html == expected.strip()


def test_labels_in_odd_case_with_odd_spaces_and_other_bullets_are_found_in_any_order() -> None:
    assert sample("odd-spelling.txt").fields == {
        "title": "A CATALOGUE OF KNOTS",
        "excerpt": "Each knot is drawn once.",
        "notes": ["drawn from memory", "and from rope"],
        "reading_time": 12,
        "score": {"clarity": 40, "quality": 90},
        "payload": {"source_id": "knots:7", "seed": "007"},
        "code_language": "sailcloth",
        "topic": "knots / rope",
        "flags": {"needs_human_review": "No", "weather_worn": "yes"},
        "audience": ["sailors", "climbers"],
        "crew": {"captain": "Ada", "mate": "Ben"},
        "view_count": "",
        "revision": {"last_reviewed": "2020-01-31", "version": "0.1.0"},
    }


def test_what_looks_like_a_label_and_is_none_is_left_alone() -> None:
    found = sample("tricky.txt")
    assert found.fields["title"] == "how we label rope: post meta and other stories"
    assert found.fields["topic"] == "topics in rope / notes"
    assert found.fields["summary"] == (
        "summary of the summary: it runs over two lines and topics in it are not labels."
    )
    assert found.fields["ai_outline"] == ["score: none", "notes"]
    assert found.fields["ai_brief"] == "ai brief, and brief it is"
    assert (found.fields["stack"], found.fields["tools"], found.fields["code_language"]) == (
        ["stack"],
        [],
        "hash",
    )
    assert found.fields["hashtags"] == ["rope", "knife"]
    assert found.fields["checklist"] == ["checklist", "flags"]
    assert found.fields["notes"] == ["the word score stands here, too", "similar posts"]
    assert found.fields["payload"]["scenario"] == "a: b: c"
    assert found.fields["payload"]["limits"] == {"depth": "3", "width": "4"}
    assert found.fields["entities"] == [{"type": "stack"}, {"name": "coast", "type": "area"}]
    assert found.fields["image_sources"] == [
        {"source": "unknown hand", "url": "https://x.example/?a=1&b=2:3"},
        {"source": "other hand", "caption": "a caption nobody described twice"},
    ]
    assert "hash" not in found.fields


def test_a_line_of_the_box_that_nothing_can_be_told_of_is_kept_with_a_remark() -> None:
    found = sample("tricky.txt")
    assert found.fields["unlabelled"] == ["northlight, all rights reserved"]
    assert [field for field, _ in found.remarks] == ["unlabelled"]


def test_an_article_may_speak_of_labels_and_of_the_box_itself() -> None:
    html = sample("tricky.txt").body_html
    assert "<h2>northlight post meta</h2>\n<p>the heading above is part" in html
    assert "<h2>score</h2>" in html
    assert (
        "<h2>tools</h2>\n<ul><li>notes</li><li>stack</li><li>hash</li></ul>\n<h2>similar posts</h2>" in html
    )
    assert "reading time 9 is what the old page said." in html


# --- the box ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ("topica: b: c", {"topic": "a: b: c"}),
        ("Topic: a", {"topic": "a"}),
        ("topic", {"topic": ""}),
        ("ai briefai outline", {"ai_brief": "ai outline"}),
        ("summarya long text\nthat was wrapped\nhash12ab", {"summary": "a long text that was wrapped", "hash": "12ab"}),
        ("topica b\nhashing is slow, they say\nhash12ab", {"topic": "a b hashing is slow, they say", "hash": "12ab"}),
        ("ai briefa b\nhashing is slow, they say", {"ai_brief": "a b hashing is slow, they say"}),
        ("reading time1e1\nview count12,345", {"reading_time": "1e1", "view_count": "12,345"}),
        ("view count" + "9" * 31, {"view_count": "9" * 31}),
        ("view count" + "9" * 30, {"view_count": 10**30 - 1}),
        ("reading time-3", {"reading_time": "-3"}),
        ("score\n  • quality: 094\n  • depth: 1_0", {"score": {"quality": "094", "depth": "1_0"}}),
        ("score\n  • quality: 7\n  • spelling: 8", {"score": {"quality": 7, "spelling": 8}}),
        ("score", {"score": {}}),
        ("stack\nscore\n• quality: 1", {"stack": [], "score": {"quality": 1}}),
        ("notes\n- a\n* b\n– c\n• - d", {"notes": ["a", "b", "c", "- d"]}),
        ("notes\n  • a\n    • b", {"notes": ["a", "b"]}),
        ("notes\n  • one that was\n    wrapped\n  • two", {"notes": ["one that was wrapped", "two"]}),
        ("entities\n  • name: a\n  • type: b", {"entities": [{"name": "a", "type": "b"}]}),
        ("entities\n    • type: a\n    • name: b\n    • type: c\n    • name: d", {
            "entities": [{"type": "a", "name": "b"}, {"type": "c", "name": "d"}]
        }),
        ("image sources\n    • url: a\n    • caption: b\n    • source: c\n    • url: d\n    • caption: e", {
            "image_sources": [{"url": "a", "caption": "b"}, {"source": "c", "url": "d", "caption": "e"}]
        }),
        ("image sources\n  •\n    • source: a\n  •\n    • caption: b", {
            "image_sources": [{"source": "a"}, {"caption": "b"}]
        }),
        ("topict\nlinks\n    • href: a\n    • href: b\n    • text: c", {
            "topic": "t", "links": [{"href": "a"}, {"href": "b", "text": "c"}]
        }),
        ("topict\nsee also\n  • https://x.example/a\n  • b: c", {"topic": "t", "see_also": ["https://x.example/a", "b: c"]}),
        ("topict\nbody\n  • a", {"topic": "t", "box_body": ["a"]}),
        ("topict\npeople\n    • name: a\n    • age: 3", {"topic": "t", "people": [{"name": "a", "age": "3"}]}),
        ("stack\nfoo bar", {"stack": [], "unlabelled": ["foo bar"]}),
        ("hash12ab\nauthor: ada", {"hash": "12ab", "author": "ada"}),
        ("hash12ab\nauthorada", {"hash": "12ab", "unlabelled": ["authorada"]}),
        ("ai briefnow\na draft: it says\nwhat it is", {"ai_brief": "now a draft: it says what it is"}),
        ("topica b\n\nall rights reserved", {"topic": "a b", "unlabelled": ["all rights reserved"]}),
        ("topica\n\nSimilar Posts\n\nscore\nother pages", {"topic": "a"}),
        ("topica\nsimilar  posts:", {"topic": "a"}),
    ],
    ids=repr,
)  # fmt: skip
def test_the_box_reads(lines: str, fields: dict[str, Any]) -> None:
    assert box(lines) == fields


def test_in_a_page_that_was_wrapped_a_bullet_goes_on_in_the_next_line() -> None:
    wrapped = "a wrapped line of the article that is sixty letters or so\n" * 4
    note = "  • a note that is so long that it could not be put in one\nsingle line\n  • two"
    page = f"t\n\n{wrapped}\n\nx post meta\n\nnotes\n{note}"
    assert accepted(page).fields["notes"] == [
        "a note that is so long that it could not be put in one single line",
        "two",
    ]


@pytest.mark.parametrize(
    "heading", ["post meta", "Post Meta:", "  any site's\tpost  meta ", "my post meta's post meta"]
)
def test_the_box_is_found_under_any_name_of_the_site(heading: str) -> None:
    assert accepted(f"t\n\n{heading}\ntopica").fields["topic"] == "a"


@pytest.mark.parametrize(
    ("text", "line", "field", "reason"),
    [
        ("a title\n\na text.", 1, "", "no metadata box"),
        ("a title\n\npost meta\n\nis a thing of the past.", 1, "", "no metadata box"),
        (f"a\n\n{BOX}\nb\n\n{BOX}", 13, "", "two pages in one file: metadata boxes at lines 3 and 13"),
        (f"a\n\n{BOX}\nSimilar Posts\nb\n\n{BOX}", 14, "", "two pages"),
        ("a\n\nx post meta\ntopicb\ntopicc", 5, "topic", "“topic” stands twice"),
        ("a\n\nx post meta\ntopica b\n\ntopic c", 6, "topic", "“topic” stands twice"),
        ("a\n\nx post meta\nreading time1\nreading time1", 5, "reading_time", "“reading time” stands twice"),
        ("a\n\nx post meta\nstack\n• a\ntools\n• b\nstack\n• c", 8, "stack", "“stack” stands twice"),
        ("a\n\nx post meta\ntopica b\nsummaryc\nTopic: d", 6, "topic", "“topic” stands twice"),
        ("a\n\nx post meta\ntopica\nmood\n• a\nmood\n• b", 7, "mood", "“mood” stands twice"),
        ("a\n\nx post meta\nscore\n• depth: 1\n• Depth: 2", 6, "score.depth", "“depth” stands twice in score"),
        ("a\n\nx post meta\npayload\n• a b: 1\n• c: 2\n• a b: 3", 7, "payload.a_b", "“a b” stands twice in payload"),
        ("a\n\nx post meta\nscore\n• quality 94", 5, "score", "“quality 94” in score is no named value"),
        ("a\n\nx post meta\nentities\n• celery", 5, "entities", "no named value"),
        ("a\n\nx post meta\ntopica\n• b", 5, "topic", "line 5 stand below “topic”, which is no list: their label is missing"),
        ("a\n\nx post meta\nview count7\n• quality: 1", 5, "view_count", "their label is missing"),
        ("a\n\nx post meta\n• a\n\ntopicb\nstack\n• a\ntools\n• b", 4, "", "their label is missing"),
        ("a\n\nx post meta\npayload\n" + "".join(f"{' ' * n}• a:\n" for n in range(40)), 37, "", "nested more than 32 deep"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_a_page_that_cannot_be_told_is_refused_where_it_is_wrong(
    text: str, line: int, field: str, reason: str
) -> None:
    found = refused(text)
    assert (found.line, found.item) == (line, 1)
    assert found.field.startswith(field)
    assert reason in found.reason
    assert found.raw == text


def test_a_refused_page_names_its_article_if_it_can() -> None:
    assert refused(f"t\n\n{BOX}topicx").source_id == "rope-1"
    assert refused("t").source_id is None


def test_a_page_that_is_too_large_or_no_text_is_refused() -> None:
    assert "larger than 2 MiB" in refused("t\n" * DEFAULT_LIMITS.page_bytes).reason
    latin = refused(f"a\ncaf\xe9\n{BOX}".replace("•", "*").encode("latin-1"))
    assert (latin.line, "byte 0xE9" in latin.reason) == (2, True)
    assert refused(b"\0\xff").raw == "\u2400\ufffd"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_page_reads_the_same_in_every_encoding_and_with_every_line_end(
    encoding: str, line_end: str
) -> None:
    text = (SAMPLES / "lighthouse.txt").read_text(encoding="utf-8")
    found = accepted(text.replace("\n", line_end).encode(encoding))
    assert found.fields == sample("lighthouse.txt").fields
    assert found.body_html == sample("lighthouse.txt").body_html


@pytest.mark.parametrize("noise", ["", "|\n\n", "| | |\n", "\n\n › » |\n---\n"])
def test_noise_before_the_title_is_passed_over(noise: str) -> None:
    found = accepted(f"{noise}a title\nand its first line\n\n{BOX}")
    assert (found.fields["title"], found.body_html) == ("a title", "<p>and its first line</p>")


def test_a_page_without_a_title_or_an_article_has_none() -> None:
    found = accepted(BOX)
    assert (found.fields["title"], found.fields["excerpt"], found.body_html) == ("", "", "")


# --- the article ------------------------------------------------------------------------------------------------------


def code(text: str) -> str:
    return f"<pre><code>{text}</code></pre>"


@pytest.mark.parametrize(
    "text",
    [
        "select id from posts where state = 1",
        "SELECT id\nFROM posts\nWHERE state > 1\nLIMIT 10",
        "explain select a, b from c\nwhere d = 1\norder by e desc limit 5;",
        "df -h --output=pcent | sort -rn\njournalctl -p err",
        "$ make test",
        "curl -s https://x.example/a?b=c",
        "def f(a):\n    return a",
        "def f(a):\n    return a\n\ndef g(b):\n    return b",
        "def f(a):\n    if a:\n\n        return b\n\n    return c",
        "class A {\n\n    public $b = 1;\n\n    function c() {\n        // it is short.\n\n        return [1];\n    }\n}",
        "const a = {\n\nb\n\nc\n\n};",
        "checks:\n  - name: a b\n    warn: 3",
        "a:\n  b: c\n\n  d: e",
        "server {\n    listen 80;\n}",
        "FROM python:3.11\nRUN pip install -r a.txt\nCOPY . /app",
        "[server]\nport = 80",
        '{"a": [1, 2]}',
        "# first\nmake run",
        'for f in *.log; do\n  gzip "$f"\ndone',
        "import os\n\nprint(os.getcwd())",
        "from a import b\nimport c\n\nb()",
        "<div class='a'>\n  <b>x</b>\n</div>",
    ],
)
def test_code_stays_together_as_it_was_typed(text: str) -> None:
    expected = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    parts = article(
        f"before it, a sentence stands here.\n\n{text}\n\nafter it, another sentence stands there."
    )
    assert accepted(f"t\n\n{text}\n\n{BOX}").body_html == code(expected)
    assert len(parts) == 3


@pytest.mark.parametrize(
    "text",
    [
        "run the check with --dry-run first; it says what it would do.",
        "the value of a->b and c() is what $d was, as the manual of the last release says.",
        "a paragraph that was wrapped by its writer in the\nmiddle, and that mentions a/b and c_d once\nbefore it ends.",
        "is 1 < 2? it is, and 3 > 2, too. nobody doubts it.",
        "he said: “leave it.”",
        "(it is short.)",
        "note: this is a remark; it ends here.",
    ],
)
def test_prose_that_speaks_of_code_is_a_paragraph(text: str) -> None:
    expected = text.replace("\n", " ").replace("<", "&lt;").replace(">", "&gt;")
    assert accepted(f"t\n\n{text}\n\n{BOX}").body_html == f"<p>{expected}</p>"


def test_an_open_bracket_in_code_does_not_swallow_the_article() -> None:
    text = "this is a sentence of some plain words."
    assert article(f"echo ':(' | cat\n\n{text}\n\nand this is the end of them :)") == [
        code("echo ':(' | cat"),
        f"p>{text}</p>",
        "p>and this is the end of them :)</p>",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "why this matters",
        "import old content",
        "Limits, and trade-offs",
        "1. roles and “owners”",
        "überblick",
    ],
)
def test_a_short_line_that_is_no_sentence_is_a_heading(line: str) -> None:
    expected = f"<h2>{line}</h2>" if line[0] != "1" else "<ol><li>roles and “owners”</li></ol>"
    assert accepted(f"t\n\n{line}\n\na sentence follows it.\n\n{BOX}").body_html.split("\n")[0] == expected


@pytest.mark.parametrize(
    "line", ["so it is.", "is it?", "as follows:", "end" * 40, "word " * 15, "这样。", "* * *"]
)
def test_other_lone_lines_are_paragraphs(line: str) -> None:
    html = accepted(f"t\n\n{line}\n\na sentence follows it.\n\n{BOX}").body_html
    assert "<h2>" not in html


def test_lists_of_all_bullets_and_numbers_are_lists_and_wrapped_items_go_on() -> None:
    assert article("we need:\n- a rope\n  of hemp\n* a knife\n1. cut\n2) tie\nand that is all.") == [
        "<p>we need:</p>",
        "ul><li>a rope of hemp</li><li>a knife</li></ul>",
        "ol><li>cut</li><li>tie</li></ol>",
        "p>and that is all.</p>",
    ]


def test_a_figure_may_follow_bullets_at_once_and_finds_its_address_by_its_caption() -> None:
    images = 'image sources\n    • url: https://x.example/?a=1&b=2\n    • caption: A  "plate"'
    items, figure, rest = article(
        '• one\na "plate".\na "plate". Image source: s\n\nthe end of it.', f"{BOX}{images}"
    )
    assert (items, rest) == ("<ul><li>one</li></ul>", "p>the end of it.</p>")
    assert figure.startswith('figure><img src="https://x.example/?a=1&amp;b=2" alt="a &quot;plate&quot;">')
    assert figure.endswith('<figcaption>a "plate". image source: s</figcaption></figure>')


def test_two_images_of_one_caption_are_taken_in_their_order() -> None:
    rows = "".join(f"    • source: s\n    • url: https://x.example/{n}\n    • caption: c\n" for n in (1, 2))
    figures = "c\nc. image source: s\n\n" * 3
    html = "".join(article(figures, f"{BOX}image sources\n{rows}"))
    assert [html.count(f"https://x.example/{n}") for n in (1, 2)] == [1, 2]


def test_a_figure_without_its_first_line_is_known_by_its_caption_and_else_is_text() -> None:
    rows = "image sources\n    • url: https://x.example/1\n    • caption: a plate"
    assert "<img" in article("a plate. image source: s", f"{BOX}{rows}")[0]
    assert article("a map. image source: s") == ["<p>a map. image source: s</p>"]


def test_what_was_typed_is_shown_as_it_was_typed() -> None:
    html = article('<script>alert("x")</script> & <b>more</b>, as the manual says.')[0]
    assert (
        html
        == '<p>&lt;script&gt;alert("x")&lt;/script&gt; &amp; &lt;b&gt;more&lt;/b&gt;, as the manual says.</p>'
    )


def test_the_excerpt_is_the_first_sentence_of_the_first_paragraph() -> None:
    assert (
        accepted(f"t\n\nhead\n\n• item\n\none (e.g. 1.5) of them. two.\n\n{BOX}").fields["excerpt"]
        == "one (e.g. 1.5) of them."
    )
    long = accepted(f"t\n\n{'word ' * 100}\n\n{BOX}").fields["excerpt"]
    assert (len(long) <= 300, long[-1]) == (True, "…")
