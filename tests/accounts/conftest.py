"""What the tests of accounts share."""

from __future__ import annotations

import pytest

from review_app.accounts import views


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long, in seconds, each answer to a wrong password would have waited. Nothing waits in tests."""
    waited: list[float] = []
    monkeypatch.setattr(views, "pause", waited.append)
    return waited
