/* Opening the database: schema, migrations, and what to do with a broken one. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "state/observed/migrate.h"
#include "state/observed/sql.h"
#include "state/observed/state.h"

/* Step n brings a database of version n to n + 1. Never change one that was released: add another. */
static const char *const migration[] = {
	"CREATE TABLE instance ("
	" name TEXT PRIMARY KEY, goal INTEGER NOT NULL, stamp TEXT NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE resource ("
	" owner TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL,"
	" wanted INTEGER NOT NULL DEFAULT 0, present INTEGER NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 0,"
	" want BLOB, needs BLOB, have BLOB, stands_on BLOB, UNIQUE (type, name));"
	"CREATE INDEX resource_owner ON resource (owner);"
	"CREATE TABLE run ("
	" id INTEGER PRIMARY KEY, command TEXT NOT NULL, began REAL NOT NULL, ended REAL, outcome TEXT);"
	"CREATE TABLE step ("
	" id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run, type TEXT NOT NULL, name TEXT NOT NULL,"
	" verb TEXT NOT NULL, why TEXT, began REAL NOT NULL, ended REAL, error TEXT);"
	"CREATE INDEX step_kind ON step (type, verb, id);",
	/* Edges become rows; migrate_edges() unpacks what version 1 kept in needs and stands_on. */
	"CREATE TABLE edge ("
	" source INTEGER NOT NULL, target INTEGER NOT NULL, made INTEGER NOT NULL, need INTEGER NOT NULL,"
	" PRIMARY KEY (source, made, target)) WITHOUT ROWID;"
	"CREATE INDEX edge_target ON edge (target);"
	"CREATE INDEX step_run ON step (run);",
	/* A pair of resources becomes one row: most stand on what they need, which had doubled the rows. */
	"CREATE TABLE pair ("
	" source INTEGER NOT NULL, target INTEGER NOT NULL, declared INTEGER NOT NULL, made INTEGER NOT NULL,"
	" PRIMARY KEY (source, target)) WITHOUT ROWID;"
	"INSERT INTO pair SELECT source, target, MAX(CASE made WHEN 0 THEN need + 1 ELSE 0 END),"
	" MAX(CASE made WHEN 0 THEN 0 ELSE need + 1 END) FROM edge GROUP BY source, target;"
	"DROP TABLE edge; ALTER TABLE pair RENAME TO edge; CREATE INDEX edge_target ON edge (target);",
	/* How long a step takes depends on the image and the size of the machine: `sort` is a word for both. */
	"ALTER TABLE step ADD COLUMN sort TEXT NOT NULL DEFAULT '';"
	"CREATE INDEX step_sort ON step (type, verb, sort, id);"
	"CREATE INDEX step_name ON step (type, verb, name, id);",
};

/* What SQL cannot say of a step, after it and in its transaction; or NULL. */
static int (*const migration_code[])(struct state *s, struct error *err) = { NULL, migrate_edges, NULL, NULL };
_Static_assert(ARRAY_LEN(migration) == ARRAY_LEN(migration_code), "each migration has its code, or NULL");

enum { RESERVE = 256 << 10 };

