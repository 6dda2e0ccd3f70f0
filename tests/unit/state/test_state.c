/* The database: what goes in comes out, transactions, and what happens to a broken one. */
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

static void
fresh_home(void)
{
	strcpy(home, "/tmp/lima-state.XXXXXX");
	assert_non_null(mkdtemp(home));
}

static int warned;

static void
warn(void *ctx, const char *text)
{
	(void)ctx;
	assert_non_null(strstr(text, "corrupt"));
	warned++;
}

static struct state *
open_it(enum state_flags flags)
{
	struct state *s;
	struct error err = { 0 };

	if (state_open(&s, home, &(struct state_opts){ .flags = flags, .warn = warn }, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

static void
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

static int
each(void *ctx, const struct record *r)
{
	struct seen *x = ctx;

	x->n++;
	x->unfinished += r->unfinished;
	if (r->have.len)
		memcpy(x->have, r->have.p, r->have.len < sizeof x->have ? r->have.len : sizeof x->have);
	return 0;
}

static struct seen
look(struct state *s)
{
	struct seen x = { 0 };

	assert_int_equal(state_records(s, NULL, each, &x, NULL), 0);
	return x;
}

static void
gone(struct state *s)
{
	state_close(s);
	fs_remove_tree(home, NULL);
}

TEST(what_goes_in_comes_out)
{
	struct state *s;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_begin(s, NULL), 0);
	put(s, "disk", "a", "size");
	put(s, "disk", "a", "more");
	assert_int_equal(state_commit(s, NULL), 0);
	state_close(s);
	s = open_it(STATE_READ);
	assert_int_equal(look(s).n, 1);
	assert_string_equal(look(s).have, "more");
	gone(s);
}

TEST(an_absent_database_reads_as_an_empty_one_and_is_not_made)
{
	struct state *s;
	char path[128];

	fresh_home();
	s = open_it(STATE_READ);
	assert_int_equal(look(s).n, 0);
	snprintf(path, sizeof path, "%s/_state", home);
	assert_false(fs_exists(path));
	gone(s);
}

TEST(what_was_not_committed_was_not_done)
{
	struct state *s;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_begin(s, NULL), 0);
	put(s, "disk", "a", "size");
	state_close(s);
	s = open_it(0);
	assert_int_equal(look(s).n, 0);
	gone(s);
}

TEST(nothing_is_written_outside_a_transaction)
{
	struct record r = { .owner = "", .type = "t", .name = "n" };
	struct state *s;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_put(s, &r, NULL), -1);
	assert_int_equal(state_drop(s, "t", "n", NULL), -1);
	gone(s);
}

TEST(a_step_that_began_is_unfinished_until_it_ends_well)
{
	struct state *s;
	int64_t run, step;

	fresh_home();
	s = open_it(0);
	state_begin(s, NULL);
	assert_int_equal(state_run_begin(s, "apply", &run, NULL), 0);
	assert_int_equal(state_step_begin(s, run, "a", "disk", "a", "ensure", "missing", "", &step, NULL), 0);
	state_commit(s, NULL);
	state_close(s);
	s = open_it(0);
	assert_int_equal(look(s).unfinished, 1);
	state_begin(s, NULL);
	assert_int_equal(state_step_end(s, step, "disk", "a", "no space", NULL), 0);
	state_commit(s, NULL);
	assert_int_equal(look(s).unfinished, 1);
	state_begin(s, NULL);
	assert_int_equal(state_step_end(s, step, "disk", "a", NULL, NULL), 0);
	state_commit(s, NULL);
	assert_int_equal(look(s).unfinished, 0);
	gone(s);
}

TEST(a_record_keeps_its_mark_when_it_is_put_again)
{
	struct state *s;
	int64_t run, step;

	fresh_home();
	s = open_it(0);
	state_begin(s, NULL);
	state_run_begin(s, "apply", &run, NULL);
	state_step_begin(s, run, "a", "disk", "a", "ensure", "missing", "", &step, NULL);
	put(s, "disk", "a", "x");
	state_commit(s, NULL);
	assert_int_equal(look(s).unfinished, 1);
	gone(s);
}

