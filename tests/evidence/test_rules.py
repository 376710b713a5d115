"""Placeholder services, the form of links, reading times, and how often a name is spoken."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.evidence.rules import link_fault, placeholder_host, reading_minutes, spoken_of, years_since


@pytest.mark.parametrize(
    "address",
    [
        "https://picsum.photos/seed/1/1200/630",
        "https://fastly.picsum.photos/id/1",
        "http://via.placeholder.com/150",
        "https://placehold.co/600x400",
        "https://PLACEHOLDER.example.org/1200x630.png?text=a",
        "https://dummyimage.com:443/600x400/000/fff",
    ],
)
def test_a_placeholder_service_is_known(address: str) -> None:
    assert placeholder_host(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://images.example.com/a.png",
        "https://notpicsum.photos/1",
        "https://example.com/placehold.co/1",
        "https://picsum.photos.example.com/",
    ],
)
def test_other_hosts_are_none(address: str) -> None:
    assert not placeholder_host(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com",
        "http://docs.example.co.uk:8080/a?b#c",
        "https://192.0.2.1/a",
        "https://[2001:db8::1]/",
        "mailto:a@example.com?subject=b",
        "https://bücher.example/a",
    ],
)
def test_a_well_formed_link_has_no_fault(address: str) -> None:
    assert link_fault(address) == ""


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("", "has no address"),
        ("https://example", "names no public host"),
        ("https://exa mple.com/", "names no public host"),
        ("https://example..com/", "names no public host"),
        ("https://example.com:99999/", "cannot be read as an address"),
        ("https://[broken/", "cannot be read as an address"),
        ("https://example.com/https://other.example/", "holds a second address"),
        ("mailto:nobody", "names no mailbox"),
    ],
)
def test_what_is_wrong_with_a_link_is_told(address: str, fault: str) -> None:
    assert link_fault(address) == fault


@given(st.text())
def test_any_address_can_be_judged(address: str) -> None:
    assert isinstance(link_fault(address), str)
    assert isinstance(link_fault(f"https://{address}"), str)
    assert isinstance(placeholder_host(f"https://{address}"), str)


def test_reading_takes_at_least_a_minute() -> None:
    assert [reading_minutes(words) for words in (0, 100, 238, 480, 2380)] == [1, 1, 1, 2, 10]


def test_names_are_counted_as_whole_words() -> None:
    assert spoken_of("redis", ["redis redis and redisson", "not here", "in redis"]) == 3
    assert spoken_of("node js", ["node js is not node"]) == 1
    assert spoken_of("", ["anything"]) == 0


def test_years_are_whole() -> None:
    assert years_since(date(2024, 1, 1), date(2026, 11, 1)) == 2
