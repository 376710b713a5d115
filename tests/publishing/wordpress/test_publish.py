"""Articles on a real WordPress: published where they stand or created, exactly once in effect, whatever it answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from review_app.publishing.kinds import wordpress_rest
from review_app.publishing.kinds.face import Outcome, Place, Remote, Result
from tests.publishing.wordpress.site import (
    KIND,
    a_new_one,
    losing,
    place_of,
    publish,
    seeded,
    states,
    withdraw,
    writes,
)
from tests.support.wordpress import WordPress

pytestmark = pytest.mark.slow
POSTS = 6
DOUBLED = "INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES ({0}, 'indexable', ''), ({0}, 'indexable', '')"


def results(outcomes: list[Outcome]) -> list[str]:
    return [f"{outcome.result} {outcome.reason}".strip() for outcome in outcomes]


def refused(outcome: Outcome) -> str:
    """Why it was refused for good."""
    assert outcome.result is Result.FAILED
    return outcome.reason


def test_posts_are_published_with_their_dates_and_texts_and_a_repeat_writes_nothing(site: WordPress) -> None:
    contents = seeded(site, POSTS)
    before = site.sql("SELECT ID, post_date, post_content, post_title FROM wp_posts ORDER BY ID")
    outcomes = publish(place_of(site), *contents)
    assert results(outcomes) == ["done"] * POSTS
    assert {(status, flag) for status, flag, _ in states(site, contents)} == {("publish", "1")}
    after = site.sql(
        "SELECT ID, post_date, post_content, post_title FROM wp_posts WHERE post_type = 'post' ORDER BY ID"
    )
    assert after == [row for row in before if row in after]
    assert {outcome.remote.state for outcome in outcomes if outcome.remote} == {"published"}

    known = [replace(one, remote=done.remote) for one, done in zip(contents, outcomes, strict=True)]
    requests = len(site.requests())
    assert results(publish(place_of(site), *known)) == ["done"] * POSTS
    assert writes(site, requests) == []
    seen = KIND.verify(place_of(site), known[0])
    assert seen is not None
    assert (seen.status, seen.indexable, seen.canonical) == (200, True, seen.url)


def test_lost_answers_and_doubled_rows_change_nothing_of_the_outcome(
    site: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = seeded(site, 4)
    for content in contents[:2]:
        site.sql(DOUBLED.format(content.article_id))
    monkeypatch.setattr(wordpress_rest, "call", losing(lambda number: number % 2 == 1))
    requests = len(site.requests())
    assert results(publish(place_of(site), *contents)) == ["done"] * 4
    assert [(status, flag) for status, flag, _ in states(site, contents)] == [
        ("publish", "1|1"),
        ("publish", "1|1"),
        ("publish", "1"),
        ("publish", "1"),
    ]
    assert len(writes(site, requests)) == 4


def test_an_article_that_the_site_does_not_know_is_created_once_even_if_the_answer_is_lost(
    site: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = a_new_one()
    monkeypatch.setattr(wordpress_rest, "call", losing(lambda _: True))
    (outcome,) = publish(place_of(site), new)
    assert results([outcome]) == ["done"]
    monkeypatch.undo()
    assert results(publish(place_of(site), new)) == ["done"]  # nobody wrote its number down
    assert site.sql(
        "SELECT COUNT(*) FROM wp_posts WHERE post_name LIKE 'an-article-of-the-desk%' AND post_type = 'post'"
    ) == [["1"]]
    assert outcome.remote is not None
    assert outcome.remote.url == f"{site.url}/an-article-of-the-desk/"
    post = site.call("GET", f"/posts/{outcome.remote.remote_id}?context=edit").json()
    assert (post["status"], post["meta"]["indexable"]) == ("publish", True)
    assert "</code></pre>\n<p>&#91;gallery] is\nno shortcode</p>" in post["content"]["rendered"]
    assert "why &lt;b&gt; is no tag" in post["title"]["rendered"]

    site.call("POST", f"/posts/{post['id']}", json={"slug": "another-address"})
    assert results(publish(place_of(site), new)) == ["done"]
    assert site.sql(
        "SELECT COUNT(*) FROM wp_posts WHERE post_title LIKE 'R&D: why%' AND post_type = 'post'"
    ) == [["1"]]


def test_a_new_text_replaces_the_desks_own_and_never_one_that_was_changed_there(site: WordPress) -> None:
    (first,) = publish(place_of(site), a_new_one())
    assert first.remote is not None
    newer = a_new_one(html="<p>Newer</p>", title="Newer", version="1.2.0", remote=first.remote)
    (second,) = publish(place_of(site), newer)
    assert results([second]) == ["done"]
    assert second.remote is not None
    assert second.remote.version == "1.2.0"
    route = f"/posts/{first.remote.remote_id}"
    post = site.call("GET", f"{route}?context=edit").json()
    assert "<p>Newer</p>" in post["content"]["raw"]
    assert "Größe" not in post["content"]["raw"]
    assert (post["title"]["raw"], post["excerpt"]["raw"]) == ("Newer", "What it says, in short")

    shorter = replace(newer, excerpt="In short", version="1.3.0", remote=second.remote)
    assert results(publish(place_of(site), shorter)) == ["done"]
    post = site.call("GET", f"{route}?context=edit").json()
    assert post["excerpt"]["raw"] == "In short"

    changed = post["content"]["raw"].replace("Newer", "Much newer")
    site.call("POST", route, json={"content": changed})
    (third,) = publish(place_of(site), replace(newer, html="<p>Newest</p>", remote=second.remote))
    assert "holds another text than the one that was approved" in refused(third)
    assert third.remote == second.remote  # what stands there goes on standing there
    post = site.call("GET", f"{route}?context=edit").json()
    assert (post["content"]["raw"], post["status"], post["meta"]["indexable"]) == (changed, "publish", False)
    requests = len(site.requests())
    (again,) = publish(place_of(site), replace(newer, html="<p>Newest</p>", remote=second.remote))
    assert (refused(again), writes(site, requests)) == (refused(third), [])

    site.call("POST", route, json={"content": changed.replace("Much newer", "Newer")})
    assert results(publish(place_of(site), shorter)) == ["done"]
    assert site.call("GET", f"{route}?context=edit").json()["meta"]["indexable"] is True


def test_what_the_site_has_changed_since_it_was_approved_is_not_published(site: WordPress) -> None:
    text, title = seeded(site, 2)
    site.call("POST", f"/posts/{text.article_id}", json={"content": f"{text.html}<p>One sentence more.</p>"})
    site.call("POST", f"/posts/{title.article_id}", json={"title": f"{title.title}!"})
    for outcome in publish(place_of(site), text, title):
        assert "holds another text than the one that was approved" in refused(outcome)
    assert not any(status == "publish" for status, _, _ in states(site, [text, title]))


def test_what_would_not_be_seen_is_refused_in_plain_words_and_nothing_is_written(site: WordPress) -> None:
    contents = seeded(site, 3)
    ahead, locked, trashed = (f"/posts/{content.article_id}" for content in contents)
    site.call("POST", ahead, json={"date_gmt": f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT%H:%M:%S}"})
    site.call("POST", locked, json={"password": "sesame"})
    site.call("DELETE", trashed)
    requests = len(site.requests())
    reasons = [refused(outcome) for outcome in publish(place_of(site), *contents)]
    for reason, words in zip(
        reasons, ("in the future", "protected by a password", "in the trash"), strict=True
    ):
        assert words in reason
    assert writes(site, requests) == []


def test_a_foreign_post_at_the_number_or_the_address_is_never_touched(site: WordPress) -> None:
    (other,) = seeded(site, 1)
    requests = len(site.requests())
    same_number = a_new_one(
        imported_from={"site": site.url, "post_id": other.article_id, "guid": f"{site.url}/?p=999999"}
    )
    assert "another one than the desk knows" in refused(publish(place_of(site), same_number)[0])
    assert "another one than the desk knows" in refused(withdraw(place_of(site), same_number))
    assert writes(site, requests) == []

    site.call("POST", f"/posts/{other.article_id}", json={"slug": "taken"})
    requests = len(site.requests())
    assert "“taken”" in refused(publish(place_of(site), a_new_one(slug="taken"))[0])
    assert withdraw(place_of(site), a_new_one(slug="taken")).result is Result.DONE
    assert writes(site, requests) == []


def test_a_number_of_another_site_is_not_believed_but_a_guid_that_has_moved_along_is(site: WordPress) -> None:
    moved, by_chance = seeded(site, 2)
    elsewhere = {
        "site": "https://old.example.test",
        "post_id": moved.article_id,
        "guid": moved.imported_from["guid"],
    }
    assert results(publish(place_of(site), replace(moved, imported_from=elsewhere))) == ["done"]
    number = {
        "site": "https://old.example.test",
        "post_id": by_chance.article_id,
        "guid": "https://old.example.test/?p=7",
    }
    (outcome,) = publish(place_of(site), a_new_one(imported_from=number))
    assert results([outcome]) == ["done"]
    assert outcome.remote is not None
    assert outcome.remote.remote_id != str(by_chance.article_id)
    assert states(site, [moved, by_chance])[0][0] == "publish"
    assert states(site, [by_chance])[0][0] != "publish"


def test_withdrawing_is_not_indexable_first_then_a_draft_that_keeps_its_date_and_twice_is_once(
    site: WordPress,
) -> None:
    (content,) = seeded(site, 1)
    (there,) = publish(place_of(site), content)
    assert there.remote is not None
    date = states(site, [content])[0][2]
    known = replace(content, remote=there.remote)
    outcome = withdraw(place_of(site), known)
    assert outcome.remote == Remote(
        there.remote.remote_id, there.remote.guid, there.remote.url, "withdrawn", ""
    )
    sent = [line for line in outcome.request["calls"] if line.startswith("send")]
    assert ["indexable" in line for line in sent] == [True, False]
    assert states(site, [content]) == [("draft", "", date)]
    seen = KIND.verify(place_of(site), known)
    assert seen is not None
    assert (seen.status, seen.indexable) == (404, False)

    requests = len(site.requests())
    assert withdraw(place_of(site), known).result is Result.DONE
    assert writes(site, requests) == []
    assert results(publish(place_of(site), known)) == ["done"]
    assert states(site, [content]) == [("publish", "1", date)]


def test_what_lies_in_the_trash_is_not_indexable_when_it_comes_back(site: WordPress) -> None:
    (content,) = seeded(site, 1)
    publish(place_of(site), content)
    site.call("DELETE", f"/posts/{content.article_id}")
    assert withdraw(place_of(site), content).result is Result.DONE
    assert states(site, [content])[0][:2] == ("trash", "")


def test_what_a_failed_publication_left_there_is_found_and_taken_away(
    site: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wrote down the number of what was created before everything broke off."""
    monkeypatch.setattr(wordpress_rest, "call", losing(lambda number: number == 1))
    publish(place_of(site), a_new_one())
    monkeypatch.undo()
    outcome = withdraw(place_of(site), a_new_one())
    assert outcome.remote is not None
    assert states(site, [a_new_one(article_id=int(outcome.remote.remote_id))])[0][:2] == ("draft", "")


