"""What every test can ask for. The fixtures stand in `tests/support`, one file a concern."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# Each before those that import from it.
pytest_plugins = [
    "tests.support.network",
    "tests.support.sharing",
    "tests.support.application",
    "tests.support.databases",
    "tests.support.postgresql",
    "tests.support.queues",
    "tests.support.wordpress",
    "tests.support.browser",
    "tests.support.cast",
]

# Neither deadline nor speed limit: a busy machine may pause for longer than any example takes.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _PATIENT, max_examples=30)
settings.register_profile("thorough", _PATIENT, max_examples=100)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def base_url() -> None:
    """None: each test's server has its own. Here, since only a conftest outdoes pytest-playwright's, which warns."""


CORE = (
    "api/test_journey.py",
    "importing/test_import.py",
    "review_queue/test_claims.py",
    "reviewing/test_deciding.py",
    "reviewing/test_gate.py",
    "reviewing/test_rollback.py",
)
"""Of the tests that need a whole application, those that `make check` runs: the promises and the way through."""


AT_LENGTH = (
    "articles/test_markup_bounds.py",
    "articles/test_text_changes.py",
    "evidence/test_rules.py",
    "importing/test_decoding.py",
    "importing/test_limits.py",
    "importing/test_mapping.py",
    "importing/test_php_values.py",
    "importing/test_readers_agree.py",
    "importing/test_readers_csv.py",
    "importing/test_readers_fuzz.py",
    "importing/test_readers_json_document.py",
    "importing/test_readers_markdown.py",
    "importing/test_readers_page_text_written.py",
    "importing/test_readers_recognise.py",
    "importing/test_readers_wxr.py",
    "importing/test_readers_wxr_files.py",
    "importing/test_unpacking.py",
)
"""Tests that try very many inputs; `make check` leaves them to `make test`, or to whoever changes what they try."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make check` leaves out for its minute; `make test` runs all of it."""
    for item in items:
        whole = "app" in getattr(item, "fixturenames", ())
        if whole and not item.path.as_posix().endswith(CORE):
            item.add_marker("whole")
        if item.path.as_posix().endswith(AT_LENGTH):
            item.add_marker("slow")
