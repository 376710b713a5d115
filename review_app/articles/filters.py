"""The filters that the queue, the list of articles and the API share, as they stand in an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleFlag
from review_app.articles.rules import SCORE_LABELS, SCORE_WORDS, SCORES, RevisionStatus, in_words
from review_app.articles.search import matches
from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l

PLAIN = {
    "stack": Article.primary_stack,
    "topic": Article.topic,
    "difficulty": Article.difficulty,
    "code_language": Article.code_language,
}
RANGES = ("overall", *SCORES)
"""What has a least and a most: `overall_min` and so on. `overall` is the mean of the four."""
RANGE_LABELS: Mapping[str, str] = {"overall": _l("Overall"), **SCORE_LABELS}
RANGE_WORDS: Mapping[str, str] = {"overall": _l("overall score"), **SCORE_WORDS}
OUR_WORDS = frozenset({"status", "difficulty"})
"""Fields whose values are words of ours, and so are told in the reader's language."""
LONGEST = 500
LONGEST_TOLD = 60
"""So much of a value that cannot be meant is told again."""
Check = Callable[[str], str | None]
"""What is wrong with a value, to stand after the name of its field; None if nothing is."""


def one_of(*words: str) -> Check:
    """Only these words may be meant."""
    return lambda value: None if value in words else _l("must be one of: %(words)s", words=", ".join(words))


def whole_number(least: int, most: int) -> Check:
    """Only a whole number from `least` to `most` may be meant."""

    def check(value: str) -> str | None:
        digits = value.isascii() and value.isdigit() and len(value) < 19
        if digits and least <= int(value) <= most:
            return None
        return _l("must be a whole number from %(least)s to %(most)s", least=least, most=most)

    return check


