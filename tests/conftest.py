"""What every test can ask for. The fixtures stand in `tests/support`, one file a concern."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# Each before those that import from it.
pytest_plugins = [
    "tests.support.network",
    "tests.support.application",
    "tests.support.databases",
    "tests.support.queues",
    "tests.support.browser",
    "tests.support.cast",
]

# Neither deadline nor speed limit: a busy machine may pause for longer than any example takes.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", _PATIENT, max_examples=30)
settings.register_profile("thorough", _PATIENT, max_examples=200)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def base_url() -> None:
    """None: each test's server has its own. Here, since only a conftest outdoes pytest-playwright's, which warns."""
