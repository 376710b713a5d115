"""What a secret may be, and how an answer of a place is shown."""

from __future__ import annotations

import base64
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from review_app.publishing.targets.rules import SHAPES, TargetKind, fit_secret, harmless, made_secret


def test_a_secret_that_the_desk_makes_is_fresh_and_one_that_others_can_use() -> None:
    made = {made_secret(TargetKind.WEBHOOK) for _ in range(20)}
    assert len(made) == 20
    for secret in made:
        assert fit_secret(TargetKind.WEBHOOK, secret) == secret
        assert Webhook(secret)
    assert fit_secret(TargetKind.INDEXNOW, made_secret(TargetKind.INDEXNOW))


@pytest.mark.parametrize(("size", "fits"), [(23, False), (24, True), (64, True), (65, False), (0, False)])
def test_a_secret_of_webhooks_has_24_to_64_bytes(size: int, fits: bool) -> None:
    secret = base64.b64encode(bytes(size)).decode()
    kept = f"whsec_{secret}" if fits else None
    assert fit_secret(TargetKind.WEBHOOK, secret) == fit_secret(TargetKind.WEBHOOK, f"whsec_{secret}") == kept


def test_a_secret_that_is_no_base64_is_none() -> None:
    assert fit_secret(TargetKind.WEBHOOK, "whsec_not base64 at all, whatever it says") is None
    assert fit_secret(TargetKind.INDEXNOW, "has blanks in it") is None


@given(st.text())
def test_nothing_that_acts_is_left_of_what_a_place_said(text: str) -> None:
    shown = harmless(text)
    left = {letter for letter in shown if unicodedata.category(letter) in {"Cc", "Cs"}} - {"\n", "\t"}
    assert left == set()
    assert not set(shown) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u200b\ufeff"
    )


def test_what_can_be_read_stays() -> None:
    text = "Grüße, 你好, مرحبا\n\tand a line"
    assert harmless(text) == text
    assert harmless("a\r\nb\x1b[31m\x00\x9b\u202egnp") == "a\nb\ufffd[31m\ufffd\ufffd\ufffdgnp"


def test_every_field_has_its_place_in_the_form() -> None:
    for shape in SHAPES.values():
        assert set(shape.fields) == set(shape.needs + shape.may)
