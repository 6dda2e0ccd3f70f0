#include "state/observed/sql.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>

#include "base/error.h"
#include "state/observed/state.h"

static const char *const text[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_SNAPSHOT] = "BEGIN",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_RECORDS_ALL] = "SELECT rowid, owner, type, name, wanted, present, pending, want, have FROM resource",
	[SQL_RECORDS_OF] = "SELECT rowid, owner, type, name, wanted, present, pending, want, have FROM resource WHERE owner = ?",
	[SQL_ID] = "SELECT rowid FROM resource WHERE type = ? AND name = ?",
	[SQL_STUB] = "INSERT OR IGNORE INTO resource (owner, type, name) VALUES (?, ?, ?)",
	[SQL_EDGES_ALL] = "SELECT source, target, declared, made FROM edge",
	[SQL_EDGES_OF] = "SELECT e.source, e.target, e.declared, e.made FROM resource r JOIN edge e ON e.source = r.rowid"
			 " WHERE r.owner = ?",
	[SQL_EDGE_ADD] = "INSERT INTO edge (source, target, declared, made) VALUES (?, ?, ?, ?) ON CONFLICT (source, target)"
			  " DO UPDATE SET declared = MAX(declared, excluded.declared), made = MAX(made, excluded.made)",
	[SQL_EDGES_DROP] = "DELETE FROM edge WHERE source = ?",
	/* Through host-wide things; the weakest need on the way counts. */
	[SQL_USERS] = "WITH RECURSIVE u(id, declared, made) AS (SELECT e.source, e.declared, e.made FROM resource t"
		      " JOIN edge e ON e.target = t.rowid WHERE t.type = ? AND t.name = ?"
		      " UNION SELECT e.source, MIN(e.declared, u.declared), MIN(e.made, u.made) FROM u"
		      " JOIN resource t ON t.rowid = u.id AND t.owner = '' JOIN edge e ON e.target = u.id)"
		      " SELECT r.owner, r.type, r.name, r.wanted, r.present, u.declared, u.made FROM u"
		      " JOIN resource r ON r.rowid = u.id WHERE r.owner != '' ORDER BY r.owner, r.type, r.name",
	[SQL_INSTANCES_ALL] = "SELECT name, goal, stamp, json FROM instance ORDER BY name",
	[SQL_STAMPS_ALL] = "SELECT name, goal, stamp FROM instance ORDER BY name",
	[SQL_STAMPS_OF] = "SELECT name, goal, stamp FROM instance WHERE name = ?",
	[SQL_INSTANCES_OF] = "SELECT name, goal, stamp, json FROM instance WHERE name = ?",
	[SQL_PUT] = "INSERT INTO resource (owner, type, name, wanted, present, want, have)"
		    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (type, name) DO UPDATE SET owner = excluded.owner,"
		    " wanted = excluded.wanted, present = excluded.present, want = excluded.want, have = excluded.have",
	/* A resource that others need stays as a name; they will find that it is gone. */
	[SQL_DROP] = "DELETE FROM resource WHERE rowid = ?1 AND NOT EXISTS (SELECT 1 FROM edge WHERE target = ?1)",
	[SQL_EMPTY] = "UPDATE resource SET wanted = 0, present = 0, pending = 0, want = NULL, have = NULL WHERE rowid = ?",
	[SQL_PUT_INSTANCE] = "INSERT INTO instance (name, goal, stamp, json) VALUES (?, ?, ?, ?) ON CONFLICT (name)"
			     " DO UPDATE SET goal = excluded.goal, stamp = excluded.stamp, json = excluded.json",
	[SQL_DROP_INSTANCE] = "DELETE FROM instance WHERE name = ?",
	[SQL_RUN_BEGIN] = "INSERT INTO run (command, began) VALUES (?, julianday('now'))",
	[SQL_RUN_END] = "UPDATE run SET ended = julianday('now'), outcome = ?2 WHERE id = ?1",
	[SQL_STEP_BEGIN] = "INSERT INTO step (run, type, name, verb, why, sort, began)"
			   " VALUES (?, ?, ?, ?, ?, ?, julianday('now'))",
	[SQL_STEP_END] = "UPDATE step SET ended = julianday('now'), error = ?2 WHERE id = ?1",
	[SQL_STEP_FAR] = "INSERT INTO step (run, type, name, verb, why, sort, began, ended, error)"
			 " VALUES (?1, ?2, ?3, ?4, '', '', julianday('now') - ?5 / 86400000.0, julianday('now') - ?6 / 86400000.0, ?7)",
	[SQL_MARK] = "INSERT INTO resource (owner, type, name, pending) VALUES (?, ?, ?, 1)"
		     " ON CONFLICT (type, name) DO UPDATE SET pending = 1",
	[SQL_UNMARK] = "UPDATE resource SET pending = 0 WHERE type = ? AND name = ?",
	[SQL_RUNS] = "SELECT r.id, r.command, CAST((r.began - 2440587.5) * 86400000 AS INTEGER),"
		     " CAST((r.ended - 2440587.5) * 86400000 AS INTEGER), r.outcome, COUNT(s.id), COUNT(s.error) FROM run r"
		     " LEFT JOIN step s ON s.run = r.id WHERE r.id >= ?1 AND r.id <= ?2 GROUP BY r.id ORDER BY r.id",
	[SQL_RUN_LAST] = "SELECT MAX(id) FROM run",
	[SQL_RUN_STEPS] = "SELECT type, name, verb, why, CAST((began - 2440587.5) * 86400000 AS INTEGER),"
			  " CAST((ended - 2440587.5) * 86400000 AS INTEGER), error FROM step WHERE run = ? ORDER BY id",
	/* An estimate needs the last nine steps of a kind that went well. */
	[SQL_PRUNE_STEPS] = "DELETE FROM step WHERE run <= ? AND (error IS NOT NULL OR ended IS NULL OR (SELECT COUNT(*) FROM"
			    " (SELECT 1 FROM step n WHERE n.type = step.type AND n.verb = step.verb AND n.sort = step.sort AND n.id > step.id"
			    " AND n.error IS NULL AND n.ended IS NOT NULL LIMIT 9)) = 9)",
	[SQL_PRUNE_RUNS] = "DELETE FROM run WHERE id <= ?",
	[SQL_TYPICAL] = "WITH last AS (SELECT CAST((ended - began) * 86400000 AS INTEGER) AS ms FROM step WHERE type = ?1 AND verb = ?2"
			" AND error IS NULL AND ended IS NOT NULL ORDER BY id DESC LIMIT 9)"
			" SELECT ms, (SELECT COUNT(*) FROM last) FROM last ORDER BY ms LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM last)",
	[SQL_TYPICAL_NAME] = "WITH last AS (SELECT CAST((ended - began) * 86400000 AS INTEGER) AS ms FROM step WHERE type = ?1 AND verb = ?2"
			     " AND name = ?3 AND error IS NULL AND ended IS NOT NULL ORDER BY id DESC LIMIT 9)"
			     " SELECT ms, (SELECT COUNT(*) FROM last) FROM last ORDER BY ms LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM last)",
	[SQL_TYPICAL_SORT] = "WITH last AS (SELECT CAST((ended - began) * 86400000 AS INTEGER) AS ms FROM step WHERE type = ?1 AND verb = ?2"
			     " AND sort = ?3 AND error IS NULL AND ended IS NOT NULL ORDER BY id DESC LIMIT 9)"
			     " SELECT ms, (SELECT COUNT(*) FROM last) FROM last ORDER BY ms LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM last)",
};

