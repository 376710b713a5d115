"""The odd demo articles: what a desk must show without breaking. Each function spoils one ordinary record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from review_app.operations.demo.body import Figure, figure, paragraph

Record = dict[str, Any]


def _about(record: Record, problem: str, *, stack: str, area: str, language: str) -> None:
    """Make the metadata fit a text of another subject."""
    record["topic"] = f"{problem} / {stack}"
    record["stack"], record["code_language"] = [stack, area, language], language
    names = {"stack": stack, "area": area, "problem": problem}
    record["entities"] = [{"name": name, "type": kind} for kind, name in names.items()]


def a_very_long_title(record: Record) -> None:
    """As long as a title may nearly be (480 of 500 characters)."""
    _about(record, "moving a search", stack="linux", area="platform", language="shell")
    title = (
        "Everything we wrote down, in the order in which we wrote it, about moving the search of a public library from one"
        " machine under a desk to three machines in two cities: what was planned, what was measured before anybody touched a"
        " cable, what was forgotten, who noticed it first, how it was repaired in the night, and why the old machine still"
        " stands under the desk, switched on, with a paper note on it that asks everyone to leave it alone until the end of"
        " the school holidays or until further notice is given"
    )
    record["title"] = title[:480].rstrip()


def from_right_to_left_in_arabic(record: Record) -> None:
    """Arabic, with names and code that run from left to right within it."""
    _about(record, "schema changes without downtime", stack="postgresql", area="database", language="sql")
    record["title"] = "كيف نحدّث جدولًا كبيرًا في PostgreSQL دون إيقاف الخدمة"
    record["excerpt"] = "نقسم التعديل إلى خطوات صغيرة يمكن الرجوع عنها، ونقيس قبل كل خطوة وبعدها."
    record["body"] = (
        "<p>نقسم التعديل إلى خطوات صغيرة يمكن الرجوع عنها، ونقيس قبل كل خطوة وبعدها. الجدول يحوي أربعين مليون صف.</p>\n"
        "<h2>الخطوة الأولى</h2>\n"
        "<p>نضيف العمود الجديد فارغًا باستخدام <code>ALTER TABLE</code> مع مهلة قصيرة، حتى لا ينتظر القرّاء خلفه.</p>\n"
        "<pre><code>SET lock_timeout = '3s';\nALTER TABLE invoice ADD COLUMN paid_at timestamptz;</code></pre>\n"
        "<ul><li>نملأ الصفوف القديمة على دفعات</li><li>نقارن العمودين يومًا كاملًا</li><li>نحذف العمود القديم لاحقًا</li></ul>\n"
    )


def from_right_to_left_in_hebrew(record: Record) -> None:
    """Hebrew, with figures and a version number in it."""
    _about(record, "untested backups", stack="linux", area="platform", language="shell")
    record["title"] = "לשחזר גיבוי לפני שצריך אותו: רשימות מתרגיל אחד (גרסה 2.1)"
    record["excerpt"] = "השחזור הראשון נמשך תשע שעות, והרביעי חמישים דקות."
    record["body"] = (
        "<p>השחזור הראשון נמשך תשע שעות, והרביעי חמישים דקות. ההבדל הוא בעיקר בצעדים שהסרנו מן ההוראות.</p>\n"
        "<h2>מה מודדים</h2>\n"
        "<ol><li>כמה זמן עובר עד שהנתונים חוזרים</li><li>בני כמה הם אז</li><li>מי יודע איפה המפתח</li></ol>\n"
        "<p>התחילו ממחשב ריק (Debian 12, 16 GB) שאינו יודע דבר על הישן.</p>\n"
    )


def emoji(record: Record) -> None:
    """Emoji that are one picture made of many characters, in the title and in the text."""
    record["title"] = (
        "Ship it 🚀, watch it 👩🏽‍💻, roll it back 🏳️‍🌈: what our release channel says without words"
    )
    record["body"] = (
        paragraph(
            "Every release posts one line: 🟢 when it is out, 🟠 while it waits, 🔴 when somebody took it back. 👨‍👩‍👧‍👦 ×4"
        )
        + "\n<ul><li>🇺🇳 a flag is two characters</li><li>1️⃣ a digit in a box is three</li><li>🧑🏿‍🔬 this one is four</li></ul>\n"
        + record["body"]
    )


def no_scores(record: Record) -> None:
    """Nobody has scored it."""
    record["score"] = {}


def half_of_the_scores(record: Record) -> None:
    """Depth and clarity have not been scored; a zero is a score."""
    record["score"] = {"quality": 88, "freshness": 0, "depth": None}


def thirty_images(record: Record) -> None:
    """A picture for each day of a month."""
    _about(record, "pictures of a rack", stack="linux", area="platform", language="shell")
    pictures = [
        Figure(
            "Example Photo Archive",
            f"https://photos.example.com/days/{day:02}.jpg?width=1200",
            f"The rack on day {day}",
        )
        for day in range(1, 31)
    ]
    record["title"] = "One rack, thirty days, thirty pictures"
    record["image_sources"] = [{"source": at.source, "url": at.url, "caption": at.caption} for at in pictures]
    record["flags"] |= {"has_images": 1, "image_heavy": 1}
    record["body"] = "\n".join([paragraph("We took a picture each morning at nine."), *map(figure, pictures)])


def deeply_nested(record: Record) -> None:
    """Unknown metadata, twenty levels deep, beside lists within lists."""
    inner: Any = "the last level"
    for level in range(20, 0, -1):
        inner = {f"level {level}": inner}
    record["lineage"] = inner
    record["payload"]["tried_on"] = [
        ["small", ["one core", "two cores"]],
        ["large", [["64 cores"], {"memory": "512 GB"}]],
    ]


def markup_in_plain_text(record: Record) -> None:
    """Text that looks like HTML and must be shown as the text it is; and HTML that must not act."""
    _about(record, "escaping", stack="flask", area="backend", language="python")
    record["title"] = "Why <script>alert('hello')</script> & <b>bold</b> in a title must stay text"
    record["excerpt"] = "A title is text: <img src=x onerror=alert(1)> is how a bad one begins."
    record["summary"] = "</section><h1>Not a heading</h1> &amp; not an ampersand either"
    record["body"] = (
        "<p onclick=\"alert('clicked')\">This paragraph came with a handler, and the next line with a script.</p>\n"
        "<script>document.title = 'taken over';</script>\n"
        "<p>An entity written out: &amp;lt;em&amp;gt; is four characters and two words, not emphasis.</p>\n"
        "<pre><code>&lt;form action=&quot;https://shop.example.com&quot;&gt;\n"
        "  &lt;input name=&quot;q&quot;&gt;\n&lt;/form&gt;</code></pre>\n"
        '<p><a href="javascript:alert(1)">A link that leads nowhere</a>, and '
        '<a href="https://docs.example.com/escaping?a=1&amp;b=2">one that does</a>.</p>\n'
    )


def without_a_text(record: Record) -> None:
    """A title and metadata, and nothing to read."""
    record["title"] = "A placeholder that was never written"
    record["body"], record["excerpt"], record["image_sources"] = "", "", []


def words_that_do_not_break(record: Record) -> None:
    """A token, an address and a line of code that are wider than any screen."""
    token = "d41d8cd98f00b204e9800998ecf8427e" * 6
    record["body"] += (
        f"<p>The digest was {token}, which no line can hold.</p>\n"
        f"<p>It is kept at https://artifacts.example.org/{'releases/' * 24}wheel.</p>\n"
        f"<pre><code>curl --fail --silent --header 'X-Digest: {token}' https://artifacts.example.org/check</code></pre>\n"
    )


def labels_within_the_text(record: Record) -> None:
    """Sentences that look like the metadata box of the source's pages."""
    record["body"] += "<p>reading time9</p>\n<p>code languagetext</p>\n<p>Similar Posts</p>\n"


def unheard_of_status(record: Record) -> None:
    """A status that an import cannot set, and figures as large as they come."""
    record["revision"] = record["revision"] | {"status": "published"}
    record["view_count"], record["reading_time"] = 2**53 + 1, 0


ODDITIES: Final[dict[int, Callable[[Record], None]]] = {
    97: no_scores,
    143: unheard_of_status,
    188: half_of_the_scores,
    212: thirty_images,
    219: from_right_to_left_in_arabic,
    227: deeply_nested,
    234: no_scores,
    241: labels_within_the_text,
    252: emoji,
    258: markup_in_plain_text,
    264: words_that_do_not_break,
    270: half_of_the_scores,
    279: a_very_long_title,
    284: from_right_to_left_in_hebrew,
    289: without_a_text,
    294: unheard_of_status,
}
"""Which article is odd in what way. Most are among the later ones, which still wait when a visitor comes."""
