"""The pages of one article: read it, decide, roll back; and the policy that decisions are made under."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from review_app.accounts.permissions import actor, permit, person
from review_app.accounts.rules import Permission
from review_app.articles.models import Article
from review_app.articles.queries import get_article, lock_article
from review_app.articles.rules import SCORE_WORDS, SETTLED
from review_app.articles.views import blueprint as articles
from review_app.base.answers import asks_for_part, put_into_frame, see_in_frame, see_other
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Conflict, DomainError, Forbidden, Invalid
from review_app.base.languages import flash
from review_app.base.messages import lazy_gettext as _l
from review_app.base.problems import status_of
from review_app.evidence.queries import NOT_MEASURED, evidence_of
from review_app.review_queue import pages as queue_pages
from review_app.review_queue.actions import TooManyClaims, release
from review_app.review_queue.place import place_of
from review_app.review_queue.queries import claim_of
from review_app.review_queue.reasons import reason_of
from review_app.reviewing import merge_pages, onward, pages
from review_app.reviewing.actions import StaleArticle, decide, roll_back
from review_app.reviewing.checklist import edit_item, move_item
from review_app.reviewing.drafts.pages import Opened, keep_refused, opened
from review_app.reviewing.forms import (
    DecisionForm,
    FloorsForm,
    ItemForm,
    MergeForm,
    PlaceForm,
    RollbackForm,
    floors_form,
)
from review_app.reviewing.merging import get_proposal, settle_proposal
from review_app.reviewing.models import Decision
from review_app.reviewing.notes.pages import notes_of
from review_app.reviewing.policy import DeskRules, add_item, retire_item, set_floors
from review_app.reviewing.queries import current_rules, get_decision, undone_decision
from review_app.reviewing.reasons.queries import current_reasons

blueprint = Blueprint("reviewing", __name__)


@articles.get("/articles/<string:source_id>")
@permit(Permission.READ_ARTICLES)
def show(source_id: str) -> Response:
    """One article, its metadata, its history, and what can be done with it."""
    session, now = db.session(), utc_now()
    article = get_article(session, source_id)
    history = pages.history_of(session, article, person(), now=now, after=request.args.get("after"))
    evidence, unfolded = evidence_of(session, article, now.date()), _wants_all_unfolded()
    notes = notes_of(session, article, person(), after=request.args.get("notes"))
    return make_response(
        render_template(
            "articles/show.html",
            article=article,
            html=pages.body_html(article, evidence, notes.marked, unfolded=unfolded),
            notes=notes,
            evidence=evidence,
            unfolded=unfolded,
            claim=claim_of(session, article, now),
            history=history,
            proposal=merge_pages.waiting_merge(session, article),
            may_queue=person().may(Permission.REORDER_QUEUE) and article.revision_status not in SETTLED,
        )
    )


def _wants_all_unfolded() -> bool:
    return request.args.get("stock") == "unfolded"


@blueprint.get("/articles/<string:source_id>/review")
@permit(Permission.REVIEW)
def review(source_id: str) -> Response:
    """The article and the form. It claims nothing: a GET may be a prefetch."""
    session = db.session()
    article = get_article(session, source_id)
    page = opened(session, article, person())
    undone = undone_decision(session, article, person(), request.args.get("undone", ""))
    if undone and page.draft is None:
        onward.refill(page.form, undone)
    return _review_page(article, page, 200)


def _review_page(article: Article, page: Opened, status: int) -> Response:
    session, now = db.session(), utc_now()
    stale, form = page.changed, page.form
    history = pages.history_of(session, article, person(), now=now)
    conflict = pages.difference(session, article, form, history.decisions) if stale else None
    panel = pages.panel_of(
        article,
        form,
        current_rules(session),
        user=person(),
        claim=claim_of(session, article, now),
        draft=page.draft,
        conflict=conflict,
    )
    name = "panel" if asks_for_part() and status != 200 else "review"
    filters = queue_pages.filters_behind()
    shows_text, unfolded = name == "review" or stale, _wants_all_unfolded()
    evidence = evidence_of(session, article, now.date()) if shows_text else NOT_MEASURED
    notes = notes_of(session, article, person(), after=request.args.get("notes")) if shows_text else None
    html = render_template(
        f"reviewing/{name}.html",
        article=article,
        html=notes and pages.body_html(article, evidence, notes.marked, unfolded=unfolded),
        notes=notes,
        reasons=current_reasons(session),
        evidence=evidence,
        unfolded=unfolded,
        panel=panel,
        history=history,
        proposal=None if name == "panel" else merge_pages.waiting_merge(session, article),
        since=None if name == "panel" else merge_pages.since_decision(session, article, history.decisions),
        place=None if name == "panel" else place_of(session, article, filters),
        reason=None if name == "panel" else reason_of(session, article, queue_pages.today()),
        filters=filters,
        in_frame=asks_for_part(),
    )
    return make_response(html, status)


@blueprint.post("/articles/<string:source_id>/decisions")
@permit(Permission.REVIEW)
def decide_article(source_id: str) -> AnyResponse:
    """Record a judgement and open the next article of the same filters; else the form again, as it was filled in."""
    form = DecisionForm(request.form)
    if not form.validate():
        return _given_back(source_id, form, 422)
    try:
        decision, article = _decide(source_id, form)
    except (Conflict, Forbidden, Invalid) as error:
        return _refused(source_id, form, error)
    return _go_on(decision, article)


def _decide(source_id: str, form: DecisionForm) -> tuple[Decision, Article]:
    with transaction() as session:
        article = lock_article(session, source_id)
        undo = onward.undo_window()
        decision = decide(
            session, article, person(), form.judgement(), actor=actor(), now=utc_now(), undo=undo
        )
        return decision, article


def _go_on(decision: Decision, article: Article) -> AnyResponse:
    """To the next article of the same filters; under htmx it stands in this very answer, which saves a round trip."""
    filters = queue_pages.filters_behind()
    try:
        opened = queue_pages.claim_first(filters)
    except TooManyClaims:
        onward.tell(decision, article, filters=filters)
        return queue_pages.back_with_too_many(filters)
    onward.tell(decision, article, opened=opened, filters=filters)
    if opened is None:
        onward.tell_the_end(filters)
        return see_other(queue_pages.queue_url(filters))
    address = queue_pages.review_url(opened, filters)
    return put_into_frame(review(opened), address) if asks_for_part() else see_other(address)


def _refused(source_id: str, form: DecisionForm, error: DomainError) -> Response:
    stale = isinstance(error, StaleArticle)
    if isinstance(error, Conflict) and not stale:
        refusal = queue_pages.refusal_of(error)
        form.form_errors.append(_l("%(refusal)s Nothing you typed is lost.", refusal=refusal))
    elif not stale:
        form.tell(error)
    return _given_back(source_id, form, status_of(error), stale=stale)


def _given_back(source_id: str, form: DecisionForm, status: int, *, stale: bool = False) -> Response:
    """The form as it was filled in, which is kept as a draft too: who closes the page now loses nothing."""
    draft = keep_refused(source_id)
    return _review_page(get_article(db.session(), source_id), Opened(form, draft, changed=stale), status)


@blueprint.post("/decisions/<int:decision_id>/rollback")
@permit(Permission.REVIEW)
def roll_back_decision(decision_id: int) -> AnyResponse:
    """Undo a decision by a new one; without a note that is needed, ask for it."""
    form = RollbackForm(request.form)
    source_id = get_decision(db.session(), decision_id).article.source_id
    try:
        # The article is locked before anything else is read of it, or what is read could be out of date.
        with transaction() as session:
            article = lock_article(session, source_id)
            decision = get_decision(session, decision_id)
            note, undo = form.note.data or "", onward.undo_window()
            roll_back(
                session, decision, article, person(), note=note, actor=actor(), now=utc_now(), undo=undo
            )
    except Invalid as error:
        form.tell(error)
        decision = get_decision(db.session(), decision_id)
        return make_response(render_template("reviewing/rollback.html", decision=decision, form=form), 422)
    title = queue_pages.short(article.title)
    flash(_("Rolled back: “%(title)s” is as it was before.", title=title), "success")
    if "again" in request.form:
        return _stand_again(source_id, decision_id)
    return see_other(url_for("articles.show", source_id=source_id))


def _stand_again(source_id: str, decision_id: int) -> AnyResponse:
    """The article that was decided on too soon, as it was typed. What was opened in its place is free for others again."""
    filters, opened = queue_pages.filters_behind(), request.form.get("opened")
    if opened:
        with transaction() as session:
            release(session, lock_article(session, opened), person())
    address = queue_pages.review_url(source_id, filters)
    return see_in_frame(queue_pages.review_url(source_id, filters, undone=decision_id), shown=address)


@blueprint.get("/articles/<string:source_id>/merge")
@permit(Permission.REVIEW)
def merge(source_id: str) -> Response:
    """What an import says otherwise than people did: take it or keep ours, field by field."""
    article = get_article(db.session(), source_id)
    return _merge_page(article, MergeForm(data={"row_version": article.row_version}), 200)


def _merge_page(article: Article, form: MergeForm, status: int) -> Response:
    found = merge_pages.merge_of(article, get_proposal(db.session(), article), form)
    html = render_template("reviewing/merge.html", article=article, merge=found, form=form)
    return make_response(html, status)


@blueprint.post("/articles/<string:source_id>/merge")
@permit(Permission.REVIEW)
def settle_merge(source_id: str) -> AnyResponse:
    """Settle it. What is taken becomes a decision; refused, the same page with what was chosen."""
    form = MergeForm(request.form)
    if not form.validate():
        return _merge_page(get_article(db.session(), source_id), form, 422)
    try:
        with transaction() as session:
            article, undo = lock_article(session, source_id), onward.undo_window()
            decision = settle_proposal(
                session, article, person(), form.taking(), actor=actor(), now=utc_now(), undo=undo
            )
    except (Conflict, Forbidden, Invalid) as error:
        if isinstance(error, Conflict):
            refusal = queue_pages.refusal_of(error)
            form.form_errors.append(_l("%(refusal)s What you chose still stands below.", refusal=refusal))
        else:
            form.tell(error)
        return _merge_page(get_article(db.session(), source_id), form, status_of(error))
    if decision is None:
        flash(_("Kept ours in “%(title)s”.", title=queue_pages.short(article.title)), "success")
    else:
        onward.tell(decision, article)
    return see_other(url_for("articles.show", source_id=source_id))


@blueprint.get("/merges")
@permit(Permission.REVIEW)
def merges() -> Response:
    """The articles of which an import says otherwise than people did, the oldest first."""
    rows, next_url = merge_pages.waiting_merges(db.session(), request.args.get("after"))
    return make_response(render_template("reviewing/merges.html", rows=rows, next_url=next_url))


@blueprint.get("/admin/policy")
@permit(Permission.SET_POLICY)
def policy() -> Response:
    """What an approval needs, and how that came to be."""
    return _policy_page(200)


def _policy_page(status: int, floors: FloorsForm | None = None, item: ItemForm | None = None) -> Response:
    session = db.session()
    rules = current_rules(session)
    html = render_template(
        "reviewing/policy.html",
        rules=rules,
        floors=floors or floors_form(rules),
        item=item or ItemForm(),
        versions=pages.versions(session),
        desk_of=lambda version: DeskRules.of(version).in_words(),
        score_words=SCORE_WORDS,
    )
    return make_response(html, status)


@blueprint.post("/admin/policy")
@permit(Permission.SET_POLICY)
def set_policy() -> AnyResponse:
    """Set the floors, for a reason; refused when somebody set others since the page was opened."""
    form = FloorsForm(request.form)
    if not form.validate():
        return _policy_page(422, floors=form)
    try:
        with transaction() as session:
            set_floors(
                session,
                person(),
                form.floors(),
                form.reason.data or "",
                based_on=form.version.data,
                keep_indexable=bool(form.keep_indexable.data),
                desk=form.desk(current_rules(session)),
                actor=actor(),
                now=utc_now(),
            )
    except (Conflict, Invalid) as error:
        form.tell(error)
        return _policy_page(status_of(error), floors=form)
    flash(_("The policy is set. It holds for every approval from now on."), "success")
    return see_other(url_for("reviewing.policy"))


@blueprint.post("/admin/policy/checklist")
@permit(Permission.SET_POLICY)
def add_checklist_item() -> AnyResponse:
    """Add a line to the checklist."""
    form = ItemForm(request.form)
    try:
        with transaction() as session:
            text, required = form.text.data or "", bool(form.required.data)
            add_item(session, text, required=required, actor=actor(), now=utc_now())
    except Invalid as error:
        form.tell(error)
        return _policy_page(422, item=form)
    flash(_("The line stands on the checklist now."), "success")
    return see_other(url_for("reviewing.policy"))


@blueprint.put("/admin/policy/checklist/<int:item_id>")
@permit(Permission.SET_POLICY)
def edit_checklist_item(item_id: int) -> AnyResponse:
    """Change the words of a line, and whether an approval needs it."""
    form, here = ItemForm(request.form), url_for("reviewing.edit_checklist_item", item_id=item_id)
    try:
        with transaction() as session:
            text, required = form.text.data or "", bool(form.required.data)
            edit_item(session, item_id, text, required=required, actor=actor(), now=utc_now())
    except Invalid as error:
        form.tell(error)
        return make_response(render_template("reviewing/item.html", form=form, url=here), 422)
    flash(_("The line is changed. It holds for every decision from now on."), "success")
    return see_other(url_for("reviewing.policy", _anchor=f"item-{item_id}"))


@blueprint.put("/admin/policy/checklist/<int:item_id>/position")
@permit(Permission.SET_POLICY)
def place_checklist_item(item_id: int) -> AnyResponse:
    """Put a line at another place."""
    form = PlaceForm(request.form)
    if not form.validate():
        raise Invalid(_l("Where to is not said."))
    with transaction() as session:
        move_item(session, item_id, form.to.data, actor=actor(), now=utc_now())
    flash(_("The order of the checklist is changed."), "success")
    return see_other(url_for("reviewing.policy", _anchor=f"item-{item_id}"))


@blueprint.delete("/admin/policy/checklist/<int:item_id>")
@permit(Permission.SET_POLICY)
def retire_checklist_item(item_id: int) -> AnyResponse:
    """Take a line off the checklist."""
    with transaction() as session:
        retire_item(session, item_id, actor=actor(), now=utc_now())
    flash(_("The line is off the checklist; old decisions keep it."), "success")
    return see_other(url_for("reviewing.policy"))