TEST(durations_are_told_by_the_median)
{
	struct state *s;
	int64_t run, step;
	size_t runs;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_typical_ms(s, "disk", "ensure", NULL, "", &runs), -1);
	state_begin(s, NULL);
	state_run_begin(s, "apply", &run, NULL);
	state_step_begin(s, run, "a", "disk", "a", "ensure", "", "", &step, NULL);
	state_step_end(s, step, "disk", "a", NULL, NULL);
	state_commit(s, NULL);
	assert_in_range(state_typical_ms(s, "disk", "ensure", NULL, "", &runs), 0, 10000);
	assert_int_equal(runs, 1);
	gone(s);
}

/* Those of the same image and size come first; where there are none, all count. */
TEST(durations_are_told_by_what_is_alike)
{
	struct state *s;
	int64_t run, step;
	size_t runs;

	fresh_home();
	s = open_it(0);
	state_begin(s, NULL);
	state_run_begin(s, "apply", &run, NULL);
	for (int i = 0; i < 5; i++) {
		state_step_begin(s, run, "a", "disk", "a", "ensure", "", i < 2 ? "small" : "large", &step, NULL);
		state_step_end(s, step, "disk", "a", NULL, NULL);
	}
	state_commit(s, NULL);
	assert_in_range(state_typical_ms(s, "disk", "ensure", NULL, "small", &runs), 0, 10000);
	assert_int_equal(runs, 2);
	assert_in_range(state_typical_ms(s, "disk", "ensure", NULL, "unheard-of", &runs), 0, 10000);
	assert_int_equal(runs, 5);
	/* its own first; one that has none has the others' */
	assert_in_range(state_typical_ms(s, "disk", "ensure", "a", "small", &runs), 0, 10000);
	assert_int_equal(runs, 5);
	assert_in_range(state_typical_ms(s, "disk", "ensure", "b", "small", &runs), 0, 10000);
	assert_int_equal(runs, 2);
	assert_int_equal(state_typical_ms(s, "disk", "remove", NULL, "small", &runs), -1);
	assert_int_equal(runs, 0);
	gone(s);
}

static void
write_db(const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/_state", home);
	mkdir(path, 0700);
	strcat(path, "/state.db");
	assert_int_equal(fs_write(path, text, strlen(text), 0600, NULL), 0);
}

TEST(a_corrupt_database_is_set_aside)
{
	struct state *s;

	fresh_home();
	write_db("this is no database, but it is long enough to have a header of a hundred bytes, which SQLite "
		 "will read and not like at all");
	warned = 0;
	s = open_it(0);
	assert_int_equal(warned, 1);
	assert_int_equal(look(s).n, 0);
	gone(s);
}

static int
counted(void *ctx, const struct record *r)
{
	(void)r;
	++*(int *)ctx;
	return 0;
}

/* Each page in turn is damaged while nobody looks: opening does not notice, reading or writing does. */
TEST(a_damaged_page_is_told_and_healed)
{
	char junk[4096], big[600], name[16];
	struct state *s;
	struct error err;
	int healed = 0;

	memset(junk, 0xa5, sizeof junk);
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	for (int page = 1; page < 12; page++) {
		auto_free char *path = NULL;
		auto_close int fd = -1;
		int n = 0, r;

		fresh_home();
		path = xasprintf("%s/_state/state.db", home);
		s = open_it(0);
		ok(state_begin(s, &err));
		for (int i = 0; i < 50; i++) {
			snprintf(name, sizeof name, "n%d", i);
			put(s, "t", name, big);
		}
		ok(state_commit(s, &err));
		state_close(s);
		fd = open(path, O_WRONLY);
		assert_int_equal(pwrite(fd, junk, sizeof junk, page * 4096), sizeof junk);
		s = open_it(0);
		warned = 0;
		memset(&err, 0, sizeof err);
		r = state_records(s, NULL, counted, &n, &err);
		if (r == 0 && (r = state_begin(s, &err)) == 0) {
			r = state_drop(s, "t", "n0", &err);
			r |= state_commit(s, &err);
		}
		assert_int_equal(state_heal(s, &err), r < 0);
		assert_int_equal(warned, r < 0);
		if (r < 0) {
			healed++;
			assert_non_null(strstr(err.msg, "looked at anew"));
			n = 0;
			ok(state_records(s, NULL, counted, &n, &err));
			assert_int_equal(n, 0);
			ok(state_begin(s, &err));
			put(s, "t", "n0", big);
			ok(state_commit(s, &err));
		}
		gone(s);
	}
	assert_true(healed > 3);
}

