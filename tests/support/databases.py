"""Which tests run on which database, and a fresh, migrated one for every test; for PostgreSQL see `postgresql`."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.application import migrate

KINDS = ("sqlite", "postgresql")
ONE_DATABASE = (
    "accounts/test_again.py",
    "accounts/test_commands.py",
    "accounts/test_login.py",
    "accounts/test_profile.py",
    "accounts/test_users.py",
    "api/test_access.py",
    "api/test_articles.py",
    "api/test_conformance.py",
    "api/test_decisions.py",
    "api/test_document.py",
    "api/test_drafts.py",
    "api/test_evidence.py",
    "api/test_imports.py",
    "api/test_merges.py",
    "api/test_places.py",
    "api/test_publishing.py",
    "api/test_stats.py",
    "api/test_views.py",
    "articles/test_views.py",
    "evidence/test_facts.py",
    "evidence/test_views.py",
    "importing/hostile/test_hostile.py",
    "importing/test_browser.py",
    "importing/test_import_command.py",
    "importing/test_import_views.py",
    "importing/test_real_wordpress.py",
    "importing/test_refused.py",
    "importing/test_sources.py",
    "importing/test_sources_feed.py",
    "importing/test_sources_pages.py",
    "importing/test_sources_wordpress.py",
    "insights/test_browser.py",
    "insights/test_pages.py",
    "notifications/test_notifications.py",
    "operations/test_demo_calendar.py",
    "operations/test_demo_loading.py",
    "operations/test_demo_removal.py",
    "operations/test_demo_round_trip.py",
    "operations/test_serving.py",
    "publishing/export/test_downloads.py",
    "publishing/export/test_round_trip.py",
    "publishing/outside/test_cloudflare.py",
    "publishing/outside/test_indexnow.py",
    "publishing/targets/test_api.py",
    "publishing/targets/test_browser.py",
    "publishing/targets/test_commands.py",
    "publishing/targets/test_pages.py",
    "publishing/targets/test_places.py",
    "publishing/targets/test_targets.py",
    "publishing/test_browser.py",
    "publishing/test_command.py",
    "publishing/test_hook.py",
    "publishing/test_hook_page.py",
    "publishing/test_new_text.py",
    "publishing/test_pages.py",
    "publishing/test_public.py",
    "publishing/test_public_site.py",
    "publishing/test_runs_pages.py",
    "publishing/truth/test_browser.py",
    "publishing/truth/test_page.py",
    "publishing/truth/test_rules.py",
    "publishing/truth/test_truth.py",
    "publishing/wordpress/test_through_the_desk.py",
    "review_queue/test_assignments.py",
    "review_queue/test_browser.py",
    "review_queue/test_place.py",
    "review_queue/test_place_pages.py",
    "review_queue/test_saved_views.py",
    "review_queue/test_views.py",
    "reviewing/bulk/test_browser.py",
    "reviewing/bulk/test_running.py",
    "reviewing/bulk/test_views.py",
    "reviewing/test_deciding.py",
    "reviewing/test_draft_views.py",
    "reviewing/test_drafts.py",
    "reviewing/test_journey.py",
    "reviewing/test_keys.py",
    "reviewing/test_languages.py",
    "reviewing/test_merge_views.py",
    "reviewing/test_merging.py",
    "reviewing/test_never_lost.py",
    "reviewing/test_notes.py",
    "reviewing/test_notes_browser.py",
    "reviewing/test_policy_views.py",
    "reviewing/test_presence.py",
    "reviewing/test_query_counts.py",
    "reviewing/test_reasons.py",
    "reviewing/test_views.py",
    "test_architecture.py",
    "test_assets.py",
    "test_documented.py",
    "test_error_pages.py",
    "test_every_page.py",
    "test_languages.py",
    "test_packaging.py",
    "test_security.py",
    "test_told.py",
)
"""What is tested once, on the first of the databases that were chosen: pages, words, answers, and rules that ask nothing of a
database that another does not ask of each. On each are tested whatever locks, leases, searches, counts, sums or migrates, the
gate to the index with decisions, rollbacks and imports in any order, and everything that is killed or done at once."""


def _kinds(text: str) -> list[str]:
    kinds = text.split(",")
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise argparse.ArgumentTypeError(f"knows {', '.join(KINDS)}, not {', '.join(sorted(unknown))}")
    return kinds


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--databases sqlite,postgresql` runs every test that uses a database once on each."""
    parser.addoption("--databases", type=_kinds, default=["sqlite"], help="some of: " + ", ".join(KINDS))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses a database once on each of those chosen, or on the first if it is of `ONE_DATABASE`."""
    if "database_kind" in metafunc.fixturenames:
        kinds = metafunc.config.getoption("--databases")
        if metafunc.definition.get_closest_marker("only_sqlite"):
            kinds = ["sqlite"]
        elif metafunc.definition.get_closest_marker("only_postgresql"):
            kinds = [kind for kind in kinds if kind == "postgresql"]
        elif metafunc.definition.path.as_posix().endswith(ONE_DATABASE):
            kinds = kinds[:1]
        metafunc.parametrize("database_kind", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`."""
    return request.param


@pytest.fixture
def examples(database_kind: str, request: pytest.FixtureRequest) -> int:
    """How many examples a property that works on the database is tried with: on a second database a quarter of them.

    The rules that are tried are the same code there; what differs are constraints, locks and types, which few examples meet.
    """
    is_first = database_kind == request.config.getoption("--databases")[0]
    return settings.default.max_examples if is_first else settings.default.max_examples // 4


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """The address of an empty database that has every table, for this test alone."""
    return request.getfixturevalue(f"_{database_kind}_url")


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    file = folder / "template.sqlite3"
    migrate(f"sqlite:///{file}", folder)
    return file


@pytest.fixture
def _sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    file = shutil.copy(_sqlite_template, tmp_path / "review.sqlite3")
    return f"sqlite:///{file}"
