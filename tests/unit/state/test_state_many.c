/* The database: several at once, and who waits for another. */
#include "tests/unit/state/state_home.h"

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
