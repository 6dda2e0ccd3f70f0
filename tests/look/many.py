#!/usr/bin/env python3
"""many.py HOME INSTANCE N: of the newest run in HOME's database, which made INSTANCE, one of 31 seconds that made N of them, each somewhat later."""
import sqlite3, sys

home, one, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = sqlite3.connect(f"{home}/_state/state.db")
run = db.execute("SELECT MAX(id) FROM run").fetchone()[0]


def renamed(name, new):
    return new + name[len(one):] if name == one or name.startswith(one + ":") else name


rows = db.execute("SELECT rowid, owner, type, name, wanted, present, pending, want, have FROM resource WHERE owner = ?", (one,)).fetchall()
edges = db.execute("SELECT source, target, declared, made FROM edge").fetchall()
steps = db.execute("SELECT type, name, verb, why, began, ended, error, sort FROM step WHERE run = ? ORDER BY id", (run,)).fetchall()
own = {r[0] for r in rows}
second = 1 / 86400
for i in range(2, n + 1):
    new, ids = f"{one}-{i}", {}
    for r in rows:
        cursor = db.execute("INSERT INTO resource (owner, type, name, wanted, present, pending, want, have) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            (new, r[2], renamed(r[3], new), *r[4:]))
        ids[r[0]] = cursor.lastrowid
    for source, target, declared, made in edges:
        if source in own:
            db.execute("INSERT INTO edge VALUES (?, ?, ?, ?)", (ids[source], ids.get(target, target), declared, made))
    for type_, name, verb, why, began, ended, error, sort in steps:
        if name == one or name.startswith(one + ":"):
            db.execute("INSERT INTO step (run, type, name, verb, why, began, ended, error, sort) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       (run, type_, renamed(name, new), verb, why, began + i * second / 7, ended + i * second / 7, error, sort))
# a length whose last tick, at 30 s, is all but at the right edge
db.execute("UPDATE run SET began = (SELECT MIN(began) FROM step WHERE run = ?1), ended = (SELECT MIN(began) FROM step WHERE run = ?1) + ?2 WHERE id = ?1", (run, 31 * second))
db.commit()
