"""A WordPress that is, after each test, as it was before it: others read it too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.wordpress import WordPress

CLEAN = """
    DELETE FROM wp_posts WHERE ID > {0};
    DELETE FROM wp_postmeta WHERE post_id > {0};
    DELETE FROM wp_term_relationships WHERE object_id > {0}
"""


@pytest.fixture
def site(wordpress: WordPress) -> Iterator[WordPress]:
    last = wordpress.sql("SELECT MAX(ID) FROM wp_posts")[0][0]
    yield wordpress
    wordpress.sql(CLEAN.format(last))
