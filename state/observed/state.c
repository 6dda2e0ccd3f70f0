#include "state/observed/state.h"

#include <string.h>

#include "base/error.h"
#include "state/observed/sql.h"

static struct blob
state_blob(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);

	return (struct blob){ p, p ? (size_t)sqlite3_column_bytes(st, column) : 0 };
}

int
state_records(struct state *s, const char *owner,
	      int (*each)(void *ctx, const struct record *r), void *ctx, struct error *err)
{
	sqlite3_stmt *st;
	int r = 0, stop = 0;

	if (!s->db)
		return 0;
	st = owner ? sql_bind(s, SQL_RECORDS_OF, err, "s", owner) : sql_bind(s, SQL_RECORDS_ALL, err, "");
	if (!st)
		return -1;
	while (!stop && (r = sql_step(s, st, err)) > 0) {
		struct record rec = {
			.id = sqlite3_column_int64(st, 0),
			.owner = sql_text(st, 1), .type = sql_text(st, 2), .name = sql_text(st, 3),
			.wanted = sqlite3_column_int(st, 4), .present = sqlite3_column_int(st, 5),
			.unfinished = sqlite3_column_int(st, 6), .want = state_blob(st, 7), .have = state_blob(st, 8),
		};

		stop = each(ctx, &rec);
	}
	sqlite3_reset(st);
	return stop ? stop : r;
}

static int
instances_each(struct state *s, sqlite3_stmt *st, bool brief, int (*each)(void *ctx, const struct state_instance *i), void *ctx,
	       struct error *err)
{
	int r = 0, stop = 0;

	if (!st)
		return -1;
	while (!stop && (r = sql_step(s, st, err)) > 0) {
		struct state_instance i = {
			.name = sql_text(st, 0), .goal = sqlite3_column_int(st, 1),
			.stamp = sql_text(st, 2), .json = brief ? "" : sql_text(st, 3),
		};

		stop = each(ctx, &i);
	}
	sqlite3_reset(st);
	return stop ? stop : r;
}

int
state_instances(struct state *s, const char *name,
		int (*each)(void *ctx, const struct state_instance *i), void *ctx, struct error *err)
{
	if (!s->db)
		return 0;
	return instances_each(s, name ? sql_bind(s, SQL_INSTANCES_OF, err, "s", name) : sql_bind(s, SQL_INSTANCES_ALL, err, ""), false,
			      each, ctx, err);
}

int
state_stamps(struct state *s, const char *name, int (*each)(void *ctx, const struct state_instance *i), void *ctx, struct error *err)
{
	if (!s->db)
		return 0;
	return instances_each(s, name ? sql_bind(s, SQL_STAMPS_OF, err, "s", name) : sql_bind(s, SQL_STAMPS_ALL, err, ""), true,
			      each, ctx, err);
}

int
state_snapshot(struct state *s, struct error *err)
{
	return s->db ? sql_run(s, SQL_SNAPSHOT, err, "") : 0;
}

int
state_begin(struct state *s, struct error *err)
{
	if (sql_run(s, SQL_BEGIN, err, "") < 0)
		return -1;
	s->in_transaction = true;
	return 0;
}

void
state_rollback(struct state *s)
{
	if (!sqlite3_get_autocommit(s->db))
		sql_run(s, SQL_ROLLBACK, NULL, "");
	s->in_transaction = false;
}

int
state_commit(struct state *s, struct error *err)
{
	if (sql_run(s, SQL_COMMIT, err, "") < 0) {
		state_rollback(s);
		return -1;
	}
	s->in_transaction = false;
	return 0;
}

int
sql_writable(struct state *s, struct error *err)
{
	if (s->db && s->in_transaction)
		return 0;
	return error_set(err, ERR_CHILD, "%s: written outside a transaction", s->path);
}

int
state_put_instance(struct state *s, const struct state_instance *i, struct error *err)
{
	if (sql_writable(s, err) < 0)
		return -1;
	return sql_run(s, SQL_PUT_INSTANCE, err, "siss", i->name, i->goal, i->stamp, i->json);
}

int
state_drop_instance(struct state *s, const char *name, struct error *err)
{
	return sql_writable(s, err) < 0 ? -1 : sql_run(s, SQL_DROP_INSTANCE, err, "s", name);
}