TEST(a_truncated_database_is_set_aside_or_empty)
{
	struct state *s;

	fresh_home();
	write_db("SQLite format 3");
	s = open_it(0);
	assert_int_equal(look(s).n, 0);
	gone(s);
}

TEST(a_newer_database_is_refused_and_left_alone)
{
	struct state *s;
	struct error err = { 0 };
	sqlite3 *db;
	char path[128];

	fresh_home();
	s = open_it(0);
	state_close(s);
	snprintf(path, sizeof path, "%s/_state/state.db", home);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 999", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(state_open(&s, home, &(struct state_opts){ .warn = warn }, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "newer"));
	assert_true(fs_exists(path));
	fs_remove_tree(home, NULL);
}


static void
run_sql(const char *sql)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/_state/state.db", home);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* tables that are not ours, by whatever hand: it heals like a damaged page */
static int
each_edge(void *ctx, const struct state_edge *e)
{
	struct seen *x = ctx;

	x->n++;
	x->unfinished += e->made > 0;
	return 0;
}

static int
each_user(void *ctx, const struct state_user *u)
{
	char *text = ctx;

	sprintf(text + strlen(text), "%s/%s/%s%s%s%s ", u->owner, u->type, u->name, u->present ? "" : " absent",
		u->declared ? "" : " undeclared", u->made ? " made" : "");
	return 0;
}

static void
put_edges(struct state *s, const char *owner, const char *type, const char *name, const struct state_edge *e, size_t n)
{
	struct record r = { .owner = owner, .type = type, .name = name, .present = true, .wanted = true, .edges = e, .nedges = n };
	struct error err;

	ok(state_put(s, &r, &err));
}

TEST(who_uses_a_thing_is_one_question)
{
	const struct state_edge on_d[] = {
		{ .owner = "", .type = "data-disk", .name = "d", .declared = 1 }, { .owner = "", .type = "data-disk", .name = "d", .made = 3 },
		{ .owner = "", .type = "image", .name = "i", .declared = 1 },
	};
	char users[256] = "";
	struct seen x = { 0 };
	struct error err;
	struct state *s;

	fresh_home();
	s = open_it(0);
	ok(state_begin(s, &err));
	put_edges(s, "b", "vm", "b", on_d, 3);
	put_edges(s, "a", "vm", "a", on_d, 1);
	put_edges(s, "c", "vm", "c", on_d + 2, 1);
	ok(state_commit(s, &err));
	ok(state_users(s, "data-disk", "d", each_user, users, &err));
	assert_string_equal(users, "a/vm/a b/vm/b made ");
	ok(state_edges(s, "b", each_edge, &x, &err));
	assert_int_equal(x.n, 2);
	assert_int_equal(x.unfinished, 1);
	/* written again, its edges are those that it has now; gone, it has none; and what is used stays as a name */
	ok(state_begin(s, &err));
	put_edges(s, "b", "vm", "b", on_d + 2, 1);
	ok(state_drop(s, "vm", "a", &err));
	ok(state_drop(s, "image", "i", &err));
	ok(state_commit(s, &err));
	*users = '\0';
	ok(state_users(s, "data-disk", "d", each_user, users, &err));
	assert_string_equal(users, "");
	ok(state_users(s, "image", "i", each_user, users, &err));
	assert_string_equal(users, "b/vm/b c/vm/c ");
	gone(s);
}

