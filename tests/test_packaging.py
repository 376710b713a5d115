"""What leaves the checkout: the wheel, and the locks from which everyone installs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
LOCKS = ["runtime", "dev"]

VISIT = """
from review_app.app import create_app
from review_app.base import paths
from review_app.base.database import upgrade

app = create_app()
upgrade(app)
visit = app.test_client().get
answers = [visit(path).status for path in ("/login", "/static/css/base.css", "/vendor/htmx/htmx.min.js")]
print(paths.PACKAGE, answers)
"""


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that a clone would have. Building in the checkout itself would disturb tests that run beside."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    folder = tmp_path_factory.mktemp("clone")
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `make wheel` would build there."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *options, str(clone)], check=True)
    (file,) = folder.glob("*.whl")
    return file


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["templates", "static", "migrations"])
def test_the_wheel_holds_every_file_of_the_folders_beside_the_package(
    wheel: Path, clone: Path, folder: str
) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        f"review_app/_data/{path.relative_to(clone).as_posix()}"
        for path in (clone / folder).rglob("*")
        if path.is_file()
    }
    assert expected
    assert expected <= packed


@pytest.mark.slow
def test_the_wheel_holds_htmx_and_nothing_of_the_tests(wheel: Path) -> None:
    packed = zipfile.ZipFile(wheel).namelist()
    assert "review_app/_vendor/htmx.org/dist/htmx.min.js" in packed
    assert not [name for name in packed if not name.startswith(("review_app/", "review_desk-"))]


@pytest.mark.slow
def test_the_installed_wheel_answers_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("REVIEW_")}
    variables |= {"PYTHONPATH": str(tmp_path / "site"), "REVIEW_DATA_DIR": str(tmp_path / "var")}
    command = [sys.executable, "-c", VISIT]
    run = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == f"{tmp_path / 'site/review_app'} {['200 OK'] * 3}"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text()
    assert not re.findall(r"\S*(?:://|--index|--extra|--find-links|--trusted| @ |file:)\S*", text)


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_one_version_with_its_hashes(name: str) -> None:
    entries = _entries(name)
    assert entries
    for requirement, hashes in entries:
        assert [version.operator for version in requirement.specifier] == ["=="], requirement
        assert hashes, requirement


def test_the_locks_satisfy_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    runtime = [*project["project"]["dependencies"], *groups["build"], *project["build-system"]["requires"]]
    _assert_satisfied("runtime", runtime)
    _assert_satisfied("dev", [*runtime, *groups["dev"]])


def test_development_uses_the_versions_of_the_runtime_lock() -> None:
    runtime = {str(requirement) for requirement, _ in _entries("runtime")}
    assert runtime <= {str(requirement) for requirement, _ in _entries("dev")}


def _entries(name: str) -> list[tuple[Requirement, list[str]]]:
    """Each requirement of a lock and its hashes."""
    text = (ROOT / f"requirements/{name}.txt").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    split = [line.partition("--hash=") for line in lines]
    return [(Requirement(line), re.findall(r"sha256:[0-9a-f]{64}", hashes)) for line, _, hashes in split]


def _assert_satisfied(name: str, asked: list[str]) -> None:
    pinned = {requirement.name: requirement for requirement, _ in _entries(name)}
    for requirement in map(Requirement, asked):
        (version,) = pinned[requirement.name.lower()].specifier
        assert requirement.specifier.contains(version.version), f"{requirement}: run `make lock`"
