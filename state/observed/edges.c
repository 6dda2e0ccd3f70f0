/* Resources as rows, and who needs whom: a resource is written with its edges, and goes with them. */
#include "base/error.h"
#include "state/observed/sql.h"
#include "state/observed/state.h"

/* The row of a resource; 0: none. */
static int64_t
row_id(struct state *s, const char *type, const char *name, struct error *err)
{
	sqlite3_stmt *st = sql_bind(s, SQL_ID, err, "ss", type, name);
	int64_t id = 0;
	int r = st ? sql_step(s, st, err) : -1;

	if (r > 0)
		id = sqlite3_column_int64(st, 0);
	if (st)
		sqlite3_reset(st);
	return r < 0 ? -1 : id;
}

/* The target gets a row, if it has none yet: it is in use. */
static int
edge_add(struct state *s, int64_t source, const struct state_edge *e, struct error *err)
{
	int64_t target = row_id(s, e->type, e->name, err);

	if (target == 0) {
		if (sql_run(s, SQL_STUB, err, "sss", e->owner, e->type, e->name) < 0)
			return -1;
		target = row_id(s, e->type, e->name, err);
	}
	return target < 0 ? -1 : sql_run(s, SQL_EDGE_ADD, err, "llii", source, target, e->declared, e->made);
}

int
state_put(struct state *s, const struct record *r, struct error *err)
{
	int64_t id;

	if (sql_writable(s, err) < 0 || sql_run(s, SQL_PUT, err, "sssiibb", r->owner, r->type, r->name, (int)r->wanted,
						(int)r->present, &r->want, &r->have) < 0)
		return -1;
	id = row_id(s, r->type, r->name, err);
	if (id < 0 || sql_run(s, SQL_EDGES_DROP, err, "l", id) < 0)
		return -1;
	for (size_t i = 0; i < r->nedges; i++)
		if (edge_add(s, id, &r->edges[i], err) < 0)
			return -1;
	return 0;
}

int
state_drop(struct state *s, const char *type, const char *name, struct error *err)
{
	int64_t id = sql_writable(s, err) < 0 ? -1 : row_id(s, type, name, err);

	if (id <= 0)
		return (int)id;
	if (sql_run(s, SQL_EDGES_DROP, err, "l", id) < 0 || sql_run(s, SQL_EMPTY, err, "l", id) < 0)
		return -1;
	return sql_run(s, SQL_DROP, err, "l", id);
}

int
state_edges(struct state *s, const char *owner, int (*each)(void *ctx, const struct state_edge *e), void *ctx, struct error *err)
{
	sqlite3_stmt *st;
	int r = 0, stop = 0;

	if (!s->db)
		return 0;
	st = owner ? sql_bind(s, SQL_EDGES_OF, err, "s", owner) : sql_bind(s, SQL_EDGES_ALL, err, "");
	if (!st)
		return -1;
	while (!stop && (r = sql_step(s, st, err)) > 0) {
		struct state_edge e = {
			.source = sqlite3_column_int64(st, 0), .target = sqlite3_column_int64(st, 1),
			.declared = sqlite3_column_int(st, 2), .made = sqlite3_column_int(st, 3),
		};

		stop = each(ctx, &e);
	}
	sqlite3_reset(st);
	return stop ? stop : r;
}

int
state_users(struct state *s, const char *type, const char *name, int (*each)(void *ctx, const struct state_user *u), void *ctx,
	    struct error *err)
{
	sqlite3_stmt *st;
	int r = 0, stop = 0;

	if (!s->db)
		return 0;
	st = sql_bind(s, SQL_USERS, err, "ss", type, name);
	if (!st)
		return -1;
	while (!stop && (r = sql_step(s, st, err)) > 0) {
		struct state_user u = {
			.owner = sql_text(st, 0), .type = sql_text(st, 1), .name = sql_text(st, 2), .wanted = sqlite3_column_int(st, 3),
			.present = sqlite3_column_int(st, 4), .declared = sqlite3_column_int(st, 5), .made = sqlite3_column_int(st, 6),
		};

		stop = each(ctx, &u);
	}
	sqlite3_reset(st);
	return stop ? stop : r;
}
