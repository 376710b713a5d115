"""The house rules, checked on the house itself: routes, files, templates, migrations."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask

from review_app.accounts.permissions import permission_of
from review_app.accounts.rules import ANONYMOUS, LEAST_ROLE, Permission, Role
from review_app.base.paths import PACKAGE, TEMPLATES
from tests.support.cast import TOKEN_FIELD

LONGEST_FUNCTION = 50
LONGEST_FILE = 400
LONGEST_PAGE, LONGEST_PARTIAL = 120, 50
FRAMEWORKS = {
    "flask",
    "flask_login",
    "flask_sqlalchemy",
    "flask_wtf",
    "huey",
    "sqlalchemy",
    "werkzeug",
    "wtforms",
}
ROUTE_DECORATORS = {"route", "get", "post", "put", "patch", "delete"}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}

SOURCES = sorted(
    path for path in PACKAGE.rglob("*.py") if "_vendor" not in path.parts and "_data" not in path.parts
)
TEMPLATE_FILES = sorted(path for path in TEMPLATES.rglob("*") if path.is_file())
PARTIALS = [path for path in TEMPLATE_FILES if path.name.startswith("_")]

ROUTES = """
GET     /                                                    log in
GET     /<string(minlength=8, maxlength=128):key>.txt           public
GET     /admin/changes                                       set policy
GET     /admin/deliveries/<int:delivery_id>                  manage targets
POST    /admin/deliveries/<int:delivery_id>/retry            manage targets
GET     /admin/policy                                        set policy
POST    /admin/policy                                        set policy
POST    /admin/policy/checklist                              set policy
DELETE  /admin/policy/checklist/<int:item_id>                set policy
PUT     /admin/policy/checklist/<int:item_id>                set policy
PUT     /admin/policy/checklist/<int:item_id>/position       set policy
GET     /admin/reasons                                       set policy
POST    /admin/reasons                                       set policy
GET     /admin/reasons/<int:reason_id>                       set policy
PUT     /admin/reasons/<int:reason_id>                       set policy
DELETE  /admin/reasons/<int:reason_id>                       set policy
PUT     /admin/reasons/<int:reason_id>/position              set policy
GET     /admin/targets                                       manage targets
POST    /admin/targets                                       manage targets
GET     /admin/targets/new                                   manage targets
GET     /admin/targets/<int:target_id>                       manage targets
PUT     /admin/targets/<int:target_id>                       manage targets
DELETE  /admin/targets/<int:target_id>                       manage targets
POST    /admin/targets/<int:target_id>/checks                manage targets
GET     /admin/targets/<int:target_id>/deliveries            manage targets
POST    /admin/targets/<int:target_id>/deliveries            manage targets
PUT     /admin/targets/<int:target_id>/enabled               manage targets
DELETE  /admin/targets/<int:target_id>/enabled               manage targets
POST    /admin/targets/<int:target_id>/secrets               manage targets
DELETE  /admin/targets/<int:target_id>/secrets/<string:secret_id>  manage targets
POST    /admin/targets/<int:target_id>/test-events           manage targets
GET     /admin/users                                         manage accounts
POST    /admin/users                                         manage accounts
PUT     /admin/users/<int:user_id>/access                    manage accounts
DELETE  /admin/users/<int:user_id>/access                    manage accounts
POST    /admin/users/<int:user_id>/password                  manage accounts
PUT     /admin/users/<int:user_id>/role                      manage accounts
GET     /api/v1/articles                                     read articles
GET     /api/v1/articles/<source_id:source_id>               read articles
PUT     /api/v1/articles/<source_id:source_id>/claim         review
DELETE  /api/v1/articles/<source_id:source_id>/claim         review
GET     /api/v1/articles/<source_id:source_id>/decisions     read articles
POST    /api/v1/articles/<source_id:source_id>/decisions     review
GET     /api/v1/articles/<source_id:source_id>/draft         review
PUT     /api/v1/articles/<source_id:source_id>/draft         review
DELETE  /api/v1/articles/<source_id:source_id>/draft         review
GET     /api/v1/articles/<source_id:source_id>/evidence      read articles
GET     /api/v1/articles/<source_id:source_id>/merge         read articles
POST    /api/v1/articles/<source_id:source_id>/merge         review
PUT     /api/v1/articles/<source_id:source_id>/assignment    reorder queue
DELETE  /api/v1/articles/<source_id:source_id>/assignment    reorder queue
PUT     /api/v1/articles/<source_id:source_id>/due-date      reorder queue
DELETE  /api/v1/articles/<source_id:source_id>/due-date      reorder queue
GET     /api/v1/articles/<source_id:source_id>/place         read articles
GET     /api/v1/articles/<source_id:source_id>/notes         review
POST    /api/v1/articles/<source_id:source_id>/notes         review
PUT     /api/v1/articles/<source_id:source_id>/queue-entry   reorder queue
POST    /api/v1/articles/<source_id:source_id>/skip          review
GET     /api/v1/bulk                                         change many
POST    /api/v1/bulk                                         change many
GET     /api/v1/bulk/<int:bulk_id>                           change many
POST    /api/v1/bulk/<int:bulk_id>/confirm                   change many
GET     /api/v1/bulk/<int:bulk_id>/items                     change many
POST    /api/v1/bulk/<int:bulk_id>/stop                      change many
POST    /api/v1/bulk/<int:bulk_id>/undo                      change many
GET     /api/v1/decisions/<int:decision_id>                  read articles
POST    /api/v1/decisions/<int:decision_id>/rollback         review
GET     /api/v1/deliveries/<int:delivery_id>                 manage targets
GET     /api/v1/deliveries/<int:delivery_id>/attempts        manage targets
POST    /api/v1/deliveries/<int:delivery_id>/retry           manage targets
GET     /api/v1/evidence/paragraphs                          read articles
GET     /api/v1/evidence/paragraphs/<string:digest>/articles  read articles
GET     /api/v1/export                                       publish
GET     /api/v1/imports                                      import
POST    /api/v1/imports                                      import
GET     /api/v1/imports/<int:batch_id>                       import
POST    /api/v1/imports/<int:batch_id>/cancel                import
GET     /api/v1/imports/<int:batch_id>/differences           import
GET     /api/v1/imports/<int:batch_id>/errors                import
GET     /api/v1/imports/<int:batch_id>/left                  import
GET     /api/v1/imports/<int:batch_id>/refused               import
POST    /api/v1/imports/<int:batch_id>/undo                  import
GET     /api/v1/merges                                       read articles
PATCH   /api/v1/notes/<int:note_id>                          review
DELETE  /api/v1/notes/<int:note_id>                          review
POST    /api/v1/notes/<int:note_id>/replies                  review
PUT     /api/v1/notes/<int:note_id>/resolution               review
DELETE  /api/v1/notes/<int:note_id>/resolution               review
GET     /api/v1/notifications                                own profile
PUT     /api/v1/notifications/<int:notification_id>/read     own profile
GET     /api/v1/openapi.json                                 public
GET     /api/v1/publications                                 publish
GET     /api/v1/publish-runs                                 publish
POST    /api/v1/publish-runs                                 publish
GET     /api/v1/publish-runs/<int:run_id>                    publish
PUT     /api/v1/publish-runs/<int:run_id>/pause              publish
DELETE  /api/v1/publish-runs/<int:run_id>/pause              publish
POST    /api/v1/publish-runs/<int:run_id>/retry              publish
GET     /api/v1/publish-runs/<int:run_id>/rollback           publish
POST    /api/v1/publish-runs/<int:run_id>/rollback           publish
GET     /api/v1/publish-runs/<int:run_id>/rollback/left-out  publish
POST    /api/v1/publish-runs/<int:run_id>/stop               publish
GET     /api/v1/publish-schedules                            publish
POST    /api/v1/publish-schedules                            publish
DELETE  /api/v1/publish-schedules/<int:schedule_id>          publish
GET     /api/v1/queue                                        review
POST    /api/v1/queue/next                                   review
GET     /api/v1/reasons                                      review
GET     /api/v1/stats                                        see statistics
GET     /api/v1/truth                                        publish
POST    /api/v1/truth/<int:check_id>/mend                    publish
GET     /api/v1/sources                                      manage sources
POST    /api/v1/sources                                      manage sources
GET     /api/v1/sources/<int:import_source_id>               manage sources
PATCH   /api/v1/sources/<int:import_source_id>               manage sources
DELETE  /api/v1/sources/<int:import_source_id>               manage sources
GET     /api/v1/sources/<int:import_source_id>/reads         manage sources
POST    /api/v1/sources/<int:import_source_id>/reads         manage sources
GET     /api/v1/targets                                      manage targets
POST    /api/v1/targets                                      manage targets
GET     /api/v1/targets/<int:target_id>                      manage targets
PATCH   /api/v1/targets/<int:target_id>                      manage targets
DELETE  /api/v1/targets/<int:target_id>                      manage targets
POST    /api/v1/targets/<int:target_id>/check                manage targets
GET     /api/v1/targets/<int:target_id>/deliveries           manage targets
POST    /api/v1/targets/<int:target_id>/deliveries/retry     manage targets
POST    /api/v1/targets/<int:target_id>/secrets              manage targets
DELETE  /api/v1/targets/<int:target_id>/secrets/<string:secret_id>  manage targets
POST    /api/v1/targets/<int:target_id>/test-event           manage targets
GET     /api/v1/views                                        review
POST    /api/v1/views                                        review
PATCH   /api/v1/views/<int:view_id>                          review
DELETE  /api/v1/views/<int:view_id>                          review
PUT     /api/v1/views/<int:view_id>/assignment               reorder queue
DELETE  /api/v1/views/<int:view_id>/assignment               reorder queue
GET     /articles                                            read articles
GET     /articles.csv                                        read articles
GET     /articles/<string:source_id>                         read articles
PUT     /articles/<string:source_id>/claim                   review
DELETE  /articles/<string:source_id>/claim                   review
POST    /articles/<string:source_id>/decisions               review
PUT     /articles/<string:source_id>/draft                   review
DELETE  /articles/<string:source_id>/draft                   review
GET     /articles/<string:source_id>/merge                   review
PUT     /articles/<string:source_id>/presence                review
POST    /articles/<string:source_id>/merge                   review
PUT     /articles/<string:source_id>/assignment              reorder queue
DELETE  /articles/<string:source_id>/assignment              reorder queue
PUT     /articles/<string:source_id>/due-date                reorder queue
DELETE  /articles/<string:source_id>/due-date                reorder queue
GET     /articles/<string:source_id>/place                   review
GET     /articles/<string:source_id>/notes                   review
POST    /articles/<string:source_id>/notes                   review
PUT     /articles/<string:source_id>/queue-entry             reorder queue
GET     /articles/<string:source_id>/review                  review
POST    /articles/<string:source_id>/skip                    review
GET     /bulk                                                change many
POST    /bulk                                                change many
GET     /bulk/<int:bulk_id>                                  change many
POST    /bulk/<int:bulk_id>/confirm                          change many
POST    /bulk/<int:bulk_id>/stop                             change many
POST    /bulk/<int:bulk_id>/undo                             change many
POST    /decisions/<int:decision_id>/rollback                review
GET     /drafts                                              review
GET     /evidence/paragraphs                                 read articles
GET     /evidence/paragraphs/<string:digest>                 read articles
GET     /find                                                read articles
GET     /feed.atom                                           public
GET     /healthz                                             public
GET     /help/keys                                           own profile
POST    /hooks/publish                                       signed hook
GET     /imports                                             import
POST    /imports                                             import
GET     /imports/<int:batch_id>                              import
POST    /imports/<int:batch_id>/cancel                       import
GET     /imports/<int:batch_id>/errors.csv                   import
GET     /imports/<int:batch_id>/left.csv                     import
GET     /imports/<int:batch_id>/refused                      import
POST    /imports/<int:batch_id>/undo                         import
GET     /imports/sources                                     manage sources
POST    /imports/sources                                     manage sources
GET     /imports/sources/<int:source_id>                     manage sources
PUT     /imports/sources/<int:source_id>                     manage sources
DELETE  /imports/sources/<int:source_id>                     manage sources
PUT     /imports/sources/<int:source_id>/pause               manage sources
DELETE  /imports/sources/<int:source_id>/pause               manage sources
POST    /imports/sources/<int:source_id>/reads               manage sources
GET     /login                                               log in
POST    /login                                               log in
POST    /logout                                              log in
GET     /metrics                                             token or loopback
GET     /merges                                              review
PUT     /notes/<int:note_id>                                 review
DELETE  /notes/<int:note_id>                                 review
POST    /notes/<int:note_id>/replies                         review
PUT     /notes/<int:note_id>/resolution                      review
DELETE  /notes/<int:note_id>/resolution                      review
GET     /notifications                                       own profile
POST    /notifications/<int:notification_id>/visit           own profile
POST    /notifications/kinds                                 own profile
POST    /notifications/read                                  own profile
GET     /p/<slug:slug>                                       public
GET     /profile                                             own profile
POST    /profile                                             own profile
POST    /profile/handling                                    own profile
POST    /profile/password                                    own profile
POST    /profile/theme                                       own profile
POST    /profile/tokens                                      own profile
DELETE  /profile/tokens/<int:token_id>                       own profile
GET     /publications                                        publish
POST    /publications                                        publish
GET     /publications/<int:run_id>                           publish
GET     /publications/truth                                  publish
POST    /publications/truth/<int:check_id>/mendings          publish
PUT     /publications/<int:run_id>/pause                     publish
DELETE  /publications/<int:run_id>/pause                     publish
POST    /publications/<int:run_id>/retry                     publish
GET     /publications/<int:run_id>/rollback                  publish
POST    /publications/<int:run_id>/rollback                  publish
POST    /publications/<int:run_id>/stop                      publish
GET     /publications/hook                                   publish
POST    /publications/preview                                publish
GET     /publications/schedules                              publish
POST    /publications/schedules                              publish
DELETE  /publications/schedules/<int:schedule_id>            publish
GET     /publications/export                                 publish
GET     /publications/export/file                            publish
GET     /queue                                               review
PUT     /queue/columns                                       review
POST    /queue/next                                          review
GET     /queue/views                                         review
POST    /queue/views                                         review
PUT     /queue/views/<int:view_id>                           review
DELETE  /queue/views/<int:view_id>                           review
GET     /queue/views/<int:view_id>/assignment                review
PUT     /queue/views/<int:view_id>/assignment                reorder queue
DELETE  /queue/views/<int:view_id>/assignment                reorder queue
PUT     /queue/views/<int:view_id>/default                   review
POST    /queue/views/<int:view_id>/restoration               review
DELETE  /queue/views/default                                 review
GET     /robots.txt                                          public
GET     /sitemap-<int(max=184467440737094):number>.xml       public
GET     /sitemap.xml                                         public
GET     /static/<path:filename>                              public
GET     /static/bundle/<string:filename>                     public
GET     /stats                                               see statistics
GET     /stats.csv                                           see statistics
GET     /stats/reviewers/<int:user_id>                       own statistics
GET     /vendor/htmx/<path:filename>                         public
"""
"""Every address there is, and what it asks for. Whoever adds, moves or opens one says so here."""


# --- routes -----------------------------------------------------------------------------------------------------------


def routes_of(app: Flask) -> Iterator[tuple[str, str, str, Permission | None]]:
    """Method, rule, an address that matches it, and the permission it names."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                yield method, rule.rule, example_of(rule.rule), permission_of(rule.endpoint)


