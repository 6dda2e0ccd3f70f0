#!/usr/bin/env python3
"""page_check.py FILE [WORD...]: holds a page of `limactl report` to what it promises, and says how many elements it has.

Whole (every element is closed, in its order), alone (no script, nothing from elsewhere), and legible by others than eyes:
headings without a gap, tables with a caption and headed columns, names for what a keyboard reaches. WORDs are in its text.
"""
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}
NOT = {"script", "link", "img", "iframe", "object", "embed", "form", "input", "base", "audio", "video"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.headings, self.text, self.n = [], [], [], [], [], 0
        self.tables, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        self.n += 1
        a = dict(attrs)
        if tag in NOT:
            self.wrong.append(f"<{tag}> in line {self.getpos()[0]}")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "srcset", "action", "data") or "javascript:" in (value or ""):
                self.wrong.append(f"{name}={value!r} of <{tag}>")
            if name == "href" and not value.startswith("#"):
                self.wrong.append(f"a link to {value!r}")
        if "id" in a:
            self.ids.append(a["id"])
        if a.get("href", "").startswith("#"):
            self.links.append(a["href"][1:])
        self.links += a.get("aria-labelledby", "").split()
        if a.get("tabindex") == "0" and not a.get("aria-label"):
            self.wrong.append(f"<{tag}> can be reached and has no name")
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append({"caption": 0, "col": 0, "row": 0, "empty": True})
        if tag == "caption":
            self.tables[-1]["caption"] += 1
        if tag == "th":
            self.tables[-1][a.get("scope", "?")] = 1
        if tag == "td":
            self.tables[-1]["empty"] = False
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> in line {self.getpos()[0]} closes {self.open[-1:]}")
            return
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


raw = open(sys.argv[1], "rb").read()
page = Page()
page.feed(raw.decode("utf-8", "strict"))
page.close()
wrong = page.wrong
if page.open:
    wrong.append(f"never closed: {page.open}")
if len(set(page.ids)) != len(page.ids):
    wrong.append(f"ids that are there twice: {page.ids}")
wrong += [f"leads to #{x}, which is not there" for x in page.links if x not in page.ids]
if page.headings[:1] != [1] or page.headings.count(1) != 1:
    wrong.append(f"headings {page.headings}")
wrong += [f"a heading {b} below {a}" for a, b in zip(page.headings, page.headings[1:]) if b > a + 1]
for t in page.tables:
    if t["caption"] != 1 or "?" in t or not (t["col"] or t["row"]) or (not t["empty"] and not t["row"]):
        wrong.append(f"a table without caption or heads: {t}")
if b"Content-Security-Policy" not in raw or b"default-src 'none'" not in raw:
    wrong.append("no policy against scripts")
bad = sorted({c for c in raw.decode() if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069})
if bad:
    wrong.append(f"control characters: {bad}")
text = " ".join("".join(page.text).split())
wrong += [f"not in its text: {w}" for w in sys.argv[2:] if w not in text]
if wrong:
    print("\n".join(wrong[:30]))
    sys.exit(1)
print(page.n)
