"""WordPress exports: items become records, refusals or skipped ones; a file that is not sound leaves nothing."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.mapping import Mapping
from review_app.importing.readers import json_lines, wxr
from review_app.importing.readers.reader import Found
from review_app.importing.record import RawRecord, Record, Refusal, Skipped
from review_app.importing.validation import validate
from tests.importing.records import RECORD, lines, record
from tests.support.wxr_writer import HEAD, SITE, TAIL, Post, export, item, serialised

SAMPLE = (Path(__file__).parent / "samples" / "wordpress.xml").read_bytes()
DAY = date(2026, 11, 22)
PAYLOAD = {"source_id": "desk-000001"}


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Found]:
    return list(wxr.read(io.BytesIO(data), limits))


def one(post: Post | str) -> Found:
    (found,) = read(export(post))
    return found


def raw_of(post: Post | str) -> RawRecord:
    found = one(post)
    assert isinstance(found, RawRecord)
    return found


def judged(found: Found) -> Record | Refusal | Skipped:
    """As an import does it: renamed, then validated."""
    mapped = Mapping.default().apply(found, "wxr") if isinstance(found, RawRecord) else found
    return validate(mapped, DAY) if isinstance(mapped, RawRecord) else mapped


def accepted(post: Post | str) -> Record:
    found = judged(one(post))
    assert isinstance(found, Record), found
    return found


def refused(post: Post | str) -> Refusal:
    found = judged(one(post))
    assert isinstance(found, Refusal), found
    return found


# --- a genuine export -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample() -> dict[int | str, Record | Refusal | Skipped]:
    """What the sample holds, by the id of the post, or its place in the file."""
    wxr.check(io.BytesIO(SAMPLE), DEFAULT_LIMITS)
    found = [judged(one) for one in read(SAMPLE)]
    return {getattr(one, "source_id", None) or one.item: one for one in found}


def test_a_genuine_export_has_a_line_for_each_item_and_nothing_is_lost() -> None:
    found = read(SAMPLE)
    assert [one.line for one in found] == [
        SAMPLE.count(b"\n", 0, place.start()) + 1 for place in re.finditer(b"<item>", SAMPLE)
    ]
    assert [one.item for one in found] == list(range(1, 17))
    kinds = [type(one) for one in found]
    assert (kinds.count(RawRecord), kinds.count(Skipped)) == (12, 4)


@pytest.mark.parametrize(
    ("source_id", "name", "value"),
    [
        ("alphanode-500053", "notes", "first line\nsecond line after CR LF"),
        ("alphanode-500017", "image_sources", []),
        ("alphanode-500043", "score", {"quality": 97, "freshness": 77, "depth": 74, "clarity": 90}),
        ("alphanode-500047", "payload", {"retry_of": 500046}),
        ("alphanode-500003", "reading_time", 4),
        ("alphanode-500003", "ai_outline", "recommended action: set a limit first and tune later"),
        ("alphanode-500900", "topic", "the first one"),
        ("alphanode-500900", "indexable", ""),
        ("alphanode-500900", "gallery_settings", 'a:1:{s:5:"width";i:300;x}'),
    ],
)
def test_the_metadata_of_a_genuine_export_is_what_wordpress_shows(
    sample: dict[int | str, Any], source_id: str, name: str, value: Any
) -> None:
    found = sample[source_id].meta[name]
    if isinstance(value, dict):
        assert found | value == found
    elif isinstance(found, list) and value:
        assert value in found
    else:
        assert found == value


def test_titles_and_texts_of_a_genuine_export_are_as_they_were_typed(sample: dict[int | str, Any]) -> None:
    titles = [one.title for one in sample.values() if isinstance(one, Record)]
    assert any("R&D" in title and "<em>isn't</em>" in title for title in titles)
    assert "Größe, 規模 und 🚀" in sample["alphanode-500037"].title
    bodies = [one.body_html for one in read(SAMPLE) if isinstance(one, RawRecord)]
    assert any("<!-- raw note: x[y[0]]> -->" in body for body in bodies)
    assert "wp:" not in sample["alphanode-500031"].body_html
    assert sample["alphanode-500059"].quality is None
    assert sample["alphanode-500059"].needs_human_review


def test_what_another_plugin_broke_is_kept_as_text_and_our_own_refuses_the_record(
    sample: dict[int | str, Any],
) -> None:
    warnings = {warning.field: warning.message for warning in sample["alphanode-500900"].warnings}
    assert warnings.keys() == {"topic", "gallery_settings", "seo_data"}
    assert "stands twice" in warnings["topic"]
    assert "Kept as text" in warnings["seo_data"]
    cut = sample["alphanode-500901"]
    assert (cut.field, "is broken" in cut.reason, "alphanode_score" in cut.raw) == ("score", True, True)


def test_a_post_without_our_metadata_is_taken_and_queued_under_a_name_of_its_site(
    sample: dict[int | str, Any],
) -> None:
    page = sample["wordpress.example:8089:2"]
    assert page.needs_human_review
    assert page.meta["wordpress"] == {
        "site": "http://wordpress.example:8089",
        "post_id": 2,
        "guid": "http://wordpress.example:8089/?p=2",
        "link": "http://wordpress.example:8089/about-this-site/",
        "slug": "about-this-site",
        "status": "publish",
        "type": "page",
        "author": "editor",
        "date": "2024-03-01 10:00:00",
        "date_gmt": "2024-03-01 09:00:00",
        "modified": "2024-03-01 10:00:00",
        "modified_gmt": "2024-03-01 09:00:00",
    }
    assert page.body_html.count("<p>") == 2
    assert "topic" not in page.meta  # that of its comment
    assert not any(key.startswith("_") for key in page.meta)


# --- items ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["publish", "draft", "pending", "private", "future"])
@pytest.mark.parametrize("kind", ["post", "page"])
def test_posts_and_pages_in_these_states_are_taken(kind: str, status: str) -> None:
    found = accepted(Post(type=kind, status=status))
    assert found.meta["wordpress"]["status"] == status
    assert found.revision_status == "drafted"


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("post", "trash", "is in the trash"),
        ("post", "auto-draft", "saved by itself"),
        ("page", "inherit", "part of another"),
        ("post", "acf-disabled", "the status acf-disabled"),
        ("attachment", "inherit", "of the type attachment"),
        ("nav_menu_item", "publish", "of the type nav_menu_item"),
        ("revision", "inherit", "of the type revision"),
        ("product", "publish", "of the type product"),
    ],
)
def test_others_are_skipped_with_a_reason(kind: str, status: str, reason: str) -> None:
    found = one(Post("Some title", type=kind, status=status, post_id="9"))
    assert isinstance(found, Skipped)
    assert found.reason.startswith("Item 9 of the site, “Some title”, ")
    assert reason in found.reason


@pytest.mark.parametrize("tag", ["wp:status", "wp:post_type"])
def test_an_item_that_says_no_type_or_status_is_refused(tag: str) -> None:
    found = refused(re.sub(f"<{tag}>.*</{tag}>", "", item(Post())))
    assert (found.field, found.line, found.item) == (tag, 15, 1)


def test_terms_are_kept_by_their_taxonomy() -> None:
    terms = [("category", "a"), ("post_tag", "b"), ("category", "c"), ("series", "d"), ("site", "e")]
    kept = raw_of(Post(categories=terms)).fields["wordpress"]
    assert (kept["categories"], kept["tags"], kept["site"]) == (["a", "c"], ["b"], SITE)
    assert kept["terms"] == {"series": ["d"], "site": ["e"]}


def test_metadata_with_the_name_of_a_part_of_the_item_changes_no_part() -> None:
    found = accepted(
        Post("Mine", meta={"title": "theirs", "wordpress": "x", "body": "y", "payload": PAYLOAD})
    )
    assert (found.title, found.plain_text) == ("Mine", "Some text.")
    assert found.meta["wordpress"]["meta"] == {"body": "y", "title": "theirs", "wordpress": "x"}


@pytest.mark.parametrize(
    ("site", "source_id"),
    [
        ("https://blog.example.com", "blog.example.com:7"),
        ("http://blog.example.com:8080/", "blog.example.com:8080:7"),
        ("https://Example.com/blogs/one/", "example.com_blogs_one:7"),
        ("https://münchen.example", "site-0e4b5de126af:7"),
    ],
)
def test_a_post_of_no_source_id_is_named_by_its_site_and_number(site: str, source_id: str) -> None:
    (found,) = read(export(Post(post_id="7"), site=site))
    settled = judged(found)
    assert isinstance(settled, Record)
    assert settled.source_id == source_id


def test_without_an_address_in_the_head_the_guid_names_the_site() -> None:
    head = "\n".join(line for line in HEAD.splitlines() if "{site}" not in line)
    (found,) = read(f"{head}{item(Post(post_id='7'))}{TAIL}".encode())
    assert isinstance(found, RawRecord)
    assert found.fallback_id == "blog.example.com:7"


@pytest.mark.parametrize(
    ("post_id", "reason"),
    [
        ("none", 'wp:post_id is "none" and no whole number, and the post has no source_id'),
        ("-7", 'wp:post_id is "-7" and no whole number'),
        ("", "wp:post_id is missing, and the post has no source_id"),
    ],
)
def test_a_number_that_names_no_post_refuses_it_by_the_name_of_the_export(post_id: str, reason: str) -> None:
    refusal = refused(Post(post_id=post_id))
    assert (refusal.field, reason in refusal.reason) == ("wp:post_id", True)
    assert isinstance(accepted(Post(post_id=post_id, meta={"payload": PAYLOAD})), Record)


@pytest.mark.parametrize(
    ("site", "reason"),
    [
        ("", "The export names no site (link, "),
        ("our blog", 'The link of the site is "our blog" and no address'),
    ],
)
def test_a_site_that_names_no_post_refuses_it_by_the_name_of_the_export(site: str, reason: str) -> None:
    head = HEAD.format(site=site)
    refusal = judged(read(f"{head}{item(Post(), site='urn:none')}{TAIL}".encode())[0])
    assert isinstance(refusal, Refusal)
    assert (refusal.field, reason in refusal.reason) == ("link", True)


def test_a_namespace_may_have_any_prefix_and_version() -> None:
    data = export(Post(meta={"payload": PAYLOAD})).decode()
    other = data.replace("wp:", "w:").replace(":wp=", ":w=").replace("/export/1.2/", "/export/1.0/")
    assert [judged(one).source_id for one in read(other.encode())] == ["desk-000001"]


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("one\ntwo\n\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        ("one<br />\ntwo <em>and\n \nmore</em>", "<p>one<br />\ntwo <em>and</p>\n<p>more</em></p>"),
        ("one\n\n<!--more-->\n\ntwo", "<p>one</p>\n<!--more-->\n<p>two</p>"),
        ("<p>one</p>\n\ntwo", "<p>one</p>\n\ntwo"),
        ("one\n\n<H2 class='a'>two</H2>", "one\n\n<H2 class='a'>two</H2>"),
        ("", ""),
        ("a < b\n\nc", "<p>a < b</p>\n<p>c</p>"),
    ],
)
def test_text_without_blocks_gets_paragraphs_and_other_text_stays(content: str, html: str) -> None:
    assert raw_of(Post(content=content)).body_html == html


# --- written and read back --------------------------------------------------------------------------------------------

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=30
) | st.sampled_from(["]]>", "]]]]>>", "<![CDATA[", "a\nb", "&amp;", "</item>", "🚀 ]]> ä", "<!-- -->"])
nested = st.recursive(
    st.integers(0, 2**62) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, min_size=1, max_size=3),
    max_leaves=8,
)
structures = st.lists(nested, max_size=3) | st.dictionaries(texts, nested, min_size=1, max_size=3)


@given(texts, texts, texts, structures)
def test_what_is_written_is_read_back(title: str, text: str, note: str, value: Any) -> None:
    rest = {"note_of_mine": f"- {note}", "thing": value, "payload": PAYLOAD}
    found = raw_of(Post(title, f"<p>{text}</p>", meta=rest))
    assert found.body_html == f"<p>{text}</p>"
    assert {key: found.fields[key] for key in ("title", *rest)} == {"title": title, **rest}
    # What a refused item is shown as is the item as it stood, and can be sent again.
    assert read(export(found.raw))[0] == replace(found, line=found.line)


@pytest.mark.parametrize("prefix", ["", "alphanode_", "anp_"])
def test_a_record_is_the_same_from_an_export_as_from_json_lines(prefix: str) -> None:
    fields = {name: value for name, value in RECORD.items() if name not in {"title", "excerpt", "body"}}
    as_text = {name: str(value) if isinstance(value, int) else value for name, value in fields.items()}
    as_text |= {"score": {name: str(value) for name, value in RECORD["score"].items()}}
    meta = {prefix + name: value for name, value in as_text.items()}
    here = accepted(Post(RECORD["title"], RECORD["body"], RECORD["excerpt"], meta=meta))
    (there,) = json_lines.read(io.BytesIO(lines(record())))
    assert isinstance(there, RawRecord)
    wanted = validate(there, DAY)
    assert isinstance(wanted, Record)
    assert {name: value for name, value in here.meta.items() if name != "wordpress"} == wanted.meta
    places = {"line": 0, "raw": "", "meta": {}, "content_digest": ""}
    assert replace(here, **places) == replace(wanted, **places)


def test_a_key_that_stands_many_times_is_remarked_on_once() -> None:
    found = accepted(Post(meta=[("payload", PAYLOAD), *[("mood", str(number)) for number in range(50)]]))
    assert found.meta["mood"] == "0"
    assert [warning.message for warning in found.warnings] == [
        "mood stands twice; the first one is taken, as WordPress does."
    ]


def test_a_serialised_list_of_ours_may_not_hold_an_object() -> None:
    value = serialised(["a", "b"]).replace('s:1:"b"', 'O:1:"b":0:{}')
    found = refused(Post(meta={"payload": PAYLOAD, "alphanode_stack": value}))
    assert (found.field, found.source_id) == ("stack", "desk-000001")
    assert "an object of PHP" in found.reason
