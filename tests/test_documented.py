"""What the documents say that there is, there is, and the other way round: settings with their defaults, and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from review_app.base.settings import IMPORT_LIMITS, Settings, SettingsError
from review_app.importing.limits import DEFAULT_LIMITS

DOCS = Path(__file__).resolve().parent.parent / "docs"
ROW = re.compile(r"^\| `(REVIEW_[A-Z_]+)` \| ([^|]*) \|", re.MULTILINE)
VARIABLE = re.compile(r"\bREVIEW_[A-Z]+(?:_[A-Z]+)*\b(?!_)")
ADDRESS = re.compile(r"`(?:(?:GET|POST|PUT|PATCH|DELETE)[, A-Z]* )?(/[a-z][^`\s?]*)")
PLACE = re.compile(r"\{[^}]*\}|<[^>]*>")


def documented() -> dict[str, str]:
    """Each setting of the tables, with what stands there as its default."""
    return dict(ROW.findall((DOCS / "configuration.md").read_text()))


class Asked(dict[str, str]):
    """An environment that notes what it was asked for."""

    def __init__(self, **values: str) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # no sentinel
        self.names.add(name)
        return super().get(name, default)


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    """The environment, after the settings were read from it."""
    environment = Asked(REVIEW_DATA_DIR=str(tmp_path))
    Settings.from_environment(environment)
    return environment


def test_every_setting_is_documented_and_every_documented_one_is_read(asked: Asked) -> None:
    assert asked.names == set(documented())


def test_whatever_names_a_setting_names_one_that_there_is() -> None:
    known = set(documented())
    for file in (*DOCS.glob("*.md"), DOCS.parent / "README.md"):
        named = {name for name in VARIABLE.findall(file.read_text()) if not name.startswith("REVIEW_TEST_")}
        assert named <= known, file.name


def test_the_documented_defaults_are_the_defaults(tmp_path: Path) -> None:
    usual = Settings.from_environment({"REVIEW_DATA_DIR": str(tmp_path)})
    said = {
        name.removeprefix("REVIEW_").lower(): default.strip("`") for name, default in documented().items()
    }
    figures = {name: int(default) for name, default in said.items() if default.isdigit()}
    for name, figure in figures.items():
        limit = name.removeprefix("import_")
        is_limit = name.startswith("import_") and limit in IMPORT_LIMITS
        assert figure == getattr(*((DEFAULT_LIMITS, limit) if is_limit else (usual, name))), name
    assert len(figures) == len(IMPORT_LIMITS) + 7
    empty = {name for name, default in said.items() if default == "none"}
    for name in empty:
        assert not getattr(usual, name), name
    assert empty == {
        *("redis_url", "image_hosts", "trusted_proxies", "metrics_token"),
        *("import_mapping", "import_folders", "export_dir"),
    }
    assert (said["site_language"], said["allow_private_targets"]) == (usual.site_language, "off")
    assert not usual.allow_private_targets
    assert (said["env"], usual.production) == ("development", False)


def test_a_figure_of_a_setting_that_is_none_stops_the_start(tmp_path: Path) -> None:
    for name, default in documented().items():
        if default.strip("`").isdigit():
            with pytest.raises(SettingsError, match=name):
                Settings.from_environment({"REVIEW_DATA_DIR": str(tmp_path), name: "many"})


def addresses(document: str) -> Iterator[str]:
    """Those between backticks, each variable part as `{}`."""
    for found in ADDRESS.findall((DOCS / document).read_text()):
        yield PLACE.sub("{}", found.replace("-N.xml", "-<part>.xml"))


@pytest.mark.parametrize("document", ["publishing.md", "targets.md", "metrics.md"])
def test_every_address_that_is_documented_is_answered(app: Flask, document: str) -> None:
    rules = {PLACE.sub("{}", rule.rule) for rule in app.url_map.iter_rules()}
    for address in addresses(document):
        assert {address, f"/api/v1{address}"} & rules, f"{document}: {address}"
