"""The facts about what stands in a text: structure, images, links. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from review_app.base.messages import Figure, joined
from review_app.base.messages import lazy_gettext as _l
from review_app.base.messages import lazy_ngettext as _ln
from review_app.evidence.findings import Fact, Findings
from review_app.evidence.rules import LINK_FAULTS

SPOKEN_IN_CODE = frozenset(("", "text", "none", "plain", "plain text", "n/a"))
"""Declared code languages that promise no code."""


def structure(findings: Findings) -> Iterator[Fact]:
    """Headings, lists, tables and code, and the code language that is declared."""
    kept, language = findings.kept, findings.declared.code_language
    figures = {name: kept[name] for name in ("headings", "lists", "tables", "code_blocks", "code_words")}
    has_code = bool(figures["code_blocks"] + figures["code_words"])
    yield Fact(
        "structure",
        joined([joined(_parts(figures), ", "), _code_declared(language, has_code=has_code)], "; ", "."),
        _l("what stands in the text"),
        figures | {"declared_code_language": language},
    )


def _parts(figures: Mapping[str, int]) -> Iterator[str]:
    headings, lists, blocks, tables = (
        figures[name] for name in ("headings", "lists", "code_blocks", "tables")
    )
    yield _ln("%(num)s heading", "%(num)s headings", headings, num=Figure(headings))
    yield _ln("%(num)s list", "%(num)s lists", lists, num=Figure(lists))
    yield _ln("%(num)s block of code", "%(num)s blocks of code", blocks, num=Figure(blocks))
    if tables:
        yield _ln("%(num)s table", "%(num)s tables", tables, num=Figure(tables))


def _code_declared(language: str, *, has_code: bool) -> str:
    if not language:
        return (
            _l("it declares no code language and has code")
            if has_code
            else _l("it declares no code language")
        )
    if has_code or language.strip().lower() in SPOKEN_IN_CODE:
        return _l("it declares %(language)s as its code language", language=language)
    return _l("it declares %(language)s as its code language and has no code", language=language)


def images(findings: Findings) -> Iterator[Fact]:
    """The images, and what is odd about them."""
    kept = findings.kept
    number = kept["images"]
    if not number:
        yield Fact("images", _l("No images."), _l("what stands in the text"), {"images": 0})
        return
    odd = list(_odd_images(kept))
    told = _ln("%(num)s image", "%(num)s images", number, num=Figure(number))
    fine = _ln(
        "%(num)s image, each with a caption, none doubled or from a placeholder service.",
        "%(num)s images, each with a caption, none doubled or from a placeholder service.",
        number,
        num=Figure(number),
    )
    names = (
        "images",
        "images_from_placeholders",
        "images_without_caption",
        "images_doubled",
        "placeholder_hosts",
    )
    yield Fact(
        "images",
        joined([told, joined(odd, ", ")], ": ", ".") if odd else fine,
        _l("their addresses, and captions in the same figure; none was loaded"),
        {name: kept[name] for name in names},
    )


def _odd_images(kept: Mapping[str, Any]) -> Iterator[str]:
    if number := kept["images_from_placeholders"]:
        hosts = ", ".join(kept["placeholder_hosts"])
        yield _l("%(num)s from placeholder services (%(hosts)s)", num=Figure(number), hosts=hosts)
    if number := kept["images_without_caption"]:
        yield _l("%(num)s without a caption", num=Figure(number))
    if number := kept["images_doubled"]:
        yield _l("%(num)s shown before in the text", num=Figure(number))


def links(findings: Findings) -> Iterator[Fact]:
    """The links, and which of them lead nowhere."""
    number, faulty = findings.kept["links"], findings.kept["links_malformed"]
    if not number:
        sentence = _l("No links.")
    elif not faulty:
        sentence = _ln(
            "%(num)s link, well-formed.",
            "%(num)s links, all of them well-formed.",
            number,
            num=Figure(number),
        )
    else:
        sentence = _ln(
            "%(num)s link, %(faulty)s not well-formed: %(faults)s.",
            "%(num)s links, %(faulty)s not well-formed: %(faults)s.",
            number,
            num=Figure(number),
            faulty=Figure(faulty),
            faults=joined((_link_fault(**one) for one in findings.kept["link_faults"]), "; "),
        )
    figures = {name: findings.kept[name] for name in ("links", "links_malformed", "link_faults")}
    rests_on = _l("how the addresses are written; none was opened")
    yield Fact("links", sentence, rests_on, figures)


def _link_fault(address: str, fault: str) -> str:
    said = LINK_FAULTS.get(fault, fault)
    if not address:
        # TRANSLATORS: one link; what follows is such as “has no address”
        return _l("one %(fault)s", fault=said)
    return _l("“%(address)s” %(fault)s", address=address, fault=said)