def example_of(rule: str) -> str:
    """An address for a rule; each parameter is 1, which fits every converter we have."""
    return re.sub(r"<[^>]+>", "1", rule)


def untyped(rules: list[str]) -> list[str]:
    """Those with a parameter whose converter is not written down."""
    return [rule for rule in rules if re.search(r"<[^:<>]+>", rule)]


def test_every_address_is_listed_here_with_its_permission(app):
    expected = {tuple(re.split(r"\s{2,}", line)) for line in ROUTES.strip().splitlines()}
    actual = {
        (method, rule, permission and permission.value) for method, rule, _, permission in routes_of(app)
    }
    assert sorted(expected - actual) == [], "gone, moved or opened"
    assert sorted(actual - expected, key=str) == [], "new: add them to ROUTES"


def test_every_route_names_a_permission(app):
    assert [rule for _, rule, _, permission in routes_of(app) if permission is None] == []


def test_every_permission_is_anonymous_or_has_a_least_role():
    assert set(Permission) == ANONYMOUS | set(LEAST_ROLE)
    assert not ANONYMOUS & set(LEAST_ROLE)


def permissions_in(source: str) -> dict[str, int]:
    """How many permissions each view in a module's source names."""
    counts = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            called = [one.func for one in node.decorator_list if isinstance(one, ast.Call)]
            if any(isinstance(one, ast.Attribute) and one.attr in ROUTE_DECORATORS for one in called):
                counts[node.name] = sum(isinstance(one, ast.Name) and one.id == "permit" for one in called)
    return counts


