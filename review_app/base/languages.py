"""The language of a page: which one, its catalogue, and the telling of what was said in English further down.

The catalogues are gettext's, `review_app/translations/<language>/LC_MESSAGES/messages.po`, read as they are: what is
translated is what stands in the file, with no compiled copy beside it that could be older.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import flask
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from flask import Flask, Response, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale, get_translations

from review_app.base.messages import Day, Figure, Message
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paths import PACKAGE

SOURCE = "en"
LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Each by its own name, which is what its readers look for."""
TRANSLATIONS = PACKAGE / "translations"
FOR_PROGRAMS = ("/api/", "/hooks/", "/healthz", "/metrics")
PUBLIC_PAGES = ("/p/", "/sitemap", "/robots.txt", "/feed.atom")


class Catalogues(Domain):  # type: ignore[misc]  # has no types
    """Flask-Babel's domain, of catalogues that need not be compiled."""

    def get_translations(self) -> NullTranslations:
        """The catalogue of the language at hand."""
        locale = get_locale()
        return catalogue(SOURCE if locale is None else str(locale))


@cache
def catalogue(language: str) -> NullTranslations:
    """A language's translations; English needs none."""
    return (
        NullTranslations()
        if language == SOURCE
        else read(TRANSLATIONS / language / "LC_MESSAGES" / "messages.po")
    )


def read(path: Path) -> Translations:
    """The translations of one file of gettext."""
    with path.open("rb") as file:
        content = read_po(file, locale=path.parts[-3])
    compiled = io.BytesIO()
    write_mo(compiled, content)
    compiled.seek(0)
    return Translations(compiled)


def speak(app: Flask) -> None:
    """Attach translation to the application."""
    babel = Babel()
    babel.init_app(app, locale_selector=language)
    babel.domain_instance = Catalogues()
    app.jinja_env.finalize = told
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.filters.update(told=told, within=within)
    # What templates import is made once for all readers: the words that stand outside its macros are told when printed.
    app.jinja_env.globals.update(language=language, LANGUAGES=LANGUAGES, _l=_l)
    app.after_request(_say_what_it_depends_on)


def _say_what_it_depends_on(response: Response) -> Response:
    if "language" in g and response.mimetype == "text/html":
        response.vary.add("Accept-Language")
    return response


def language() -> str:
    """The language of this answer: the one a person chose (`g.language`), else what the browser asks for, else English.

    Programs are told everything in English, and so is the public, whose articles have a language of their own.
    """
    if not has_request_context() or request.path.startswith(FOR_PROGRAMS + PUBLIC_PAGES):
        return SOURCE
    chosen: str | None = g.get("language")
    if chosen not in LANGUAGES:
        chosen = g.language = request.accept_languages.best_match(list(LANGUAGES), SOURCE)
    return chosen


def told(value: Any) -> Any:
    """A message in the language of this answer; anything else as it is. Every expression in a template goes through it."""
    if not isinstance(value, Message):
        return _written(value)
    translations = get_translations()
    values = {name: told(inner) for name, inner in value.values.items()}
    if value.plural is None:
        text: str = translations.gettext(value.message)
        return text % values if values else text
    counted: str = translations.ngettext(value.message, value.plural, value.number)
    return counted % values


def _written(value: Any) -> Any:
    """A figure or a day as this language writes it; anything else as it is."""
    if not isinstance(value, Figure | Day) or language() == SOURCE:
        return value
    if isinstance(value, Figure):
        return format_decimal(value.figure, locale=language())
    # TRANSLATORS: how a date is written in a sentence, its month in full (Unicode TR 35, date format patterns)
    pattern = _l("d MMMM y") if value.full else _l("d MMM y")
    return format_date(value.day, told(pattern), locale=language())


def flash(message: str | Mapping[str, Any], category: str = "message") -> None:
    """Say something above the next page, now in the language of who reads it: what a session keeps is bare text."""
    if isinstance(message, str):
        flask.flash(told(message), category)
        return
    parts = {name: told(part) for name, part in message.items()}
    if parts.get("links"):
        parts["links"] = [(told(label), url) for label, url in parts["links"]]
    flask.flash(parts, category)  # type: ignore[arg-type]  # a session keeps a mapping as well


def within(word: str) -> str:
    """A label as it stands inside a sentence: English writes it small there, German does not."""
    said: str = told(word)
    return said.lower() if language() == SOURCE else said
