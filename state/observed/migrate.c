#include "state/observed/migrate.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "state/observed/sql.h"

struct packed {
	sqlite3_stmt *stub, *add;
	struct state *s;
	struct error *err;
};

/* A target that nobody recorded gets a row: it is in use. */
static int
migrate_edge(struct packed *p, int64_t source, bool made, int need, const char *type, const char *name)
{
	sqlite3_reset(p->stub);
	sqlite3_bind_text(p->stub, 1, type, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(p->stub, 2, name, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(p->stub) != SQLITE_DONE)
		return sql_error(p->s, p->err);
	sqlite3_reset(p->add);
	sqlite3_bind_int64(p->add, 1, source);
	sqlite3_bind_int(p->add, 2, made);
	sqlite3_bind_int(p->add, 3, need);
	sqlite3_bind_text(p->add, 4, type, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(p->add, 5, name, -1, SQLITE_TRANSIENT);
	return sqlite3_step(p->add) == SQLITE_DONE ? 0 : sql_error(p->s, p->err);
}

/* KIND type NUL name NUL ...; what is damaged ends the list: it is looked at anew */
static int
migrate_blob(struct packed *p, sqlite3_stmt *row, int column, bool made)
{
	const char *at = sqlite3_column_blob(row, column), *end = at ? at + sqlite3_column_bytes(row, column) : NULL;

	while (at < end) {
		const char *type = at + 1, *name = memchr(type, '\0', (size_t)(end - type));
		const char *last = name ? memchr(name + 1, '\0', (size_t)(end - name - 1)) : NULL;

		if (!last)
			return 0;
		if (migrate_edge(p, sqlite3_column_int64(row, 0), made, *at - '0', type, name + 1) < 0)
			return -1;
		at = last + 1;
	}
	return 0;
}

static int
migrate_rows(struct packed *p, sqlite3_stmt *row)
{
	int r;

	while ((r = sqlite3_step(row)) == SQLITE_ROW)
		if (migrate_blob(p, row, 1, false) < 0 || migrate_blob(p, row, 2, true) < 0)
			return -1;
	return r == SQLITE_DONE ? 0 : sql_error(p->s, p->err);
}

int
migrate_edges(struct state *s, struct error *err)
{
	struct packed p = { .s = s, .err = err };
	sqlite3_stmt *row = NULL;
	int r = -1;

	if (sqlite3_prepare_v2(s->db, "SELECT rowid, needs, stands_on FROM resource", -1, &row, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(s->db, "INSERT OR IGNORE INTO resource (owner, type, name) VALUES ('', ?, ?)", -1, &p.stub, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(s->db, "INSERT OR IGNORE INTO edge SELECT ?, rowid, ?, ? FROM resource WHERE type = ? AND name = ?",
			       -1, &p.add, NULL) != SQLITE_OK)
		sql_error(s, err);
	else
		r = migrate_rows(&p, row);
	sqlite3_finalize(row);
	sqlite3_finalize(p.stub);
	sqlite3_finalize(p.add);
	if (r == 0 && sqlite3_exec(s->db, "ALTER TABLE resource DROP COLUMN needs; ALTER TABLE resource DROP COLUMN stands_on",
				   NULL, NULL, NULL) != SQLITE_OK)
		r = sql_error(s, err);
	return r;
}
