"""Where the files lie that are no Python: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
_INSTALLED = PACKAGE / "_data"
_ROOT = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent

TEMPLATES = _ROOT / "templates"
STATIC = _ROOT / "static"
MIGRATIONS = _ROOT / "migrations"
VENDOR = PACKAGE / "_vendor"
"""Packages of others that the browser gets from us, such as `htmx.org/dist/htmx.min.js`; made by the build."""