def test_no_view_names_two_permissions():
    found = {path.relative_to(PACKAGE).as_posix(): permissions_in(path.read_text()) for path in SOURCES}
    assert sum(map(len, found.values())) > 50
    assert [
        (path, view) for path, views in found.items() for view, count in views.items() if count != 1
    ] == []


def test_the_count_of_permissions_sees_none_one_and_two():
    view = "@blueprint.get('/x')\n{}def view(): ..."
    for count in range(3):
        assert permissions_in(view.format("@permit(P.X)\n" * count)) == {"view": count}


def test_every_url_parameter_is_typed(app):
    assert untyped([rule for _, rule, _, _ in routes_of(app)]) == []
    assert untyped(["/a/<int:b>", "/a/<b>", "/a/<source_id:c>/<d>"]) == ["/a/<b>", "/a/<source_id:c>/<d>"]


def test_anonymous_requests_never_succeed(app):
    opened = []
    for method, rule, address, permission in routes_of(app):
        if permission in ANONYMOUS:
            continue
        client = app.test_client()
        token = TOKEN_FIELD.search(client.get("/login").text).group(1)
        answer = client.open(address, method=method, headers={"X-CSRFToken": token})
        if rule.startswith("/api/"):
            fine = answer.status_code == 401 and answer.mimetype == "application/problem+json"
            fine = fine and answer.headers["WWW-Authenticate"].startswith("Bearer")
        else:
            fine = answer.status_code == 303 and answer.location.startswith("/login")
        if not fine:
            opened.append((method, rule, answer.status_code))
    assert opened == []


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD])
def test_the_wrong_role_never_succeeds(app, role, browser_of, program_of, reviewer, lead):
    user = {Role.REVIEWER: reviewer, Role.LEAD: lead}[role]
    browser, program = browser_of(user), program_of(user)
    browser.get("/profile")
    tried, opened = 0, []
    for method, rule, address, permission in routes_of(app):
        if permission in ANONYMOUS or role.includes(LEAST_ROLE[permission]):
            continue
        if rule.startswith("/api/v1/"):
            answer = getattr(program, method.lower())(address.removeprefix("/api/v1"))
        else:
            headers = {"X-CSRFToken": browser.forgery_token}
            answer = browser.client.open(address, method=method, headers=headers)
        tried += 1
        if answer.status_code not in {403, 404}:
            opened.append((method, rule, answer.status_code))
    assert tried >= 5
    assert opened == []


