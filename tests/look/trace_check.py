#!/usr/bin/env python3
"""trace_check.py FILE: holds a trace to Chrome's format as Perfetto reads it, and prints the critical path, a step a line."""
import json, sys
from collections import defaultdict

trace = json.load(open(sys.argv[1], encoding="utf-8"))
events = trace["traceEvents"]
assert set(trace) == {"displayTimeUnit", "otherData", "traceEvents"} and trace["displayTimeUnit"] == "ms"
needs = {"X": {"dur"}, "M": {"args"}, "b": {"id"}, "e": {"id"}, "s": {"id"}, "f": {"id", "bp"}}
rows, pairs, flows, named, path = defaultdict(list), defaultdict(list), defaultdict(list), set(), []
for e in events:
    assert {"name", "cat", "ph", "pid", "tid", "ts"} | needs[e["ph"]] <= set(e), e
    assert isinstance(e["name"], str) and e["name"] and all(isinstance(e[k], int) and e[k] >= 0 for k in ("pid", "tid", "ts")), e
    if e["ph"] == "X":
        assert isinstance(e["dur"], int) and e["dur"] >= 0, e
        rows[e["pid"], e["tid"]].append((e["ts"], e["ts"] + e["dur"], e))
        if e["cat"] == "critical_path":
            path.append(e)
    elif e["ph"] == "M":
        assert e["name"] in ("process_name", "process_sort_index", "thread_name"), e
        if e["name"] != "process_sort_index":
            named.add((e["pid"], e["tid"] if e["name"] == "thread_name" else None))
    elif e["ph"] in "be":
        pairs[e["cat"], e["id"], e["name"]].append(e)
    else:
        flows[e["id"]].append(e)
for (pid, tid), slices in rows.items():
    assert (pid, tid) in named and (pid, None) in named, (pid, tid)
    # slices of a thread lie one behind the other or within each other
    stack = []
    for began, ended, e in sorted(slices, key=lambda s: (s[0], -s[1])):
        while stack and stack[-1] <= began:
            stack.pop()
        assert not stack or ended <= stack[-1], ("overlaps", e)
        stack.append(ended)
for key, both in pairs.items():
    assert [e["ph"] for e in both] == ["b", "e"] and both[0]["ts"] <= both[1]["ts"], key
for key, both in flows.items():
    assert [e["ph"] for e in both] == ["s", "f"] and both[0]["ts"] <= both[1]["ts"], key
assert all(a["ts"] + a["dur"] <= b["ts"] for a, b in zip(path, path[1:])), "the critical path overlaps"
for e in path:
    print(e["name"])
