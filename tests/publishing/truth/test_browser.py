"""The page of the truth check in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.publishing.truth.conftest import with_header
from tests.support.accessibility import assert_accessible_in_each_look, log_in

pytestmark = pytest.mark.browser


def test_axe_finds_nothing_on_the_page_of_the_truth_check(open_page, lead, published, proxy, look):
    published("a-1", "a-2")
    proxy.lie = with_header("X-Robots-Tag", "noindex, nofollow, noarchive, nosnippet, noimageindex")
    look(timedelta(days=1, hours=3))
    page = open_page()
    log_in(page, lead)
    page.goto("/publications/truth")
    assert_accessible_in_each_look(page)
