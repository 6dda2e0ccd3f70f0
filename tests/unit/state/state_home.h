/* tests/unit/state/state_home.h - a home with a database, what is put into it and seen of it. */
#pragma once
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "state/observed/state.h"
#include "tests/unit/test.h"

static char home[64];

static inline void
fresh_home(void)
{
	strcpy(home, "/tmp/lima-state.XXXXXX");
	assert_non_null(mkdtemp(home));
}

static int warned;

static inline void
warn(void *ctx, const char *text)
{
	(void)ctx;
	assert_non_null(strstr(text, "corrupt"));
	warned++;
}

static inline struct state *
open_it(enum state_flags flags)
{
	struct state *s;
	struct error err = { 0 };

	if (state_open(&s, home, &(struct state_opts){ .flags = flags, .warn = warn }, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

static inline void
put(struct state *s, const char *type, const char *name, const char *have)
{
	struct record r = {
		.owner = "a", .type = type, .name = name, .present = true, .wanted = true, .have = { have, strlen(have) + 1 },
	};

	assert_int_equal(state_put(s, &r, NULL), 0);
}

struct seen {
	int n, unfinished;
	char have[64];
};

static inline int
each(void *ctx, const struct record *r)
{
	struct seen *x = ctx;

	x->n++;
	x->unfinished += r->unfinished;
	if (r->have.len)
		memcpy(x->have, r->have.p, r->have.len < sizeof x->have ? r->have.len : sizeof x->have);
	return 0;
}

static inline struct seen
look(struct state *s)
{
	struct seen x = { 0 };

	assert_int_equal(state_records(s, NULL, each, &x, NULL), 0);
	return x;
}

static inline void
gone(struct state *s)
{
	state_close(s);
	fs_remove_tree(home, NULL);
}

static inline void
write_db(const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/_state", home);
	mkdir(path, 0700);
	strcat(path, "/state.db");
	assert_int_equal(fs_write(path, text, strlen(text), 0600, NULL), 0);
}

static inline void
run_sql(const char *sql)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/_state/state.db", home);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static inline int
counted(void *ctx, const struct record *r)
{
	(void)r;
	++*(int *)ctx;
	return 0;
}

/* tables that are not ours, by whatever hand: it heals like a damaged page */
static inline int
each_edge(void *ctx, const struct state_edge *e)
{
	struct seen *x = ctx;

	x->n++;
	x->unfinished += e->made > 0;
	return 0;
}

static inline int
each_user(void *ctx, const struct state_user *u)
{
	char *text = ctx;

	sprintf(text + strlen(text), "%s/%s/%s%s%s%s ", u->owner, u->type, u->name, u->present ? "" : " absent",
		u->declared ? "" : " undeclared", u->made ? " made" : "");
	return 0;
}

static inline void
put_edges(struct state *s, const char *owner, const char *type, const char *name, const struct state_edge *e, size_t n)
{
	struct record r = { .owner = owner, .type = type, .name = name, .present = true, .wanted = true, .edges = e, .nedges = n };
	struct error err;

	ok(state_put(s, &r, &err));
}
