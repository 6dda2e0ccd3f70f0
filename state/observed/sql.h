/*
 * state/observed/sql.h - the one way to run SQL: prepare (cached), bind, step.
 */
#pragma once
#include <sqlite3.h>
#include <stdbool.h>
#include "state/observed/state.h"

struct error;

enum sql_id {
	SQL_BEGIN, SQL_SNAPSHOT, SQL_COMMIT, SQL_ROLLBACK,
	SQL_RECORDS_ALL, SQL_RECORDS_OF, SQL_INSTANCES_ALL, SQL_INSTANCES_OF,
	SQL_STAMPS_ALL, SQL_STAMPS_OF,
	SQL_PUT, SQL_DROP, SQL_PUT_INSTANCE, SQL_DROP_INSTANCE,
	SQL_RUN_BEGIN, SQL_RUN_END, SQL_STEP_BEGIN, SQL_STEP_END, SQL_STEP_FAR,
	SQL_MARK, SQL_UNMARK, SQL_TYPICAL, SQL_TYPICAL_SORT, SQL_TYPICAL_NAME,
	SQL_ID, SQL_STUB, SQL_EMPTY, SQL_EDGES_ALL, SQL_EDGES_OF, SQL_EDGE_ADD, SQL_EDGES_DROP, SQL_USERS,
	SQL_RUNS, SQL_RUN_LAST, SQL_RUN_STEPS, SQL_PRUNE_STEPS, SQL_PRUNE_RUNS, SQL_COUNT,
};

struct state {
	sqlite3 *db;		/* NULL: an absent database, read as an empty one */
	bool in_transaction;
	bool corrupt;		/* SQLite has said so, of a page that was read after it was opened, maybe */
	struct state_opts opts;
	unsigned long inode;	/* of the file that is open */
	long long busy_since;	/* clock_ms() of the wait that goes on */
	bool busy_told;
	char *path;
	sqlite3_stmt *stmt[SQL_COUNT];
};

/*
 * Binds by `types`, a letter per argument: s text (NULL is SQL NULL), i int,
 * l int64_t, b const struct blob *. The statement is ready to be stepped. NULL: failed.
 */
sqlite3_stmt *sql_bind(struct state *s, enum sql_id id, struct error *err, const char *types, ...);
/* 1 a row, 0 done (and reset), -1 failed (and reset) */
int sql_step(struct state *s, sqlite3_stmt *st, struct error *err);
/* A statement without rows. */
int sql_run(struct state *s, enum sql_id id, struct error *err, const char *types, ...);
void sql_patience(struct state *s);	/* how this connection waits for other processes; see busy.c */
int sql_error(struct state *s, struct error *err);	/* -1, with SQLite's text */
/* Writes go into a transaction, always: half a note is worse than none. 0, or -1 outside of one. */
int sql_writable(struct state *s, struct error *err);
const char *sql_text(sqlite3_stmt *st, int column);	/* never NULL */