/* a file as the second version wrote it: what a resource needs and what it was made on were rows of their own */
TEST(rows_of_a_pair_become_one)
{
	static const char second[] =
		"CREATE TABLE instance (name TEXT PRIMARY KEY, goal INTEGER NOT NULL, stamp TEXT NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;"
		"CREATE TABLE resource (owner TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL,"
		" wanted INTEGER NOT NULL DEFAULT 0, present INTEGER NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 0,"
		" want BLOB, have BLOB, UNIQUE (type, name));"
		"CREATE INDEX resource_owner ON resource (owner);"
		"CREATE TABLE run (id INTEGER PRIMARY KEY, command TEXT NOT NULL, began REAL NOT NULL, ended REAL, outcome TEXT);"
		"CREATE TABLE step (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run, type TEXT NOT NULL, name TEXT NOT NULL,"
		" verb TEXT NOT NULL, why TEXT, began REAL NOT NULL, ended REAL, error TEXT);"
		"CREATE INDEX step_kind ON step (type, verb, id); CREATE INDEX step_run ON step (run);"
		"CREATE TABLE edge (source INTEGER NOT NULL, target INTEGER NOT NULL, made INTEGER NOT NULL, need INTEGER NOT NULL,"
		" PRIMARY KEY (source, made, target)) WITHOUT ROWID; CREATE INDEX edge_target ON edge (target);"
		"INSERT INTO resource (owner, type, name, wanted, present) VALUES ('a', 'vm', 'a', 1, 1), ('a', 'disk', 'a', 1, 1),"
		" ('', 'image', 'i', 1, 1), ('a', 'lease', 'a', 1, 1);"
		"INSERT INTO edge VALUES (1, 2, 0, 2), (1, 2, 1, 1), (2, 3, 1, 0), (1, 4, 0, 0);"
		"PRAGMA user_version = 2;";
	char users[256] = "";
	struct seen x = { 0 };
	struct error err;
	struct state *s;

	fresh_home();
	write_db("");
	run_sql(second);
	s = open_it(0);
	ok(state_users(s, "disk", "a", each_user, users, &err));
	ok(state_users(s, "image", "i", each_user, users, &err));
	ok(state_users(s, "lease", "a", each_user, users, &err));
	assert_string_equal(users, "a/vm/a made a/disk/a undeclared made a/vm/a ");
	ok(state_edges(s, NULL, each_edge, &x, &err));
	assert_int_equal(x.n, 3);
	assert_int_equal(x.unfinished, 2);
	gone(s);
}

/* a file as the first version wrote it */
TEST(packed_edges_become_rows)
{
	static const char first[] =
		"CREATE TABLE instance (name TEXT PRIMARY KEY, goal INTEGER NOT NULL, stamp TEXT NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;"
		"CREATE TABLE resource (owner TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL,"
		" wanted INTEGER NOT NULL DEFAULT 0, present INTEGER NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 0,"
		" want BLOB, needs BLOB, have BLOB, stands_on BLOB, UNIQUE (type, name));"
		"CREATE INDEX resource_owner ON resource (owner);"
		"CREATE TABLE run (id INTEGER PRIMARY KEY, command TEXT NOT NULL, began REAL NOT NULL, ended REAL, outcome TEXT);"
		"CREATE TABLE step (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run, type TEXT NOT NULL, name TEXT NOT NULL,"
		" verb TEXT NOT NULL, why TEXT, began REAL NOT NULL, ended REAL, error TEXT);"
		"CREATE INDEX step_kind ON step (type, verb, id);"
		"INSERT INTO instance VALUES ('a', 1, 'stamp', '{}');"
		"INSERT INTO resource VALUES ('a', 'vm', 'a', 1, 1, 1, x'', "
		"  x'32' || CAST('disk' AS BLOB) || x'00' || CAST('a' AS BLOB) || x'00' || x'32' || CAST('data-disk' AS BLOB) || x'00' || CAST('d' AS BLOB) || x'00',"
		"  x'', x'31' || CAST('disk' AS BLOB) || x'00' || CAST('a' AS BLOB) || x'00');"
		"INSERT INTO resource VALUES ('a', 'disk', 'a', 1, 1, 0, x'', x'', CAST('size' AS BLOB), x'39');"
		"PRAGMA user_version = 1;";
	char users[256] = "";
	struct error err;
	struct state *s;
	struct seen x;

	fresh_home();
	write_db("");
	run_sql(first);
	s = open_it(0);
	x = look(s);
	assert_int_equal(x.n, 3);
	assert_int_equal(x.unfinished, 1);
	assert_string_equal(x.have, "size");
	ok(state_users(s, "disk", "a", each_user, users, &err));
	assert_string_equal(users, "a/vm/a made ");
	*users = '\0';
	ok(state_users(s, "data-disk", "d", each_user, users, &err));
	assert_string_equal(users, "a/vm/a ");
	gone(s);
}