def test_without_the_plugin_nothing_is_published_and_the_check_says_so(site: WordPress) -> None:
    (content,) = seeded(site, 1)
    plugin = site.folder / "htdocs/wp-content/mu-plugins/alphanode-meta.php"
    away = plugin.rename(plugin.with_suffix(".off"))
    try:
        checked = KIND.check(place_of(site))
        (outcome,) = publish(place_of(site), content)
    finally:
        away.rename(plugin)
    assert (checked.result, outcome.result) == (Result.RETRY, Result.RETRY)
    assert "“indexable”" in checked.reason
    assert checked.reason == outcome.reason
    assert states(site, [content])[0][0] != "publish"


def test_a_wrong_password_and_too_few_rights_are_told_and_nothing_is_lost(site: WordPress) -> None:
    contents = seeded(site, 3)
    wrong = place_of(site, password="abcd abcd abcd abcd abcd abcd")
    for place, words in (
        (wrong, "does not accept the user name and the application password"),
        (place_of(site, "CONTRIBUTOR"), "takes an editor"),
    ):
        outcomes = publish(place, *contents, a_new_one())
        assert [one.result for one in outcomes] == [Result.RETRY, *[Result.LATER] * 3]
        assert words in outcomes[0].reason
        assert words in KIND.check(place).reason
        before = len(site.requests())
        assert words in publish(place, a_new_one())[0].reason
        assert writes(site, before) == []  # else it would be created a second time
        assert words in withdraw(place, a_new_one()).reason  # else it would count as gone
        assert place.password not in str(outcomes) + repr(place)
    assert not any(status == "publish" for status, _, _ in states(site, contents))
    assert results(publish(place_of(site), *contents)) == ["done"] * 3