def _import_number(value: str) -> str | None:
    return None if whole_number(0, 10**18 - 1)(value) is None else _l("must be the number of an import")


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for; empty means anything. Each value is a text, as it stands in the address."""

    q: str = ""
    stack: str = ""
    topic: str = ""
    difficulty: str = ""
    code_language: str = ""
    flag: str = ""
    status: str = ""
    batch: str = ""
    scored: str = ""
    overall_min: str = ""
    overall_max: str = ""
    quality_min: str = ""
    quality_max: str = ""
    freshness_min: str = ""
    freshness_max: str = ""
    depth_min: str = ""
    depth_max: str = ""
    clarity_min: str = ""
    clarity_max: str = ""

    LABELS: ClassVar[Mapping[str, str]] = {
        "q": _l("Search"),
        "stack": _l("Stack"),
        "topic": _l("Topic"),
        "difficulty": _l("Difficulty"),
        "code_language": _l("Code language"),
        "flag": _l("Flag"),
        "status": _l("Status"),
        "batch": _l("Import"),
        "scored": _l("Scored"),
        **{f"{name}_min": _l("Lowest %(score)s", score=RANGE_WORDS[name]) for name in RANGES},
        **{f"{name}_max": _l("Highest %(score)s", score=RANGE_WORDS[name]) for name in RANGES},
    }
    MEANT: ClassVar[Mapping[str, str]] = {
        "status": _l("status"),
        "batch": _l("import"),
        **{f"{name}_min": _l("lowest %(score)s", score=RANGE_WORDS[name]) for name in RANGES},
        **{f"{name}_max": _l("highest %(score)s", score=RANGE_WORDS[name]) for name in RANGES},
    }
    """What a value would have to be, in a sentence; of other fields a choice."""
    CHECKS: ClassVar[Mapping[str, Check]] = {
        "status": one_of(*RevisionStatus),
        "batch": _import_number,
        "scored": one_of("yes", "no"),
        **{f"{name}_{end}": whole_number(0, 100) for name in RANGES for end in ("min", "max")},
    }
    CARRIED: ClassVar[tuple[str, ...]] = ()
    """Fields that go along in the address and narrow nothing."""

    @classmethod
    def read(cls, values: Mapping[str, str]) -> tuple[Self, dict[str, list[str]]]:
        """Those that can be meant, and for each of the others what is wrong with it."""
        names = (*cls.LABELS, *cls.CARRIED)
        given = {name: values.get(name, "").replace("\0", "").strip()[:LONGEST] for name in names}
        wrong = {
            name: [fault]
            for name, check in cls.CHECKS.items()
            if given[name] and (fault := check(given[name])) is not None
        }
        for name in RANGES:
            least, most = given[f"{name}_min"], given[f"{name}_max"]
            if (
                least
                and most
                and not wrong.keys() & {f"{name}_min", f"{name}_max"}
                and int(least) > int(most)
            ):
                wrong[f"{name}_max"] = [_l("must not be below the lowest, %(least)s", least=least)]
        return cls(**given | dict.fromkeys(wrong, "")), wrong

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Self:
        """Read them from an address. Raises `Invalid` for a value that cannot be meant."""
        found, wrong = cls.read(values)
        for name, faults in wrong.items():
            raise Invalid(cls._refusal(name, values.get(name, "").strip()[:LONGEST_TOLD], faults[0]), wrong)
        return found

    @classmethod
    def _refusal(cls, name: str, value: str, fault: str) -> str:
        choice = _l("choice for “%(label)s”", label=cls.LABELS.get(name, name))
        return _l(
            "“%(value)s” is no %(what)s: it %(fault)s.",
            value=value,
            what=cls.MEANT.get(name, choice),
            fault=fault,
        )

    def active(self) -> dict[str, str]:
        """Those that are set, by name."""
        return {name: value for name in self.LABELS if (value := getattr(self, name))}

    def carried(self) -> dict[str, str]:
        """What goes along and narrows nothing, by name."""
        return {name: value for name in self.CARRIED if (value := getattr(self, name))}

    def query(self, **more: Any) -> str:
        """The query string that leads back here, with `?`, or nothing."""
        added = {name: value for name, value in more.items() if value not in (None, "")}
        values = self.active() | self.carried() | added
        return "?" + urlencode(values) if values else ""

    def without(self, name: str) -> Self:
        """The same but for one of them."""
        return replace(self, **{name: ""})

    def chips(self, path: str) -> list[tuple[str, str]]:
        """Each active filter in words, with the address that drops it."""
        return [
            (self.words(name, value), path + self.without(name).query())
            for name, value in self.active().items()
        ]

    def words(self, name: str, value: str) -> str:
        """One active filter, as it is told to a person."""
        if name == "scored":
            return _l("All four scored") if value == "yes" else _l("Not scored")
        if name == "q":
            return _l("Search: %(words)s", words=value.replace("_", " "))
        score, _, end = name.rpartition("_")
        if score in RANGES:
            return (
                _l("%(score)s from %(value)s", score=RANGE_LABELS[score], value=value)
                if end == "min"
                else _l("%(score)s to %(value)s", score=RANGE_LABELS[score], value=value)
            )
        words = in_words(value) if name in OUR_WORDS else value.replace("_", " ")
        return _l("%(label)s: %(value)s", label=self.LABELS[name], value=words)

    def apply(self, session: Session, query: Select[Any]) -> Select[Any]:
        """Narrow a query over articles."""
        for name, column in PLAIN.items():
            if value := getattr(self, name):
                query = query.where(column == value)
        if self.flag:
            query = query.join(ArticleFlag, ArticleFlag.article_id == Article.id)
            query = query.where(ArticleFlag.name == self.flag, ArticleFlag.value)
        if self.status:
            query = query.where(Article.revision_status == self.status)
        if self.batch:
            query = query.where(Article.batch_id == int(self.batch))
        query = query.where(*self._of_scores())
        condition = matches(session, self.q) if self.q else None
        return query if condition is None else query.where(condition)

    def _of_scores(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.scored:
            found.append(Article.score_sum >= 0 if self.scored == "yes" else Article.score_sum < 0)
        for name in RANGES:
            column: Any = Article.score_sum if name == "overall" else getattr(Article, name)
            times = len(SCORES) if name == "overall" else 1
            least, most = getattr(self, f"{name}_min"), getattr(self, f"{name}_max")
            found += [column >= int(least) * times] if least else []
            found += [column <= int(most) * times] if most else []
            found += [column >= 0] if most and not least else []
        return found
