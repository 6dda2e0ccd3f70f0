#include "tests/engine/memory_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { MAX_FILE = 1 << 20 };

/* In shared memory. */
struct stored {
	sqlite3_int64 size;
	int exists;
	char bytes[MAX_FILE];
};

static struct stored *stored;	/* the database, and its journal */
static unsigned generation;

struct file {
	sqlite3_file base;
	struct stored *in;
};

static struct stored *
stored_of(const char *name)
{
	return &stored[strstr(name, "-journal") != NULL];
}

static int
file_close(sqlite3_file *f)
{
	(void)f;
	return SQLITE_OK;
}

static int
file_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
	const struct stored *s = ((struct file *)f)->in;
	sqlite3_int64 there = at < s->size ? s->size - at : 0;

	if (there >= n) {
		memcpy(out, s->bytes + at, (size_t)n);
		return SQLITE_OK;
	}
	memcpy(out, s->bytes + at, (size_t)there);
	memset((char *)out + there, 0, (size_t)(n - there));
	return SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct stored *s = ((struct file *)f)->in;

	if (at + n > MAX_FILE)
		return SQLITE_FULL;
	memcpy(s->bytes + at, p, (size_t)n);
	if (at + n > s->size)
		s->size = at + n;
	return SQLITE_OK;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct stored *s = ((struct file *)f)->in;

	if (size < s->size) {
		memset(s->bytes + size, 0, (size_t)(s->size - size));
		s->size = size;
	}
	return SQLITE_OK;
}

static int
file_sync(sqlite3_file *f, int flags)
{
	(void)f, (void)flags;
	return SQLITE_OK;
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	*size = ((struct file *)f)->in->size;
	return SQLITE_OK;
}

static int
file_lock(sqlite3_file *f, int lock)
{
	(void)f, (void)lock;
	return SQLITE_OK;
}

static int
file_is_reserved(sqlite3_file *f, int *out)
{
	(void)f;
	*out = 0;
	return SQLITE_OK;
}

static int
file_control(sqlite3_file *f, int op, void *arg)
{
	(void)f, (void)op, (void)arg;
	return SQLITE_NOTFOUND;
}

static int
file_zero(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1, .xClose = file_close, .xRead = file_read, .xWrite = file_write, .xTruncate = file_truncate, .xSync = file_sync,
	.xFileSize = file_size, .xLock = file_lock, .xUnlock = file_lock, .xCheckReservedLock = file_is_reserved,
	.xFileControl = file_control, .xSectorSize = file_zero, .xDeviceCharacteristics = file_zero,
};

static int
vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct stored *s;

	(void)v;
	f->pMethods = NULL;
	if (!name)
		return SQLITE_CANTOPEN;		/* a temporary file: nothing here is that big */
	s = stored_of(name);
	if (!s->exists && !(flags & SQLITE_OPEN_CREATE))
		return SQLITE_CANTOPEN;
	s->exists = 1;
	((struct file *)f)->in = s;
	f->pMethods = &methods;
	if (out)
		*out = flags;
	return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *v, const char *name, int sync)
{
	struct stored *s = stored_of(name);

	(void)v, (void)sync;
	memset(s->bytes, 0, (size_t)s->size);
	s->size = s->exists = 0;
	return SQLITE_OK;
}

static int
vfs_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
	(void)v, (void)flags;
	*out = strstr(name, "-wal") == NULL && stored_of(name)->exists;
	return SQLITE_OK;
}

static int
vfs_path(sqlite3_vfs *v, const char *name, int n, char *out)
{
	(void)v;
	return snprintf(out, (size_t)n, "%s", name) < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int
vfs_random(sqlite3_vfs *v, int n, char *out)
{
	(void)v;
	memset(out, 7, (size_t)n);
	return n;
}

static int
vfs_sleep(sqlite3_vfs *v, int us)
{
	(void)v;
	return us;
}

static int
vfs_now(sqlite3_vfs *v, double *out)
{
	struct timespec t;

	(void)v;
	clock_gettime(CLOCK_REALTIME, &t);
	*out = 2440587.5 + ((double)t.tv_sec + (double)t.tv_nsec / 1e9) / 86400;
	return SQLITE_OK;
}

static sqlite3_vfs vfs = {
	.iVersion = 1, .szOsFile = sizeof(struct file), .mxPathname = 512, .zName = "memory", .xOpen = vfs_open, .xDelete = vfs_delete,
	.xAccess = vfs_access, .xFullPathname = vfs_path, .xRandomness = vfs_random, .xSleep = vfs_sleep, .xCurrentTime = vfs_now,
};

void
memory_vfs_start(void)
{
	stored = mmap(NULL, 2 * sizeof *stored, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stored == MAP_FAILED || sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) {
		perror("SQLite in memory");
		abort();
	}
}

void
memory_vfs_end(void)
{
	sqlite3_vfs_unregister(&vfs);
	munmap(stored, 2 * sizeof *stored);
}

void
memory_vfs_reset(const void *database, size_t len)
{
	vfs_delete(&vfs, "-journal", 0);
	vfs_delete(&vfs, "", 0);
	if (!len)
		return;
	memcpy(stored[0].bytes, database, len);
	stored[0].size = (sqlite3_int64)len;
	/* file change counter, and the version that it is valid for: who has pages of another database in memory sees that */
	generation += 4096;
	for (int i = 0; i < 4; i++)
		stored[0].bytes[24 + i] = stored[0].bytes[92 + i] = (char)(generation >> (24 - 8 * i));
	stored[0].exists = 1;
}

const void *
memory_vfs_database(size_t *len)
{
	*len = (size_t)stored[0].size;
	return stored[0].bytes;
}
