"""The page of the hook: an example that works as it stands, and who called."""

from __future__ import annotations

import dataclasses
import html
import os
import re
import shutil
import subprocess

import pytest

from review_app.base.settings import Settings
from review_app.publishing.models import HookLog
from tests.factories import LONG_AGO
from tests.support.application import environment


@pytest.fixture
def example(browser_of, lead):
    """The example of the page, as a reader would copy it."""

    def read(**environ):
        page = browser_of(lead).get("/publications/hook", environ_overrides=environ).text
        return html.unescape(re.search(r'<pre id="hook-example"[^>]*><code>(.*?)</code>', page, re.DOTALL)[1])

    return read


def test_the_example_of_the_page_makes_a_call_that_is_taken(live_server, example, approve):
    for program in ("curl", "openssl"):
        assert shutil.which(program), f"{program} is not installed, so the example cannot be tried"
    approve("good")
    port = live_server.url.rpartition(":")[2]
    script = example(SERVER_NAME="127.0.0.1", SERVER_PORT=port)
    secret = live_server.app.extensions["settings"].publish_hook_secrets[0]
    called = subprocess.run(  # the page's own example
        ["/bin/sh", "-e", "-c", script],
        env={"PATH": os.environ["PATH"], "SECRET": secret, "no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert called.returncode == 0, called.stderr
    assert '"accepted":["good"]' in called.stdout.replace(" ", "").replace("\n", "")


def test_the_page_says_where_development_keeps_the_secret_that_it_made(app, browser_of, lead):
    page = browser_of(lead).get("/publications/hook").text
    (command,) = re.findall(r"<code>(SECRET=.*?)</code>", page)
    settings = app.extensions["settings"]
    told = subprocess.run(  # the page's own command
        ["/bin/sh", "-e", "-c", html.unescape(command) + '; printf %s "$SECRET"'],
        env={"PATH": os.environ["PATH"], "REVIEW_DATA_DIR": str(settings.data_dir)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout
    assert (told,) == settings.publish_hook_secrets


def test_whoever_sets_a_secret_is_told_of_no_other(app, browser_of, lead, tmp_path, database_url):
    given = environment(database_url, tmp_path) | {"REVIEW_PUBLISH_HOOK_SECRET": "whsec_MTIzNDU2Nzg="}
    app.extensions["settings"] = Settings.from_environment(given)
    assert "publish_hook_secret" not in browser_of(lead).get("/publications/hook").text


def test_the_page_tells_no_secret(example, app, browser_of, lead):
    secret = app.extensions["settings"].publish_hook_secrets[0]
    assert secret.removeprefix("whsec_") not in browser_of(lead).get("/publications/hook").text


def test_the_calls_are_listed_the_newest_first_a_page_at_a_time(browser_of, lead, session_of):
    with session_of() as session:
        for number in range(30):
            session.add(
                HookLog(
                    called_at=LONG_AGO,
                    webhook_id=f"call-{number:02}",
                    address="192.0.2.1",
                    status=401,
                    reason="<b>",
                )
            )
    browser = browser_of(lead)
    first = browser.get("/publications/hook").text
    assert "call-29" in first
    assert "call-04" not in first
    assert "<b>" not in first
    second = browser.get(html.unescape(re.search(r'href="([^"]*after=[^"]*)"', first)[1])).text
    assert "call-04" in second
    assert "call-05" not in second


def test_it_is_for_leads(browser_of, reviewer):
    assert browser_of(reviewer).get("/publications/hook").status_code == 403


def test_a_desk_without_a_secret_says_what_to_do(browser_of, lead, app):
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], publish_hook_secrets=())
    assert "set REVIEW_PUBLISH_HOOK_SECRET" in browser_of(lead).get("/publications/hook").text