static bool
sql_is_interrupted(const struct state *s, int code)
{
	return code == SQLITE_BUSY && s->opts.cancel && *s->opts.cancel;
}

static bool
sql_is_full(int why)
{
	return why == ENOSPC || why == EDQUOT;
}

int
sql_error(struct state *s, struct error *err)
{
	int code = sqlite3_errcode(s->db) & 0xff;

	if (sql_is_interrupted(s, code))
		return error_set(err, ERR_CANCELLED, "interrupted while another process was writing to %s", s->path);
	s->corrupt |= code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	/* A full disk is met by write(), or later, by fsync() or in the file of shared memory. */
	if (code == SQLITE_FULL || (code == SQLITE_IOERR && sql_is_full(sqlite3_system_errno(s->db)))) {
		errno = code == SQLITE_FULL ? ENOSPC : sqlite3_system_errno(s->db);
		return error_errno(err, "write the journal %s", s->path);
	}
	return error_set(err, ERR_CHILD, "%s: %s%s", s->path, sqlite3_errmsg(s->db),
			 s->corrupt ? "; move the file away: what exists is looked at anew" : "");
}

static int
sql_bind_one(sqlite3_stmt *st, const char *types, va_list ap)
{
	int r = SQLITE_OK;

	for (int i = 1; *types && r == SQLITE_OK; types++, i++) {
		const struct blob *b;

		switch (*types) {
		case 's':
			r = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
			break;
		case 'i':
			r = sqlite3_bind_int(st, i, va_arg(ap, int));
			break;
		case 'l':
			r = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
			break;
		case 'b':
			b = va_arg(ap, const struct blob *);
			r = sqlite3_bind_blob(st, i, b->len ? b->p : "", (int)b->len, SQLITE_TRANSIENT);
			break;
		}
	}
	return r;
}

static sqlite3_stmt *
sql_vbind(struct state *s, enum sql_id id, struct error *err, const char *types, va_list ap)
{
	sqlite3_stmt *st = s->stmt[id];

	if (!st && sqlite3_prepare_v3(s->db, text[id], -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK) {
		/* The statements are right, so it is the tables that are not. */
		s->corrupt |= (sqlite3_errcode(s->db) & 0xff) == SQLITE_ERROR;
		sql_error(s, err);
		return NULL;
	}
	s->stmt[id] = st;
	if (sql_bind_one(st, types, ap) == SQLITE_OK)
		return st;
	sql_error(s, err);
	return NULL;
}

sqlite3_stmt *
sql_bind(struct state *s, enum sql_id id, struct error *err, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list ap;

	va_start(ap, types);
	st = sql_vbind(s, id, err, types, ap);
	va_end(ap);
	return st;
}

int
sql_step(struct state *s, sqlite3_stmt *st, struct error *err)
{
	int r = sqlite3_step(st);

	if (r == SQLITE_ROW)
		return 1;
	if (r != SQLITE_DONE)
		sql_error(s, err);
	sqlite3_reset(st);
	return r == SQLITE_DONE ? 0 : -1;
}

int
sql_run(struct state *s, enum sql_id id, struct error *err, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list ap;

	va_start(ap, types);
	st = sql_vbind(s, id, err, types, ap);
	va_end(ap);
	return st ? sql_step(s, st, err) : -1;
}

const char *
sql_text(sqlite3_stmt *st, int column)
{
	const char *p = (const char *)sqlite3_column_text(st, column);

	return p ? p : "";
}
