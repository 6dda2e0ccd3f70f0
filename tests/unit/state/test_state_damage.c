/* The database: what happens to a broken one, and to what lies in its place. */
#include "tests/unit/state/state_home.h"

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
