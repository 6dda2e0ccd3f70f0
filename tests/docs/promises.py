#!/usr/bin/env python3
"""promises.py - each test that tests/PROMISES.md names is there: its file, and in that its name."""
import os, re, sys

tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
passed, missing = 0, []
for line in open(f"{tests}/PROMISES.md"):
    columns = line.split("|")
    if len(columns) != 5 or columns[2].strip() in ("shown by", "---"):
        continue
    for shown in columns[2].split(";"):
        named = re.fullmatch(r"\s*`([^`]+)`: (.+?)\s*", shown)
        path = f"{tests}/{named.group(1)}" if named else ""
        if not named or not os.path.isfile(path) or named.group(2) not in open(path, errors="replace").read():
            missing.append(f"{columns[1].strip()}: not there: {shown.strip()}")
        else:
            passed += 1
print("\n".join(missing) or "every test that is named is there")
print(f"{passed} passed, {len(missing)} failed")
sys.exit(bool(missing) or not passed)
