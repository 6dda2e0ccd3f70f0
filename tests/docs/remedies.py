#!/usr/bin/env python3
"""remedies.py: does docs/troubleshooting.md have each message of the sources that names a remedy, and none that is no longer there?

A message names a remedy if it has a command of limactl in it, or says what to install, set, delete, wait for or do again. Where the
sources have a conversion, the page has three dots; it leaves backquotes out."""
import re
import subprocess
import sys

REMEDY = re.compile(r"`limactl (?!list --json|[a-z ]*--help`)|[;:] install |or install |Debian package|; set `|\(set `|\bset `plain|; delete|; wait for|run the (same )?command again|try again|"
                    r"; use `|use `\w+` instead|; stop the instance|start the switch|remove that file|; move |; leave it out|--allow-[a-z-]+ says|--adopt takes")
CALL = re.compile(r"\b(error_set|error_wrap|error_note|diag_error|env_say|say_fatal)\(")
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def arguments(text, at):
    """What stands between the parenthesis before `at` and its partner."""
    depth, i = 1, at
    while depth and i < len(text):
        if text[i] == '"':
            found = LITERAL.match(text, i)
            i = found.end() if found else i + 1
            continue
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        i += 1
    return text[at:i - 1]


def plain(message):
    message = message.replace('\\"', '"').replace("`", "").replace("%%", "%")
    message = re.sub(r"%[-0-9.*]*(?:z|l|ll|h)?[a-zA-Z]", "…", message)
    return re.sub(r"(?:… ?)+…|…", "…", re.sub(r"\s+", " ", message)).strip(" ;:")


def messages():
    files = subprocess.check_output(["git", "ls-files", "*.c"], text=True).split()
    for name in files:
        if name.startswith(("tests/", "guest/")):
            continue
        with open(name, encoding="utf-8") as f:
            text = f.read()
        for call in CALL.finditer(text):
            joined = re.sub(r'"\s*(?:PRI\w+\s*)?"', "", arguments(text, call.end()))
            for literal in LITERAL.findall(joined):
                if REMEDY.search(literal) and len(plain(literal)) > 20:
                    yield plain(literal), name


def main():
    with open("docs/troubleshooting.md", encoding="utf-8") as f:
        page = [plain(m) for m in re.findall(r"^\* \*\*(.*?)\*\*", f.read(), re.M)]
    said = dict(messages())
    missing = [(m, f) for m, f in said.items() if m not in page]
    stale = [m for m in page if m not in said]
    for m, f in missing:
        print(f"docs/troubleshooting.md lacks: {m}  ({f})")
    for m in stale:
        print(f"no message is (any longer): {m}")
    if "--list" in sys.argv:
        print("\n".join(sorted(said)))
    print(f"{len(said) - len(missing)} passed, {len(missing) + len(stale)} failed")
    return 1 if missing or stale or len(said) < 40 else 0


sys.exit(main())
