/* The journal: runs and their steps, and how long such steps take here. */
#include "base/error.h"
#include "state/observed/sql.h"
#include "state/observed/state.h"

enum { RUNS_KEPT = 1000 };

static int
journal_prune(struct state *s, int64_t last, struct error *err)
{
	if (last <= 0)
		return 0;
	return sql_run(s, SQL_PRUNE_STEPS, err, "l", last) < 0 ? -1 : sql_run(s, SQL_PRUNE_RUNS, err, "l", last);
}

int
state_run_begin(struct state *s, const char *command, int64_t *run, struct error *err)
{
	if (sql_writable(s, err) < 0 || sql_run(s, SQL_RUN_BEGIN, err, "s", command) < 0)
		return -1;
	*run = sqlite3_last_insert_rowid(s->db);
	return journal_prune(s, *run - RUNS_KEPT, err);
}

int
state_run_end(struct state *s, int64_t run, const char *outcome, struct error *err)
{
	return sql_writable(s, err) < 0 ? -1 : sql_run(s, SQL_RUN_END, err, "ls", run, outcome);
}

int
state_step_begin(struct state *s, int64_t run, const char *owner, const char *type, const char *name,
		 const char *verb, const char *why, const char *sort, int64_t *step, struct error *err)
{
	if (sql_writable(s, err) < 0 || sql_run(s, SQL_MARK, err, "sss", owner, type, name) < 0 ||
	    sql_run(s, SQL_STEP_BEGIN, err, "lsssss", run, type, name, verb, why, sort) < 0)
		return -1;
	*step = sqlite3_last_insert_rowid(s->db);
	return 0;
}

int
state_step_end(struct state *s, int64_t step, const char *type, const char *name, const char *error, struct error *err)
{
	if (sql_writable(s, err) < 0 || sql_run(s, SQL_STEP_END, err, "ls", step, error) < 0)
		return -1;
	return error ? 0 : sql_run(s, SQL_UNMARK, err, "ss", type, name);
}

int
state_step_far(struct state *s, int64_t run, const struct state_far *f, struct error *err)
{
	if (sql_writable(s, err) < 0)
		return -1;
	return sql_run(s, SQL_STEP_FAR, err, "lssslls", run, f->type, f->name, f->verb, f->ago_ms + f->took_ms, f->ago_ms, f->error);
}

static int64_t
journal_median(struct state *s, sqlite3_stmt *st, size_t *runs)
{
	int64_t ms = -1;

	if (!st)
		return -1;
	if (sql_step(s, st, NULL) > 0) {
		ms = sqlite3_column_int64(st, 0);
		*runs = (size_t)sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	return ms;
}

int64_t
state_typical_ms(struct state *s, const char *type, const char *verb, const char *name, const char *sort, size_t *runs)
{
	int64_t ms = -1;

	*runs = 0;
	if (!s->db)
		return -1;
	if (name)
		ms = journal_median(s, sql_bind(s, SQL_TYPICAL_NAME, NULL, "sss", type, verb, name), runs);
	if (ms < 0 && *sort)
		ms = journal_median(s, sql_bind(s, SQL_TYPICAL_SORT, NULL, "sss", type, verb, sort), runs);
	return ms >= 0 ? ms : journal_median(s, sql_bind(s, SQL_TYPICAL, NULL, "ss", type, verb), runs);
}

static int64_t
int_or(sqlite3_stmt *st, int column, int64_t unset)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL ? unset : sqlite3_column_int64(st, column);
}

int
state_runs(struct state *s, int64_t first, int64_t last, int (*each)(void *ctx, const struct state_run *r), void *ctx,
	   struct error *err)
{
	sqlite3_stmt *st;
	int r = 0, stop = 0;

	if (!s->db)
		return 0;
	st = sql_bind(s, SQL_RUNS, err, "ll", first, last);
	if (!st)
		return -1;
	while (!stop && (r = sql_step(s, st, err)) > 0) {
		struct state_run run = {
			.id = sqlite3_column_int64(st, 0), .command = sql_text(st, 1), .began_ms = sqlite3_column_int64(st, 2),
			.ended_ms = int_or(st, 3, -1), .outcome = sql_text(st, 4), .steps = sqlite3_column_int(st, 5),
			.failed = sqlite3_column_int(st, 6),
		};

		stop = each(ctx, &run);
	}
	sqlite3_reset(st);
	return stop ? stop : r;
}

int
state_run_last(struct state *s, int64_t *id, struct error *err)
{
	sqlite3_stmt *st = s->db ? sql_bind(s, SQL_RUN_LAST, err, "") : NULL;
	int r;

	*id = 0;
	if (!s->db)
		return 0;
	r = st ? sql_step(s, st, err) : -1;
	if (r > 0)
		*id = int_or(st, 0, 0);
	if (st)
		sqlite3_reset(st);
	return r < 0 ? -1 : 0;
}

int
state_run_steps(struct state *s, int64_t run, int (*each)(void *ctx, const struct state_step *step), void *ctx, struct error *err)
{
	sqlite3_stmt *st;
	int r = 0, stop = 0;

	if (!s->db)
		return 0;
	st = sql_bind(s, SQL_RUN_STEPS, err, "l", run);
	if (!st)
		return -1;
	while (!stop && (r = sql_step(s, st, err)) > 0) {
		struct state_step step = {
			.type = sql_text(st, 0), .name = sql_text(st, 1), .verb = sql_text(st, 2), .why = sql_text(st, 3),
			.began_ms = sqlite3_column_int64(st, 4), .ended_ms = int_or(st, 5, -1), .error = sql_text(st, 6),
		};

		stop = each(ctx, &step);
	}
	sqlite3_reset(st);
	return stop ? stop : r;
}