static int
each_run(void *ctx, const struct state_run *r)
{
	struct seen *x = ctx;

	x->n++;
	x->unfinished = (int)r->id;
	assert_true(r->ended_ms < 0 || r->ended_ms >= r->began_ms);
	return 0;
}

static int
each_step(void *ctx, const struct state_step *step)
{
	char *text = ctx;

	sprintf(text + strlen(text), "%s %s %s (%s)%s ", step->verb, step->type, step->name, step->why, step->ended_ms < 0 ? " open" : step->error);
	return 0;
}

TEST(the_journal_is_read_and_has_an_end)
{
	size_t runs;
	char steps[512] = "";
	int64_t run = 0, step;
	struct error err;
	struct seen x = { 0 };
	struct state *s;

	fresh_home();
	s = open_it(0);
	ok(state_begin(s, &err));
	for (int i = 0; i < 1050; i++) {
		ok(state_run_begin(s, "apply", &run, &err));
		ok(state_step_begin(s, run, "a", "disk", "a", "ensure", "missing", "", &step, &err));
		ok(state_step_end(s, step, "disk", "a", i < 20 || i % 2 ? NULL : "no space", &err));
		if (i == 0) {
			ok(state_step_begin(s, run, "a", "rare", "a", "ensure", "missing", "", &step, &err));
			ok(state_step_end(s, step, "rare", "a", NULL, &err));
		}
		ok(state_run_end(s, run, "done", &err));
	}
	ok(state_run_begin(s, "start", &run, &err));
	ok(state_step_begin(s, run, "a", "vm", "a", "ensure", "asked for", "", &step, &err));
	ok(state_commit(s, &err));
	ok(state_runs(s, 1, INT64_MAX, each_run, &x, &err));
	assert_int_equal(x.n, 1000);
	assert_int_equal(x.unfinished, run);
	ok(state_run_steps(s, run, each_step, steps, &err));
	assert_string_equal(steps, "ensure vm a (asked for) open ");
	/* of long ago, and the only one of its kind */
	*steps = '\0';
	ok(state_run_steps(s, 1, each_step, steps, &err));
	assert_string_equal(steps, "ensure rare a (missing) ");
	assert_int_equal(state_typical_ms(s, "rare", "ensure", NULL, "", &runs), 0);
	gone(s);
}

TEST(a_database_that_lacks_a_table_is_healed)
{
	static const char *const harm[] = {
		"DROP TABLE resource", "ALTER TABLE resource DROP COLUMN have", "DROP TABLE resource; CREATE VIEW resource AS SELECT 1",
	};

	for (size_t i = 0; i < ARRAY_LEN(harm); i++) {
		struct error err = { 0 };
		struct state *s;
		int n = 0;

		fresh_home();
		state_close(open_it(0));
		run_sql(harm[i]);
		s = open_it(0);
		warned = 0;
		assert_int_equal(state_records(s, NULL, counted, &n, &err), -1);
		assert_int_equal(state_heal(s, &err), 1);
		assert_int_equal(warned, 1);
		assert_int_equal(look(s).n, 0);
		gone(s);
	}
}

