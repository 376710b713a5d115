"""What the many applications of a test process share, since each would else make it anew: nothing here ever changes once made.

A test's application lives for a fraction of a second. Half of that went into compiling the same templates, addresses and
statements as in the test before it, and into looking for garbage among the modules and tests that were loaded.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any, ClassVar

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from review_app.base.database import db

STATEMENTS = 2_000
"""How many compiled statements are kept: more than there are."""

TESTS_BETWEEN_SWEEPS = 20
"""An application leaves some 30,000 objects that hold each other; so many tests' are some fifty megabytes."""


def share(app: Flask) -> None:
    """Let this application use what the others have made."""
    app.jinja_env.bytecode_cache = _Templates()
    with app.app_context():
        for engine in db.engines.values():
            engine.update_execution_options(compiled_cache=_statements)


# --- templates --------------------------------------------------------------------------------------------------------


class _Templates(BytecodeCache):
    """The code of each template, by its name and a digest of its source."""

    compiled: ClassVar[dict[tuple[str, str], CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """What was compiled of the same source before."""
        bucket.code = self.compiled.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        if bucket.code:
            self.compiled[bucket.key, bucket.checksum] = bucket.code


# --- addresses --------------------------------------------------------------------------------------------------------

Build = Callable[..., tuple[str, str]]


@dataclass(slots=True)
class _Pattern:
    """A route's pattern taken apart, and the code that builds addresses of it, once some test asked for one."""

    parts: list[Any]
    trace: list[Any]
    converters: dict[str, Any]
    builds: tuple[Build, Build]


_patterns: dict[Any, _Pattern] = {}


def _compile_patterns_once() -> None:
    """Werkzeug takes each route's pattern apart and compiles code for its addresses, for every application anew."""
    compile_now = Rule.compile

    def compile_or_copy(rule: Rule) -> None:
        address_map = rule.map
        assert address_map is not None
        where = (rule.rule, rule.host, rule.subdomain, address_map.host_matching, rule.merge_slashes)
        key = (where, *address_map.converters.items(), *sorted((rule.defaults or {}).items()))
        pattern = _patterns.get(key)
        if pattern is None:
            compile_now(rule)
            builds = rule._build.__func__, rule._build_unknown.__func__  # type: ignore[attr-defined]
            pattern = _patterns[key] = _Pattern(rule._parts, rule._trace, rule._converters, builds)
        rule._parts, rule._trace = pattern.parts.copy(), pattern.trace.copy()
        rule._converters = pattern.converters.copy()
        rule.arguments.update(pattern.converters)
        rule._build, rule._build_unknown = (build.__get__(rule, None) for build in pattern.builds)

    Rule.compile = compile_or_copy  # type: ignore[method-assign]


def _compile_addresses_when_asked() -> None:
    """A test builds the addresses of few routes, so that code is compiled for them only."""
    compile_now = Rule._compile_builder

    def compile_later(rule: Rule, append_unknown: bool = True) -> Build:
        made: list[Build] = []

        def build(self: Rule, *values: Any, **named: Any) -> tuple[str, str]:
            if not made:
                made.append(compile_now(rule, append_unknown))
            return made[0](self, *values, **named)

        return build

    Rule._compile_builder = compile_later  # type: ignore[method-assign]


_compile_addresses_when_asked()
_compile_patterns_once()


# --- statements -------------------------------------------------------------------------------------------------------

_statements: LRUCache[Any, Any] = LRUCache(STATEMENTS)
"""SQLAlchemy keeps a compiled statement by its form and its dialect, one cache an engine."""


class _OncePerOptions(type):
    """One dialect for all engines of the same options, for what is compiled for one is of no use to another."""

    made: ClassVar[dict[Any, Any]] = {}

    def __call__(cls, **options: Any) -> Any:
        key = (cls, *sorted(options.items(), key=lambda option: option[0]))
        if key not in cls.made:
            cls.made[key] = super().__call__(**options)
        return cls.made[key]


class SharedSQLite(SQLiteDialect_pysqlite, metaclass=_OncePerOptions):
    """SQLAlchemy's own."""

    supports_statement_cache = True


class SharedPostgreSQL(PGDialect_psycopg, metaclass=_OncePerOptions):
    """SQLAlchemy's own."""

    supports_statement_cache = True


registry.register("sqlite", __name__, "SharedSQLite")
registry.register("postgresql", __name__, "SharedPostgreSQL")


# --- memory -----------------------------------------------------------------------------------------------------------

_ended = itertools.count(1)


def pytest_collection_finish() -> None:
    """Look for garbage only among what tests make: not in the modules and tests that are there until the end.

    Else Python does so very often, and two fifths of the time go into it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Sweep often enough that what a test has left open is found near it, for it warns when it is swept."""
    if next(_ended) % TESTS_BETWEEN_SWEEPS == 0:
        gc.collect()
