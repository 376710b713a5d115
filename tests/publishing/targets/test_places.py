"""One place is one target, an address is one that can be, and a place's answer tells nobody our secrets."""

from __future__ import annotations

import base64

import pytest

from review_app.base.errors import Invalid
from review_app.publishing.deliveries.redaction import HIDDEN, without_secrets
from review_app.publishing.kinds.face import Outcome, Place, Result
from tests.publishing.targets.conftest import PASSWORD, Add


@pytest.mark.parametrize(
    "url",
    [
        "https://blog.example.com",
        "https://blog.example.com/",
        "http://www.BLOG.example.com:80/wp-admin/",
        "https://blog.example.com./index.php",
    ],
)
def test_a_wordpress_site_is_one_target(add: Add, url: str) -> None:
    add("wordpress")
    with pytest.raises(Invalid) as refused:
        add("wordpress", "Another", url=url)
    assert "My wordpress" in refused.value.fields["url"][0]


def test_another_site_or_another_folder_is_another_target(add: Add) -> None:
    added = [
        add("wordpress"),
        add("wordpress", "Second", url="https://blog.example.com/news"),
        add("export"),
        add("export", "Second folder", folder="other"),
    ]
    assert len(set(added)) == len(added)


def test_a_folder_is_one_target_and_lies_below_that_of_the_settings(add: Add) -> None:
    add("export")
    for folder in ("export", "/srv/export/", "./export"):
        with pytest.raises(Invalid) as refused:
            add("export", "Another", folder=folder)
        assert "My export" in refused.value.fields["folder"][0]
    for folder in ("../evil", "/etc", "/srv", ".", "/srv-evil", "a/../../x"):
        with pytest.raises(Invalid) as refused:
            add("export", "Another", folder=folder)
        assert refused.value.fields["folder"]


@pytest.mark.parametrize("port", ["99999", "0", "-1", "99999999999999999999"])
def test_a_port_that_there_is_not_is_told_at_its_field(add: Add, port: str) -> None:
    with pytest.raises(Invalid) as refused:
        add("webhook", url=f"http://hooks.example.com:{port}/")
    assert refused.value.fields["url"]


def test_an_answer_that_repeats_our_secrets_is_kept_without_them() -> None:
    secret = "whsec_b3RoZXIgc2VjcmV0IG9mIHRoZSB0ZXN0cw=="
    place = Place(1, "wordpress", "Blog", "https://b.example", "editor", PASSWORD, (secret,))
    basic = base64.b64encode(f"editor:{PASSWORD}".encode()).decode()
    bare = base64.b64encode(f"editor:{PASSWORD.replace(' ', '')}".encode()).decode()
    signature = "v1,sVJV4yqJX0bXo0m3o0bH2kXy8u3bX0kq0aXy8u3bX0k="
    echoed = (
        f"Basic {basic} {bare} {PASSWORD} {PASSWORD.replace(' ', '%20')} {secret} {secret[6:]} {signature}"
    )
    kept = without_secrets(Outcome(Result.RETRY, reason=f"it said {PASSWORD}", response=echoed), place)
    for said in (kept.response, kept.reason):
        assert HIDDEN in said
        for one in (basic, bare, PASSWORD, secret, secret[6:], "sVJV4yqJX0bX", "EFGH"):
            assert one not in said


def test_an_answer_without_secrets_is_kept_as_it_is() -> None:
    place = Place(1, "webhook", "Hook", "https://b.example", "", "", ())
    outcome = Outcome(Result.DONE, response="v1, taken")
    assert without_secrets(outcome, place) == outcome
