"""The filters that the queue, the list of articles and the API share, as they stand in an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleFlag
from review_app.articles.rules import SCORES, RevisionStatus
from review_app.articles.search import matches
from review_app.base.errors import Invalid

PLAIN = {
    "stack": Article.primary_stack,
    "topic": Article.topic,
    "difficulty": Article.difficulty,
    "code_language": Article.code_language,
}
RANGES = ("overall", *SCORES)
"""What has a least and a most: `overall_min` and so on. `overall` is the mean of the four."""
LONGEST = 500
Check = Callable[[str], str | None]
"""What is wrong with a value, to stand after the name of its field; None if nothing is."""


def one_of(*words: str) -> Check:
    """Only these words may be meant."""
    return lambda value: None if value in words else f"must be one of: {', '.join(words)}"


def whole_number(least: int, most: int) -> Check:
    """Only a whole number from `least` to `most` may be meant."""

    def check(value: str) -> str | None:
        digits = value.isascii() and value.isdigit() and len(value) < 19
        return (
            None if digits and least <= int(value) <= most else f"must be a whole number, {least} to {most}"
        )

    return check


def _import_number(value: str) -> str | None:
    return None if whole_number(0, 10**18 - 1)(value) is None else "must be the number of an import"


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
        "q": "Search",
        "stack": "Stack",
        "topic": "Topic",
        "difficulty": "Difficulty",
        "code_language": "Code language",
        "flag": "Flag",
        "status": "Status",
        "batch": "Import",
        "scored": "Scored",
        **{f"{name}_min": f"Least {name}" for name in RANGES},
        **{f"{name}_max": f"Most {name}" for name in RANGES},
    }
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
                wrong[f"{name}_max"] = [f"must not be below the least, {least}"]
        return cls(**given | dict.fromkeys(wrong, "")), wrong

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Self:
        """Read them from an address. Raises `Invalid` for a value that cannot be meant."""
        found, wrong = cls.read(values)
        for name in wrong:
            raise Invalid(f"That {cls.LABELS.get(name, name).lower()} is not known.", wrong)
        return found

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
            return "All four scored" if value == "yes" else "Not scored"
        label = self.LABELS[name]
        if name.endswith(("_min", "_max")):
            return (
                f"{label.partition(' ')[2].capitalize()} {'from' if name.endswith('min') else 'to'} {value}"
            )
        return f"{label}: {value.replace('_', ' ')}"

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
