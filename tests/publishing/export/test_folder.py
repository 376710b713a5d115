"""Files in a folder: one an article, whole or not at all, below the folder of the settings and nowhere else."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from review_app.base.settings import Settings, SettingsError
from review_app.publishing.export import folder as folder_module
from review_app.publishing.export.commands import export_command
from review_app.publishing.export.folder import BadFolder, open_folder
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Action, Content, Parcel, Place, Result

EXPORT = KINDS["export"]


def content(source_id="a-1", **changes):
    record = {"title": "T", "payload": {"source_id": source_id}, "body": "<p>Text.</p>"}
    values = {"article_id": 1, "source_id": source_id, "slug": "s", "version": "1.0.0", "indexable": True}
    return Content(
        **values
        | {"title": "T", "excerpt": "", "html": "<p>Text.</p>", "public_url": "", "record": record}
        | changes
    )


def parcel(action=Action.PUBLISH, **changes):
    now = datetime.now(UTC)
    return Parcel(1, "msg_1", action, "publication.requested", "article:a-1", 1, now, {}, content(**changes))


@pytest.fixture
def outer(tmp_path):
    made = tmp_path / "exports"
    made.mkdir()
    return made


@pytest.fixture
def place(outer):
    """`place("site")`: a target that writes there."""
    return lambda folder="site", **options: Place(
        7, "export", "Files", "", options={"folder": folder, **options}, export_dir=str(outer)
    )


def test_an_article_is_a_file_that_changes_and_goes(outer, place):
    (done,) = EXPORT.publish(place(), [parcel()])
    assert (done.result, done.remote.remote_id, done.remote.state) == (Result.DONE, "a-1.md", "published")
    file = outer / "site" / "a-1.md"
    assert file.read_text() == "---\ntitle: T\npayload:\n  source_id: a-1\n---\n\nText.\n"
    EXPORT.publish(place(), [parcel(record={"title": "New", "body": ""})])
    assert file.read_text() == "---\ntitle: New\n---\n\n"
    (gone,) = EXPORT.withdraw(place(), [parcel(Action.WITHDRAW)])
    assert (gone.result, gone.remote.state) == (Result.DONE, "withdrawn")
    assert list((outer / "site").iterdir()) == []
    assert EXPORT.withdraw(place(), [parcel(Action.WITHDRAW)])[0].result is Result.DONE


def test_it_may_be_a_line_of_json(outer, place):
    EXPORT.publish(place(format="jsonl"), [parcel()])
    assert json.loads((outer / "site" / "a-1.jsonl").read_text())["body"] == "<p>Text.</p>"


def test_an_article_never_stands_there_in_two_formats_and_goes_in_both(outer, place):
    """A withdrawn article must not stay behind in the format that the target had before."""
    EXPORT.publish(place(), [parcel()])
    EXPORT.publish(place(format="jsonl"), [parcel()])
    assert [found.name for found in (outer / "site").iterdir()] == ["a-1.jsonl"]
    EXPORT.withdraw(place(format="markdown"), [parcel(Action.WITHDRAW)])
    assert list((outer / "site").iterdir()) == []


def test_a_whole_path_below_is_good_too(outer, place):
    assert EXPORT.publish(place(str(outer / "x" / "y")), [parcel()])[0].result is Result.DONE
    assert (outer / "x" / "y" / "a-1.md").exists()


def test_the_button_writes_and_leaves_nothing(outer, place):
    assert EXPORT.check(place()).result is Result.DONE
    assert list((outer / "site").iterdir()) == []


@pytest.mark.parametrize(
    "folder",
    ["..", "../x", "a/../../x", "/etc", "/", "", ".", "./", "a\0b", "{outer}", "{outer}/../x", "{outer}x"],
)
def test_nothing_is_written_anywhere_else(tmp_path, outer, place, folder):
    before = sorted(tmp_path.rglob("*"))
    named = folder.replace("{outer}", str(outer))
    for outcome in (EXPORT.check(place(named)), *EXPORT.publish(place(named), [parcel()])):
        assert outcome.result is Result.RETRY
        assert "folder" in outcome.reason
    assert sorted(tmp_path.rglob("*")) == before


def test_without_the_setting_nothing_is_written(place):
    nowhere = Place(7, "export", "Files", "", options={"folder": "site"})
    assert "REVIEW_EXPORT_DIR" in EXPORT.check(nowhere).reason


@pytest.mark.parametrize("path", ["site", "site/inner"])
def test_no_link_leads_out(tmp_path, outer, place, path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "inner").mkdir(parents=True)
    (outer / "site").symlink_to(elsewhere)
    (failed,) = EXPORT.publish(place(path), [parcel()])
    assert (failed.result, "link" in failed.reason) == (Result.RETRY, True)
    assert [found.name for found in elsewhere.rglob("*")] == ["inner"]


def test_a_link_that_waits_in_the_place_of_a_file_is_replaced_and_not_followed(tmp_path, outer, place):
    secret = tmp_path / "secret"
    secret.write_text("untouched")
    (outer / "site").mkdir()
    for name in ("a-1.md", ".a-1.md.part"):
        (outer / "site" / name).symlink_to(secret)
    assert EXPORT.publish(place(), [parcel()])[0].result is Result.DONE
    assert secret.read_text() == "untouched"
    assert not (outer / "site" / "a-1.md").is_symlink()
    (outer / "site" / "a-1.md").unlink()
    (outer / "site" / "a-1.md").symlink_to(secret)
    EXPORT.withdraw(place(), [parcel(Action.WITHDRAW)])
    assert secret.read_text() == "untouched"


def test_a_folder_that_is_swapped_while_it_is_open_leads_nowhere_else(tmp_path, outer):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with open_folder(outer, "site") as folder:
        (outer / "site").rename(outer / "moved")
        (outer / "site").symlink_to(elsewhere)
        folder.write("a-1.md", b"x")
    assert list(elsewhere.iterdir()) == []
    assert (outer / "moved" / "a-1.md").read_bytes() == b"x"


def test_what_breaks_off_leaves_the_file_that_was_there(outer, place, monkeypatch):
    EXPORT.publish(place(), [parcel()])

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module.os, "fsync", full)
    (failed,) = EXPORT.publish(place(), [parcel(record={"title": "New", "body": ""})])
    assert (failed.result, "No space left" in failed.reason) == (Result.RETRY, True)
    assert [found.name for found in (outer / "site").iterdir()] == ["a-1.md"]
    assert "title: T" in (outer / "site" / "a-1.md").read_text()


@pytest.mark.parametrize("source_id", ["../x", "a/b", ".hidden", "", "a\0"])
def test_what_is_no_source_id_is_no_name(outer, place, source_id):
    with pytest.raises(ValueError, match="source_id"):
        EXPORT.publish(place(), [parcel(source_id=source_id)])
    assert not any(found.is_file() for found in outer.rglob("*"))


def test_the_folder_is_named_without_dots_even_if_it_would_stay_inside(outer):
    with pytest.raises(BadFolder), open_folder(outer, "a/../b"):
        pass


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(app, settings, outer):
    app.extensions["settings"] = dataclasses.replace(settings, export_dir=outer)
    return lambda *words: app.test_cli_runner().invoke(export_command, list(words))


def test_the_command_writes_a_folder_and_takes_away_what_is_withdrawn(run, outer, approve, publish, withdraw):
    approve("a-1", "a-2")
    publish("a-1", "a-2")
    first = run("--folder", "site", "--format", "markdown")
    assert first.exit_code == 0, first.output
    assert first.stderr.startswith("2 published articles, 0 withdrawn\n")
    (outer / "site" / "README").write_text("of somebody else")
    withdraw("a-1")
    again = run("--folder", "site", "--format", "markdown", "--json")
    told = json.loads(again.stderr)
    assert (told["published"], told["withdrawn"]) == (1, 1)
    assert sorted(found.name for found in (outer / "site").iterdir()) == ["README", "a-2.md"]


def test_the_command_writes_one_file_or_to_standard_output(run, tmp_path, approve, publish):
    approve("a-1")
    publish("a-1")
    assert run("--file", str(tmp_path / "out.jsonl")).exit_code == 0
    line = (tmp_path / "out.jsonl").read_text()
    assert json.loads(line)["payload"]["source_id"] == "a-1"
    cursor = run("--file", "-").stderr.splitlines()[-1]
    since = run("--file", "-", "--since", cursor)
    assert since.stdout == line
    packed = tmp_path / "out.tar.gz"
    assert run("--format", "markdown", "--file", str(packed)).exit_code == 0
    assert packed.read_bytes().startswith(b"\x1f\x8b")
    assert sorted(found.name for found in tmp_path.glob(".export-*")) == []


@pytest.mark.parametrize(
    "words", [(), ("--folder", "a", "--file", "b"), ("--folder", "../x"), ("--file", "/nowhere/x.jsonl")]
)
def test_what_cannot_be_written_is_said(run, words):
    result = run(*words)
    assert result.exit_code in (1, 2)
    assert "Error" in result.stderr


# --- the settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["relative", "/", "/srv/../etc"])
def test_the_folder_of_the_settings_is_a_whole_path(tmp_path, folder):
    with pytest.raises(SettingsError, match="REVIEW_EXPORT_DIR"):
        Settings.from_environment({"REVIEW_DATA_DIR": str(tmp_path), "REVIEW_EXPORT_DIR": folder})


@pytest.mark.parametrize("language", ["e", "english language", 'en"><script>', "-"])
def test_the_language_of_the_site_is_a_tag(tmp_path, language):
    with pytest.raises(SettingsError, match="REVIEW_SITE_LANGUAGE"):
        Settings.from_environment({"REVIEW_DATA_DIR": str(tmp_path), "REVIEW_SITE_LANGUAGE": language})


def test_the_site_is_called_as_its_host_if_nobody_says_otherwise(tmp_path):
    address = {"REVIEW_DATA_DIR": str(tmp_path), "REVIEW_BASE_URL": "https://desk.example.org/"}
    assert Settings.from_environment(address).site_name == "desk.example.org"
    assert Settings.from_environment(address | {"REVIEW_SITE_NAME": " The  Bench "}).site_name == "The Bench"