static void
put_in_place(int kind, const char *path)
{
	switch (kind) {
	case 0: assert_int_equal(mkdir(path, 0700), 0); break;
	case 1: assert_int_equal(symlink("nowhere/at/all", path), 0); break;
	case 2: assert_int_equal(mkfifo(path, 0600), 0); break;
	default: assert_int_equal(symlink("../elsewhere.db", path), 0); break;
	}
}

TEST(what_is_no_file_in_its_place_is_moved_aside)
{
	for (int kind = 0; kind < 4; kind++) {
		char path[160], dir[128];
		struct state *s;

		fresh_home();
		snprintf(dir, sizeof dir, "%s/_state", home);
		mkdir(dir, 0700);
		snprintf(path, sizeof path, "%s/state.db", dir);
		put_in_place(kind, path);
		s = open_it(STATE_READ);
		assert_int_equal(look(s).n, 0);
		state_close(s);
		warned = 0;
		s = open_it(0);
		assert_int_equal(warned, 1);
		assert_int_equal(look(s).n, 0);
		snprintf(path, sizeof path, "%s/elsewhere.db", home);
		assert_false(fs_exists(path));
		gone(s);
	}
}

TEST(what_is_no_file_beside_it_is_moved_aside_and_not_waited_for)
{
	static const char *const names[] = { "state.db-journal", "state.db-wal", "state.db-shm" };

	for (size_t i = 0; i < 4 * ARRAY_LEN(names); i++) {
		char path[160];
		struct state *s;

		fresh_home();
		state_close(open_it(0));
		snprintf(path, sizeof path, "%s/_state/%s", home, names[i / 4]);
		unlink(path);
		put_in_place((int)(i % 4), path);
		/* it ends the test where SQLite waits for who writes into a FIFO */
		alarm(20);
		s = open_it(STATE_READ);
		assert_int_equal(look(s).n, 0);
		state_close(s);
		s = open_it(0);
		assert_int_equal(look(s).n, 0);
		alarm(0);
		snprintf(path, sizeof path, "%s/elsewhere.db", home);
		assert_false(fs_exists(path));
		gone(s);
	}
}

static void
count_warning(void *ctx, const char *text)
{
	(void)ctx, (void)text;
	warned++;
}

/* begin, write, commit: many times, each a transaction; 0 if all went well */
static int
writer(int me, int rounds)
{
	struct state *s;
	char name[24];

	if (state_open(&s, home, &(struct state_opts){ .warn = count_warning }, NULL) < 0)
		return 1;
	for (int i = 0; i < rounds; i++) {
		struct record r = { .owner = "a", .type = "t", .name = name };

		snprintf(name, sizeof name, "%d-%d", me, i);
		if (state_begin(s, NULL) < 0 || state_put(s, &r, NULL) < 0 || state_commit(s, NULL) < 0)
			return 2;
	}
	state_close(s);
	return warned ? 3 : 0;
}

static void
many_writers(int n, int rounds)
{
	int status;

	warned = 0;
	for (int i = 0; i < n; i++)
		if (fork() == 0) {
			alarm(120);
			_exit(writer(i, rounds));
		}
	for (int i = 0; i < n; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3);
	}
}

TEST(many_make_it_at_once)
{
	struct state *s;

	fresh_home();
	many_writers(8, 5);
	s = open_it(STATE_READ);
	assert_int_equal(look(s).n, 40);
	gone(s);
}

/* the one who comes second must not move the new one away */
TEST(many_heal_it_at_once)
{
	struct state *s;

	for (int round = 0; round < 5; round++) {
		fresh_home();
		write_db("this is no database, but it is long enough to have a header of a hundred bytes, which SQLite "
			 "will read and not like at all");
		many_writers(8, 3);
		s = open_it(STATE_READ);
		assert_int_equal(look(s).n, 24);
		gone(s);
	}
}

