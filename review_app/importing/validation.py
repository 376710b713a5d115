"""From what a reader found to a record that may become an article, or to a refusal in plain words.

The rules stand as a table in `docs/importing.md`. A value of a wrong kind is never guessed at: JSON's `"94"` is a text
and no score. Readers of formats in which all is text make whole numbers of digits themselves (`rules.count_or_text`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec

from review_app.articles.markup import Sanitised, TooMuchMarkup, first_paragraph, sanitise
from review_app.articles.rules import SCORES
from review_app.articles.sanitising import text_digest
from review_app.importing import rules
from review_app.importing.limits import DEFAULT_LIMITS, Limits
from review_app.importing.record import RawRecord, Record, RecordWarning, Refusal
from review_app.importing.shape import Unfit, check_shape, is_empty, shown

REVIEW_FLAG = "needs_human_review"
CANONICAL = msgspec.json.Encoder(order="sorted")

Warn = Callable[[str, str], None]
"""Takes note of (field, message) about a record that is accepted all the same."""


def validate(
    raw: RawRecord,
    today: date,
    *,
    limits: Limits = DEFAULT_LIMITS,
    statuses: Mapping[str, str] = rules.IMPORTED_STATUSES,
) -> Record | Refusal:
    """The record with every value judged and its text made harmless, or the first reason against it. Never raises.

    `today` is the desk's date: no article was reviewed after it. `statuses` is which status a word of the source is.
    """
    try:
        check_shape(raw, limits)
        return _record(raw, today, limits, statuses)
    except Unfit as unfit:
        field = rules.storable(rules.shortened(unfit.field, rules.MOST_KEY_CHARACTERS))
        return Refusal(
            raw.line, raw.item, field, unfit.reason, rules.storable(raw.raw), _id_if_plain(raw.fields)
        )


def _record(raw: RawRecord, today: date, limits: Limits, statuses: Mapping[str, str]) -> Record:
    fields = raw.fields
    source_id = _source_id(fields, raw.why_nameless)
    warnings = [RecordWarning(raw.line, source_id, field, message) for field, message in raw.remarks]

    def warn(field: str, message: str) -> None:
        warnings.append(RecordWarning(raw.line, source_id, field, message))

    title = _title(fields)
    scores = {name: _score(fields, name) for name in SCORES}
    flags = _flags(fields, warn)
    flags[REVIEW_FLAG] = flags.get(REVIEW_FLAG, True) or None in scores.values()
    text = _text(raw.body_html, limits, warn)
    excerpt = _excerpt(fields, text)
    return Record(
        line=raw.line,
        item=raw.item,
        source_id=source_id,
        title=title,
        excerpt=excerpt,
        topic=_short(fields, "topic", warn),
        primary_stack=_primary_stack(fields, warn),
        difficulty=_short(fields, "difficulty", warn),
        code_language=_short(fields, "code_language", warn),
        reading_minutes=_count(fields, "reading_time", rules.MOST_READING_MINUTES),
        view_count=_count(fields, "view_count", rules.MOST_VIEWS),
        quality=scores["quality"],
        freshness=scores["freshness"],
        depth=scores["depth"],
        clarity=scores["clarity"],
        revision_status=_status(fields, statuses, warn),
        revision_version=_version(fields, warn),
        last_reviewed_on=_last_reviewed_on(fields, today),
        needs_human_review=flags[REVIEW_FLAG],
        flags=flags,
        meta=fields,
        body_html=text.html,
        plain_text=text.plain_text,
        word_count=text.word_count,
        image_count=text.image_count,
        content_digest=hashlib.sha256(CANONICAL.encode((fields, raw.body_html))).hexdigest(),
        text_digest=text_digest(title, excerpt, text.html),
        warnings=tuple(warnings),
        raw=raw.raw,
    )


# --- who and what -----------------------------------------------------------------------------------------------------


def _source_id(fields: dict[str, Any], why_nameless: tuple[str, str] | None = None) -> str:
    named = [
        ("payload.source_id", _group(fields, "payload").get("source_id")),
        ("source_id", fields.get("source_id")),
    ]
    given = [(field, value) for field, value in named if not is_empty(value)]
    if not given:
        field, reason = why_nameless or ("payload.source_id", "payload.source_id is missing")
        raise Unfit(field, f"{reason}: nothing tells which article this is.")
    field, value = given[0]
    if not isinstance(value, str) or not rules.SOURCE_ID.fullmatch(value):
        raise Unfit(
            field,
            f"{field} is {shown(value)}: it must be 1 to 200 letters (a to z), digits or . _ : - and begin with a letter or"
            " digit.",
        )
    if any(other != value for _, other in given):
        raise Unfit("source_id", f"source_id stands twice: as {shown(value)} and as {shown(given[1][1])}.")
    return value


def _id_if_plain(fields: dict[str, Any]) -> str | None:
    try:
        return _source_id(fields)
    except (Unfit, ValueError, RecursionError):
        return None


def _title(fields: dict[str, Any]) -> str:
    title = rules.one_line(fields.get("title") or "")
    if not any(character.isprintable() and not character.isspace() for character in title):
        raise Unfit("title", "title is missing or empty.")
    if len(title) > rules.MOST_TITLE_CHARACTERS:
        raise Unfit(
            "title", f"title has {len(title)} characters; at most {rules.MOST_TITLE_CHARACTERS} are allowed."
        )
    return title


def _excerpt(fields: dict[str, Any], text: Sanitised) -> str:
    imported = rules.one_line(fields.get("excerpt") or "")
    if imported:
        return rules.shortened(imported, rules.MOST_EXCERPT_CHARACTERS)
    return rules.first_sentence(first_paragraph(text.html))


def _text(body_html: str, limits: Limits, warn: Warn) -> Sanitised:
    try:
        text = sanitise(body_html, limits.markup)
    except TooMuchMarkup as error:
        raise Unfit(rules.BODY, f"{rules.BODY} {error}.") from None
    if not text.plain_text and not text.image_count:
        warn(rules.BODY, "The article has no text.")
    return text


def _primary_stack(fields: dict[str, Any], warn: Warn) -> str:
    stack = fields.get("stack") or [""]
    first = stack[0]
    if not isinstance(first, str) and first is not None:
        raise Unfit("stack[0]", f"stack[0] is {shown(first)}, but must be a text.")
    return _shortened(first or "", "stack", warn)


def _short(fields: dict[str, Any], name: str, warn: Warn) -> str:
    return _shortened(fields.get(name) or "", name, warn)


def _shortened(text: str, name: str, warn: Warn) -> str:
    line = rules.one_line(text)
    if len(line) > rules.MOST_SHORT_CHARACTERS:
        warn(name, f"{name} has {len(line):,} characters; lists and filters know it by its first ones.")
    return rules.shortened(line, rules.MOST_SHORT_CHARACTERS)


# --- numbers ----------------------------------------------------------------------------------------------------------


def _score(fields: dict[str, Any], name: str) -> int | None:
    return _whole_number(_group(fields, "score").get(name), f"score.{name}", 100)


def _count(fields: dict[str, Any], name: str, most: int) -> int | None:
    return _whole_number(fields.get(name), name, most)


def _whole_number(value: object, field: str, most: int) -> int | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Unfit(field, f"{field} is {shown(value)}: it must be a whole number from 0 to {most}.")
    return value


# --- revision and flags -----------------------------------------------------------------------------------------------


def _status(fields: dict[str, Any], statuses: Mapping[str, str], warn: Warn) -> str:
    word = _text_of_revision(fields, "status")
    status = statuses.get(word.strip().lower())
    if word and status is None:
        warn(
            "revision.status",
            f"revision.status {shown(word)} is none that an import can set: taken as drafted.",
        )
    return status or rules.DEFAULT_STATUS


def _version(fields: dict[str, Any], warn: Warn) -> str:
    version = _text_of_revision(fields, "version")
    if not version:
        return rules.DEFAULT_VERSION
    found = rules.VERSION.fullmatch(version) if len(version) <= rules.MOST_VERSION_CHARACTERS else None
    if not found:
        raise Unfit(
            "revision.version",
            f"revision.version is {shown(version)}: it must be a semantic version of three numbers, such as 1.4.0.",
        )
    if found[2]:
        warn("revision.version", f"revision.version {version} is counted as {found[1]}.")
    return found[1]


def _last_reviewed_on(fields: dict[str, Any], today: date) -> date | None:
    text = _text_of_revision(fields, "last_reviewed")
    if not text:
        return None
    day = _real_day(text)
    if day is None:
        raise Unfit(
            "revision.last_reviewed",
            f"revision.last_reviewed is {shown(text)}: it must be a real date, as YYYY-MM-DD.",
        )
    if day > today:
        raise Unfit("revision.last_reviewed", f"revision.last_reviewed is {day}, which is in the future.")
    return day


def _real_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if rules.DATE.fullmatch(text) else None
    except ValueError:
        return None


def _text_of_revision(fields: dict[str, Any], name: str) -> str:
    value = _group(fields, "revision").get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unfit(f"revision.{name}", f"revision.{name} is {shown(value)}, but must be a text.")
    return value if value.strip() else ""


def _flags(fields: dict[str, Any], warn: Warn) -> dict[str, bool]:
    """Each flag that says something, by its name with underscores."""
    flags: dict[str, bool] = {}
    names: set[str] = set()
    for label, value in _group(fields, "flags").items():
        name = rules.underscored(label)
        if name in names:
            raise Unfit(f"flags.{name}", f"flags.{name} stands twice.")
        names.add(name)
        setting = _yes_or_no(name, value, warn)
        if setting is not None:
            flags[name] = setting
    return flags


def _yes_or_no(name: str, value: object, warn: Warn) -> bool | None:
    if is_empty(value):
        return None
    word = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if word in rules.YES or word in rules.NO:
        return word in rules.YES
    wanted = f"flags.{name} is {shown(value)}: it must be yes or no, true or false, 1 or 0."
    if name == REVIEW_FLAG or isinstance(value, (dict, list)):
        raise Unfit(f"flags.{name}", wanted)
    warn(f"flags.{name}", f"{wanted} It is kept in the metadata alone.")
    return None


def _group(fields: dict[str, Any], name: str) -> dict[str, Any]:
    group = fields.get(name)
    return group if isinstance(group, dict) else {}
