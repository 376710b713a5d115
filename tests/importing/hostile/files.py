"""Files that are broken, lie, or are made to take memory and time; made here, so that none of them is kept."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import tarfile
import zipfile
import zlib
from typing import Any

from tests.importing.hostile.attacks import CHARACTERS, FORMULAS, MARKUP, everywhere, page_with
from tests.importing.records import lines, record

Files = dict[str, bytes]
PAGE = page_with("a plain text", "page-1")
TWO = lines(record("a-1"), record("a-2"))
MEBIBYTE = 1024 * 1024


def hostile(kind: dict[str, str], name: str) -> Files:
    """Each text of a kind in every field: as JSON Lines and as page text."""
    records = [everywhere(text, f"{name}-{number}") for number, text in enumerate(kind.values())]
    pages = {
        f"page with {title}": page_with(text, f"{name}-page-{number}").encode(errors="surrogatepass")
        for number, (title, text) in enumerate(kind.items())
    }
    return {"lines": lines(*records), "unescaped": unescaped(records), **pages}


def unescaped(records: list[dict[str, Any]]) -> bytes:
    text = "".join(json.dumps(made, ensure_ascii=False) + "\n" for made in records)
    return text.encode(errors="surrogatepass").replace(b'"source_id": "', b'"source_id": "raw-')


def encodings() -> Files:
    text = lines(record(title="café – Привіт 日本")).decode().encode().decode("unicode_escape", "replace")
    named = [
        "latin-1",
        "cp1252",
        "shift-jis",
        "utf-7",
        "cp037",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-16",
        "koi8-r",
    ]
    return {name: text.encode(name, "replace") for name in named} | {
        "page in utf-16": PAGE.encode("utf-16"),
        "page in utf-16, cut": PAGE.encode("utf-16")[:-1],
        "page in latin-1": f"caf\xe9 {PAGE}".encode("latin-1", "replace"),
        "overlong": TWO.replace(b"promise", b"\xc0\xbcscript\xc0\xbe"),
        "surrogates": TWO.replace(b"promise", b"\xed\xa0\x80"),
        "beyond Unicode": TWO.replace(b"promise", b"\xf4\x90\x80\x80"),
        "two marks": codecs.BOM_UTF8 * 2 + TWO,
        "mark of another": codecs.BOM_UTF16_LE + TWO,
        "only a mark": codecs.BOM_UTF16_BE,
        "mark amid": TWO + codecs.BOM_UTF8 + TWO,
        "binary": bytes(range(256)) * 40,
        "NULs": bytes(5_000),
    }


def truncations() -> Files:
    whole = {
        "lines": TWO,
        "page": PAGE.encode(),
        "gzip": gzip.compress(TWO),
        "zip": zipped({"a": TWO, "b": PAGE.encode()}),
        "tar": tarred({"a": TWO, "b": PAGE.encode()}),
        "xml": rss("<item><title>a</title></item>"),
        "json": json.dumps([record("a-1"), record("a-2")]).encode(),
        "csv": b'title,source_id,body\n"a","b-1","<p>x</p>"\n"c","b-2","never closed\n',
        "markdown": b"---\ntitle: a\nsource_id: m-1\n---\n\n# a\n",
    }
    return {
        f"{name} at {part}/5": data[: len(data) * part // 5]
        for name, data in whole.items()
        for part in range(1, 5)
    }


def zipped(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tarred(files: Files) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def bomb(piece: bytes, times: int) -> bytes:
    """A gzip of one piece over and over, which is never held."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(piece) for _ in range(times)) + packer.flush()


def rss(inner: str, before: str = "") -> bytes:
    begin = '<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/"><channel>'
    return f'<?xml version="1.0"?>{before}{begin}<wp:wxr_version>1.2</wp:wxr_version>{inner}</channel></rss>'.encode()