static int
pragma_int(struct state *s, const char *pragma, int *v, struct error *err)
{
	sqlite3_stmt *st = NULL;
	int r = -1;

	if (sqlite3_prepare_v2(s->db, pragma, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		*v = sqlite3_column_int(st, 0);
		r = 0;
	} else {
		sql_error(s, err);
	}
	sqlite3_finalize(st);
	return r;
}

static int
open_version(struct state *s, int *v, struct error *err)
{
	return pragma_int(s, "PRAGMA user_version", v, err);
}

static int
open_exec(struct state *s, const char *sql, struct error *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_error(s, err);
}

/* Inside a transaction: another process may have been first, so the version is read again. */
static int
migrate_from_there(struct state *s, struct error *err)
{
	int last = (int)ARRAY_LEN(migration), v;

	if (open_version(s, &v, err) < 0)
		return -1;
	for (; v < last; v++) {
		char pragma[48];

		snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", v + 1);
		if (open_exec(s, migration[v], err) < 0 || (migration_code[v] && migration_code[v](s, err) < 0) || open_exec(s, pragma, err) < 0)
			return -1;
	}
	return open_exec(s, "COMMIT", err);
}

static int
open_migrate(struct state *s, struct error *err)
{
	int last = (int)ARRAY_LEN(migration), v;

	if (open_version(s, &v, err) < 0)
		return -1;
	if (v > last)
		return error_set(err, ERR_UNSUPPORTED, "%s: made by a newer limactl (version %d, this one knows %d); "
				 "use that one, or move the file away: it is rebuilt by looking", s->path, v, last);
	if (v == last)
		return 0;
	if (open_exec(s, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	if (migrate_from_there(s, err) == 0)
		return 0;
	if (!sqlite3_get_autocommit(s->db))
		open_exec(s, "ROLLBACK", NULL);
	return -1;
}

static bool
is_read_only(const struct state *s)
{
	return s->opts.flags & STATE_READ;
}

static int
connect_db(struct state *s, struct error *err)
{
	int how = SQLITE_OPEN_NOMUTEX | (is_read_only(s) ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);

	if (sqlite3_open_v2(s->path, &s->db, how, NULL) == SQLITE_OK)
		return 0;
	if (is_read_only(s) && sqlite3_close(s->db) == SQLITE_OK &&
	    sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
		return 0;
	return sql_error(s, err);
}

static void
close_db(struct state *s)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(s->stmt[i]);
		s->stmt[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

/*
 * What is recorded is of one place: a home that was moved or copied has other files behind the same stamps, and
 * other paths. The place is the file's path and inode, kept as the application id. FNV-1a, never 0.
 */
static int
place_id(const struct state *s)
{
	auto_free char *text = xasprintf("%s %lu", s->path, s->inode);
	uint32_t h = 2166136261u;

	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return (int)(h >> 1) + 1;
}

/*
 * Inside a transaction: of what another home has seen, only the journal is worth keeping. Edges go with their resources: new ones
 * get the same row numbers, and would stand on things that they have never heard of.
 */
static int
settle_here(struct state *s, bool moved, struct error *err)
{
	char pragma[64];

	snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d", place_id(s));
	if (moved && open_exec(s, "DELETE FROM edge; DELETE FROM resource; DELETE FROM instance", err) < 0)
		return -1;
	return open_exec(s, pragma, err) < 0 ? -1 : open_exec(s, "COMMIT", err);
}

static int
check_place(struct state *s, struct error *err)
{
	int id;

	if (pragma_int(s, "PRAGMA application_id", &id, err) < 0)
		return -1;
	if (id == place_id(s))
		return 0;
	if (is_read_only(s)) {
		if (id)
			close_db(s);	/* read as an empty one */
		return 0;
	}
	if (open_exec(s, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	if (settle_here(s, id != 0, err) == 0)
		return 0;
	if (!sqlite3_get_autocommit(s->db))
		open_exec(s, "ROLLBACK", NULL);
	return -1;
}

static int
open_connected(struct state *s, struct error *err)
{
	/* A reader maps the file, since a list goes over all pages once; the readers' lock keeps it from being truncated. */
	const char *how = is_read_only(s) ? "PRAGMA mmap_size = 67108864" :
			  "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF";

	sql_patience(s);
	return open_exec(s, how, err) < 0 || open_migrate(s, err) < 0 ? -1 : check_place(s, err);
}

/* What is there is no file of ours: a folder, a link, a FIFO. It is never opened, but moved aside like a damaged one. */
static bool
open_is_foreign(struct stat *st)
{
	return !S_ISREG(st->st_mode) || st->st_uid != geteuid();
}

/* SQLite opens these beside it, and would wait for ever at a FIFO: what is no file of ours is moved aside, and a reader does without the database. */
static int
open_journals(struct state *s, struct error *err)
{
	static const char *const suffixes[] = { "-journal", "-wal", "-shm" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		auto_free char *path = xasprintf("%s%s", s->path, suffixes[i]), *aside = xasprintf("%s.corrupt-%lld", path, (long long)time(NULL));

		if (lstat(path, &st) < 0 || !open_is_foreign(&st))
			continue;
		if (!is_read_only(s) && (rename(path, aside) == 0 || errno == ENOENT))
			continue;
		s->corrupt = is_read_only(s);
		return error_set(err, ERR_INVALID, "%s: not a regular file of ours", path);
	}
	return 0;
}

static int
open_db(struct state *s, struct error *err)
{
	struct stat before, after;

	if (open_journals(s, err) < 0)
		return -1;
	for (;;) {
		bool was = lstat(s->path, &before) == 0;

		if (was && open_is_foreign(&before)) {
			s->corrupt = true;
			s->inode = before.st_ino;
			return error_set(err, ERR_INVALID, "%s: not a regular file of ours", s->path);
		}
		if (connect_db(s, err) < 0)
			return -1;
		if (lstat(s->path, &after) == 0 && (!was || after.st_ino == before.st_ino))
			break;
		sqlite3_close(s->db);		/* somebody has set it aside just now */
		s->db = NULL;
	}
	s->inode = after.st_ino;
	return open_connected(s, err);
}

/*
 * On a full disk one must still be able to stop and delete: space for their notes is set aside, and let go of by
 * state_use_reserve(). Best effort, as a file system may promise what it likes.
 */
static void
keep_reserve(struct state *s)
{
	auto_free char *path = xasprintf("%s-reserve", s->path);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && posix_fallocate(fd, 0, RESERVE) != 0)
		unlink(path);
}

void
state_use_reserve(struct state *s)
{
	auto_free char *path = xasprintf("%s-reserve", s->path);

	unlink(path);
}

void
state_close(struct state *s)
{
	if (!s)
		return;
	close_db(s);
	free(s->path);
	free(s);
}

static char *
aside_name(const struct state *s)
{
	for (int n = 0;; n++) {
		auto_free char *name = n ? xasprintf("%s.corrupt-%lld-%d", s->path, (long long)time(NULL), n) :
					   xasprintf("%s.corrupt-%lld", s->path, (long long)time(NULL));

		if (!fs_exists(name))
			return steal(name);
	}
}

static void
set_aside_say(const struct state *s, const char *aside)
{
	auto_free char *text = xasprintf("%s: not a usable database, moved to %s; what exists is looked at anew", s->path, aside);

	if (s->opts.warn)
		s->opts.warn(s->opts.ctx, text);
}

/*
 * Nothing in it is irreplaceable: keep it for the curious, and look again at everything. One process at a time, by
 * the lock of the folder; who comes second finds another file there, and leaves it.
 */
static int
set_aside(struct state *s, struct error *err)
{
	auto_free char *dir = xstrndup(s->path, (size_t)(strrchr(s->path, '/') - s->path)), *aside = NULL;
	auto_close int lock = -1;
	struct stat st;

	close_db(s);
	s->corrupt = false;
	if (is_read_only(s))
		return 0;
	lock = fs_lock(dir, true, err);
	if (lock < 0)
		return -1;
	if (lstat(s->path, &st) == 0 && st.st_ino == s->inode) {
		aside = aside_name(s);
		if (rename(s->path, aside) < 0)
			return error_errno(err, "rename %s to %s", s->path, aside);
		set_aside_say(s, aside);
	}
	return open_db(s, err);
}

int
state_heal(struct state *s, struct error *err)
{
	return !s->corrupt ? 0 : set_aside(s, err) < 0 ? -1 : 1;
}

void
state_distrust(struct state *s)
{
	s->corrupt = true;
}

int
state_open(struct state **out, const char *home, const struct state_opts *o, struct error *err)
{
	auto_free char *dir = xasprintf("%s/_state", home);
	struct state *s;
	struct error first = { 0 };

	if (!(o->flags & STATE_READ) && fs_mkdirs(dir, 0700, err) < 0)
		return -1;
	s = xcalloc(1, sizeof *s);
	s->path = xasprintf("%s/state.db", dir);
	s->opts = *o;
	if (is_read_only(s) && !fs_exists(s->path)) {
		*out = s;
		return 0;
	}
	if (open_db(s, &first) < 0 && (!s->corrupt || state_heal(s, &first) < 0)) {
		if (err)
			*err = first;
		state_close(s);
		return -1;
	}
	if (!is_read_only(s))
		keep_reserve(s);
	*out = s;
	return 0;
}