def test_a_route_without_a_permission_is_shut_to_everybody(app, browser_of, admin):
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert browser_of(admin).get("/forgotten").status_code == 403


def test_a_number_that_no_database_holds_is_nobodys(app, browser_of, admin):
    browser = browser_of(admin)
    for method, rule, _, permission in routes_of(app):
        if method == "GET" and "<int:" in rule and permission not in ANONYMOUS and "/api/" not in rule:
            address = re.sub(r"<[^>]+>", str(2**63), rule)
            assert browser.get(address).status_code == 404, rule


# --- source -----------------------------------------------------------------------------------------------------------


def functions_in(source: str) -> Iterator[tuple[str, int]]:
    """Each function's name and how many lines it has, decorators aside."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.end_lineno - node.lineno + 1


def imports_in(source: str) -> set[str]:
    """The top names of what a module imports."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


def commits_in(source: str) -> list[int]:
    """The lines on which something is committed."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]


def test_only_base_commits():
    committing = {path.relative_to(PACKAGE).parts[0] for path in SOURCES if commits_in(path.read_text())}
    assert committing == {"base"}
    assert commits_in("def save(session):\n    session.commit()") == [2]


def test_no_function_is_longer_than_fifty_lines():
    long = [
        (path.relative_to(PACKAGE).as_posix(), name, lines)
        for path in SOURCES
        for name, lines in functions_in(path.read_text())
        if lines > LONGEST_FUNCTION
    ]
    assert long == []
    assert list(functions_in("@x\ndef f():\n    a\n    b")) == [("f", 3)]


def test_no_file_is_longer_than_four_hundred_lines():
    assert len(SOURCES) > 50
    lengths = {path.relative_to(PACKAGE).as_posix(): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_rules_know_no_framework():
    rules = [path for path in SOURCES if path.name == "rules.py"]
    assert len(rules) >= 5
    for path in rules:
        assert imports_in(path.read_text()) & FRAMEWORKS == set(), path
    assert imports_in("import flask.views\nfrom sqlalchemy.orm import x") & FRAMEWORKS == {
        "flask",
        "sqlalchemy",
    }


def test_nothing_has_a_name_that_says_nothing():
    names = {part for path in SOURCES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert names & {"utils", "util", "helpers", "manager", "service", "services", "common", "misc"} == set()


# --- templates --------------------------------------------------------------------------------------------------------


class Outline(HTMLParser):
    """The elements at the root of a template, and what in it a strict policy would refuse."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.depth = 0
        self.roots: list[tuple[str, dict[str, str | None]]] = []
        self.loose = ""
        self.refused: list[str] = []
        self.feed(without_jinja(source))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count roots, and look for what is inline."""
        self.handle_startendtag(tag, attrs)
        self.depth += tag not in VOID

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """The same for an element that closes itself."""
        if self.depth == 0:
            self.roots.append((tag, dict(attrs)))
        names = {name for name, _ in attrs}
        # Linked data is no script: browsers neither run it nor ask the policy about it.
        data = dict(attrs).get("type") == "application/ld+json"
        if tag == "style" or (tag == "script" and "src" not in names and not data):
            self.refused.append(f"inline <{tag}>")
        self.refused += [name for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        self.refused += [name for name, value in attrs if re.match(r"\s*(javascript|js):", value or "", re.I)]

    def handle_endtag(self, tag: str) -> None:
        """One level up."""
        self.depth -= tag not in VOID

    def handle_data(self, data: str) -> None:
        """Text beside the roots is a root too."""
        if self.depth == 0:
            self.loose += data.strip()


def without_jinja(source: str) -> str:
    """The HTML of a template: what Jinja prints becomes one letter, what it does becomes nothing."""
    source = re.sub(r"{#.*?#}", "", source, flags=re.S)
    source = re.sub(r"{%-?\s*set\b[^%]*-?%}.*?{%-?\s*endset\s*-?%}", "", source, flags=re.S)
    source = re.sub(r"{%.*?%}", " ", source, flags=re.S)
    return re.sub(r"{{.*?}}", "x", source, flags=re.S)


def root_problems(name: str, source: str) -> list[str]:
    """Why a partial is not one element with an id that says which partial it is (and, where it repeats, of what)."""
    outline = Outline(source)
    if len(outline.roots) != 1 or outline.loose:
        return [f"{len(outline.roots)} roots and loose text {outline.loose!r}"]
    identity = (outline.roots[0][1].get("id") or "").replace("_", "-")
    own = name.removeprefix("_").removesuffix(".html").replace("_", "-")
    return [] if identity == own or identity.startswith(f"{own}-") else [f"its root has the id {identity!r}"]


def test_every_template_parses(app):
    """What does not raises an error that names the file and the line."""
    assert TEMPLATE_FILES
    for path in TEMPLATE_FILES:
        app.jinja_env.get_template(path.relative_to(TEMPLATES).as_posix())


@pytest.mark.parametrize("path", PARTIALS, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_every_partial_is_one_element_with_an_id_of_its_name(path: Path):
    assert root_problems(path.name, path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "fine"),
    [
        ('{% from "a" import b %}\n<tr id="row-{{ x.id }}"><td>{{ b(x) }}<br></td></tr>', True),
        ('<div id="row"></div>', True),
        ('<div id="rowing"></div>', False),
        ("<div></div>", False),
        ('<div id="row"></div><div id="row-2"></div>', False),
        ('<div id="row"></div> and more', False),
        ('{{ b(x) }}<div id="row"></div>', False),
    ],
)
def test_the_check_of_partials_sees_what_is_wrong(source, fine):
    assert (root_problems("_row.html", source) == []) is fine


@pytest.mark.parametrize("path", TEMPLATE_FILES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_no_template_holds_what_the_content_security_policy_refuses(path: Path):
    assert Outline(path.read_text()).refused == []


LINKED_DATA = re.compile(r"<script[^>]*ld\+json[^>]*>(.*?)</script>", re.S)


@pytest.mark.parametrize("path", TEMPLATE_FILES, ids=lambda path: path.relative_to(TEMPLATES).as_posix())
def test_linked_data_is_written_by_tojson_alone(path: Path):
    """It escapes what would end the element; anything else that stands in it might."""
    for content in LINKED_DATA.findall(path.read_text()):
        assert re.fullmatch(r"{{ [\w.]+\|tojson }}", content)


@pytest.mark.parametrize(
    "source",
    [
        "<script>x</script>",
        "<style>x</style>",
        '<p style="color: red">x</p>',
        '<button onclick="x">x</button>',
        '<div hx-on:click="x"></div>',
        '<a href="javascript:x">x</a>',
        '<svg style="x"/>',
    ],
)
def test_the_check_of_templates_sees_what_is_refused(source):
    assert Outline(source).refused
    assert Outline(f'{{% if x %}}<p id="x">{source}</p>{{% endif %}}').refused


def test_pages_and_partials_are_short():
    limits = {path: LONGEST_PARTIAL if path in PARTIALS else LONGEST_PAGE for path in TEMPLATE_FILES}
    long = {
        path.relative_to(TEMPLATES).as_posix(): lines
        for path, limit in limits.items()
        if (lines := len(path.read_text().splitlines())) > limit
    }
    assert long == {}


def test_no_template_asks_the_database():
    asking = [path for path in TEMPLATE_FILES if re.search(r"\b(session|query|db)\.\w+\(", path.read_text())]
    assert asking == []