def bombs() -> Files:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    aliases = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    return {
        "gzip of zeros": bomb(bytes(MEBIBYTE), 256),
        "gzip of one line": bomb(b"x" * MEBIBYTE, 256),
        "gzip of a page": bomb(b"a\n\n" * 300_000, 100),
        "gzip in gzip": gzip.compress(bomb(bytes(MEBIBYTE), 64)),
        "zip of zeros": zipped({f"z{number}": bytes(7 * MEBIBYTE) for number in range(4)}),
        "zip in zip": zipped({"inner.zip": zipped({"a": TWO})}),
        "entities": rss("<item><title>&l11;</title></item>", f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>'),
        "quadratic": rss(
            f"<item><title>{'&a;' * 20_000}</title></item>", f'<!DOCTYPE rss [<!ENTITY a "{"x" * 20_000}">]>'
        ),
        "outer entity": rss(
            "<item><title>&x;</title></item>", '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        ),
        "deep xml": rss("<item>" + "<a>" * 50_000),
        "many attributes": rss(f"<item {' '.join(f'a{n}={chr(34) * 2}' for n in range(20_000))}/>"),
        "aliases": f"---\na0: &a0 [x]\n{aliases}title: a\nsource_id: m-1\n---\n\ntext\n".encode(),
        "objects": b"---\ntitle: !!python/object/apply:os.system ['true']\nsource_id: m-2\n---\n\ntext\n",
        "deep lists": b"[" * 100_000,
        "deep groups": b'{"a":' * 100_000,
        "deep in a line": lines(
            '{"title": "a", "payload": {"source_id": "a-1"}, "a": ' + "[" * 900 + "]" * 900 + "}"
        ),
        "deep flow": b"---\na: " + b"[" * 20_000 + b"\n---\n",
        "deep quotes": b"---\ntitle: a\nsource_id: m-3\n---\n\n"
        + b">" * 20_000
        + b" x\n"
        + b"- " * 5_000
        + b"x\n",
        "long number": lines('{"title": "a", "view_count": ' + "9" * 100_000 + "}"),
        "many keys": lines("{" + ",".join(f'"k{n}":1' for n in range(100_000)) + "}"),
        "long list": lines('{"a": [' + "0," * 1_000_000 + "0]}"),
        "many lines": PAGE.encode() + b"\n" * (2 * MEBIBYTE - len(PAGE)),
        "blank lines": b"\n" * MEBIBYTE + TWO,
        "many columns": b",".join(b"c%d" % n for n in range(20_000)) + b"\n" + b"," * 20_000 + b"\n",
        "open quote": b'title,source_id,body\n"' + b"x\n" * MEBIBYTE,
        "open tags": lines(record(body="<b><i>" * 80_000)),
        "tables": lines(record(body="<table><tr><td>" * 40_000)),
        "one tag": lines(record(body=f"<p {'a ' * 400_000}>")),
        "ampersands": lines(record(body="&" * 900_000)),
        "angles": lines(record(body="<" * 900_000)),
        "open comment": lines(record(body="<!--" * 200_000)),
        "line of 5 MiB": lines(record(more="x" * 5 * MEBIBYTE)),
    }


def paths() -> Files:
    names = [
        "../../../../tmp/evil",
        "/etc/evil",
        "C:\\evil",
        "a\0b",
        "\u202etxt",
        "x" * 5_000,
        "",
        ".",
        "..",
        "a//b",
    ]
    good = lines(record("p-1"))
    packed = {
        f"tar of {number}": tarred({name: good}) for number, name in enumerate(names) if "\0" not in name
    }
    return packed | {f"zip of {number}": zipped({name: good}) for number, name in enumerate(names) if name}


GROUPS = {
    "markup": lambda: hostile(MARKUP, "m"),
    "formulas": lambda: hostile(FORMULAS, "f"),
    "characters": lambda: hostile(CHARACTERS, "c"),
    "encodings": encodings,
    "truncations": truncations,
    "bombs": bombs,
    "paths": paths,
}
