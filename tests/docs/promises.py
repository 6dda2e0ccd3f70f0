#!/usr/bin/env python3
"""promises.py - each test that tests/PROMISES.md and tests/FAULTS.md name is there: its file, and in that its name."""
import os, re, sys

tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
passed, missing = 0, []
for table in ("PROMISES.md", "FAULTS.md"):
    column = None
    for line in open(f"{tests}/{table}"):
        columns = [c.strip() for c in line.split("|")]
        if "shown by" in columns:
            column = columns.index("shown by")
        elif column and len(columns) == 5 and columns[1] != "---":
            for shown in columns[column].split("; "):
                named = re.fullmatch(r"`([^`]+)`: (.+)", shown)
                path = f"{tests}/{named.group(1)}" if named else ""
                if not named or not os.path.isfile(path) or named.group(2) not in open(path, errors="replace").read():
                    missing.append(f"{columns[1]}: not there: {shown}")
                else:
                    passed += 1
    if not column:
        missing.append(f"{table} has no column of tests")
print("\n".join(missing) or "every test that is named is there")
print(f"{passed} passed, {len(missing)} failed")
sys.exit(bool(missing) or not passed)