static volatile int cancel;
static char said[256];

static void
hear_and_cancel(void *ctx, const char *text)
{
	(void)ctx;
	snprintf(said, sizeof said, "%s", text);
	cancel = 1;
}

/* A child takes the lock of `sql` and keeps it till it is killed. */
static pid_t
sitter(const char *sql)
{
	int go[2];
	pid_t child;
	char c;

	assert_int_equal(pipe(go), 0);
	child = fork();
	if (child == 0) {
		sqlite3 *db;
		char path[128];

		alarm(120);
		snprintf(path, sizeof path, "%s/_state/state.db", home);
		if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK &&
		    write(go[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(go[1]);
	assert_int_equal(read(go[0], &c, 1), 1);
	close(go[0]);
	return child;
}

/* of somebody who writes, and of somebody who reads at leisure */
TEST(who_waits_for_it_is_told_for_whom_and_can_be_called_off)
{
	static const char *const how[] = { "BEGIN IMMEDIATE", "BEGIN; SELECT * FROM resource" };

	for (size_t i = 0; i < ARRAY_LEN(how); i++) {
		struct error err = { 0 };
		struct state *s;
		pid_t child;
		char pid[24];

		fresh_home();
		state_close(open_it(0));
		child = sitter(how[i]);
		cancel = 0;
		assert_int_equal(state_open(&s, home, &(struct state_opts){ .cancel = &cancel, .warn = hear_and_cancel }, &err), 0);
		if (state_begin(s, &err) == 0) {
			put(s, "t", "n", "x");
			assert_int_equal(state_commit(s, &err), -1);
		}
		assert_int_equal(err.code, ERR_CANCELLED);
		snprintf(pid, sizeof pid, "process %d", (int)child);
		assert_non_null(strstr(said, pid));
		test_kill(child);
		cancel = 0;
		assert_int_equal(state_begin(s, &err), 0);
		assert_int_equal(state_commit(s, &err), 0);
		gone(s);
	}
}

/* moved: other paths; copied: another file behind the same stamps. Who only reads sees nothing, who writes forgets. */
TEST(what_was_seen_in_another_place_is_not_believed)
{
	const struct state_edge on_d = { .owner = "", .type = "data-disk", .name = "d", .declared = 1, .made = 3 };
	char old[64], copy[400];
	struct seen edges = { 0 };
	struct state *s;

	fresh_home();
	s = open_it(0);
	assert_int_equal(state_begin(s, NULL), 0);
	put(s, "disk", "a", "size");
	put(s, "cidata", "a", "size");
	put_edges(s, "a", "vm", "a", &on_d, 1);
	assert_int_equal(state_commit(s, NULL), 0);
	state_close(s);
	strcpy(old, home);
	strcat(home, "b");
	assert_int_equal(rename(old, home), 0);
	s = open_it(STATE_READ);
	assert_int_equal(look(s).n, 0);
	state_close(s);
	s = open_it(0);
	assert_int_equal(look(s).n, 0);
	assert_int_equal(state_begin(s, NULL), 0);
	put(s, "disk", "a", "size");
	/* the disk that is only known by its name has the row that the machine had */
	put_edges(s, "a", "vm", "a", &on_d, 1);
	put_edges(s, "b", "dir", "b", NULL, 0);
	assert_int_equal(state_commit(s, NULL), 0);
	assert_int_equal(state_edges(s, NULL, each_edge, &edges, NULL), 0);
	assert_int_equal(edges.n, 1);
	state_close(s);
	s = open_it(STATE_READ);
	assert_int_equal(look(s).n, 4);
	state_close(s);
	snprintf(copy, sizeof copy, "cp %s/_state/state.db %s/_state/c && mv %s/_state/c %s/_state/state.db", home, home, home, home);
	assert_int_equal(system(copy), 0);
	s = open_it(STATE_READ);
	assert_int_equal(look(s).n, 0);
	gone(s);
}
