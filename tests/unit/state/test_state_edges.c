/* The database: who stands on what, from rows of older versions, too, and in a home that was moved. */
#include "tests/unit/state/state_home.h"

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