def test_a_site_that_is_down_or_that_does_not_rewrite_addresses(site: WordPress) -> None:
    (content,) = seeded(site, 1)
    with site.stopped():
        outcomes = publish(place_of(site), content, content)
    assert [one.result for one in outcomes] == [Result.RETRY, Result.LATER]
    assert "cannot be reached" in outcomes[0].reason
    option = "UPDATE wp_options SET option_value = '{}' WHERE option_name = 'permalink_structure'"
    site.sql(option.format(""))
    try:
        assert KIND.check(place_of(site)).result is Result.DONE
        (outcome,) = publish(place_of(site, url=f"{site.url}/wp-admin/"), content)
    finally:
        site.sql(option.format("/%postname%/"))
    assert results([outcome]) == ["done"]
    assert outcome.remote is not None
    assert outcome.remote.url == f"{site.url}/?p={content.article_id}"


def test_the_check_says_who_we_are_and_writes_nothing(site: WordPress) -> None:
    requests = len(site.requests())
    outcome = KIND.check(place_of(site))
    assert (outcome.result, outcome.reason) == (Result.DONE, "The site lets the desk in as editor (editor).")
    assert writes(site, requests) == []


def test_what_is_not_indexable_is_refused_whatever_was_asked() -> None:
    nowhere = Place(1, "wordpress", "Site", "http://127.0.0.1:9", allow_private=True)
    assert "not indexable" in refused(publish(nowhere, a_new_one(indexable=False))[0])


def test_a_text_in_another_spelling_is_the_same_text(site: WordPress) -> None:
    """As WordPress stores it of a user who may not post any HTML, and with the line ends of Windows."""
    (content,) = seeded(site, 1)
    raw = "<!-- wp:paragraph -->\r\n<p>Fish &amp; <STRONG>chips</STRONG></p>\r\n<!-- /wp:paragraph -->"
    site.call("POST", f"/posts/{content.article_id}", json={"content": raw, "title": "Fish &amp; chips"})
    approved = replace(content, html="<p>Fish &amp; <strong>chips</strong></p>", title="Fish & chips")
    assert results(publish(place_of(site), approved)) == ["done"]
