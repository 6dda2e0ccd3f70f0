#include "resources/warm_ram.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "providers/driver.h"
#include "providers/fetch/digest.h"
#include "providers/memory_file.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/warm.h"
#include "state/desired/spec/spec.h"

#define SHM "/dev/shm"

enum { MAX_SEEN = 256, NAME_LEN = 16 };

/* Of that folder on this host, whoever asks. */
static char *
ram_path(const char *dir)
{
	char hex[65];

	sha256_hex(dir, strlen(dir), hex);
	return xasprintf(SHM "/lima-%u-%.*s", (unsigned)geteuid(), NAME_LEN, hex);
}

static bool
ram_has_room(uint64_t bytes)
{
	struct statvfs fs;

	return statvfs(SHM, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize >= bytes;
}

const char *
warm_ram_make(const struct resource *r, const char *dir, struct arena *a)
{
	const struct driver *d = driver_find(r->spec->vm_type);
	uint64_t bytes = r->spec->memory_bytes >> 20 << 20;
	auto_free char *path = ram_path(dir);
	auto_close int fd = -1;

	warm_ram_forget(dir);
	if (!d || !d->memory || !d->memory->in_file || !ram_has_room(bytes))
		return NULL;
	/* A name there may be a stranger's: then the file is not made. */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)bytes) == 0)
		return arena_strdup(a, path);
	warm_ram_forget(dir);
	return NULL;
}

bool
warm_ram_is_there(const char *dir)
{
	auto_free char *path = ram_path(dir);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

void
warm_ram_forget(const char *dir)
{
	auto_free char *path = ram_path(dir);

	unlink(path);
}

/* --- as it is saved --- */

static const char *
ram_name(const char *digest)
{
	const char *colon = strchr(digest, ':');

	return colon ? colon + 1 : digest;
}

/* What changes with any write, and with any other file in its place. */
static const char *
ram_look(const char *path, struct arena *a)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	return arena_printf(a, "%" PRIu64 " %lld %lld.%09ld %lld.%09ld", (uint64_t)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
			    st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

static int
ram_note(const char *folder, const char *path, struct error *err)
{
	auto_free char *seen = xasprintf("%s/seen", folder);
	AUTO(arena) a = { 0 };
	const char *look = ram_look(path, &a);

	return look ? fs_write(seen, look, strlen(look), 0600, err) : error_errno(err, "%s", path);
}

static bool
ram_is_noted(const char *folder, const char *path)
{
	auto_free char *seen = xasprintf("%s/seen", folder);
	AUTO(buf) text = BUF_INIT;
	AUTO(arena) a = { 0 };
	const char *look = ram_look(path, &a);

	return look && fs_read_if(seen, &text, MAX_SEEN, NULL) == 1 && !strcmp(text.s, look);
}

int
warm_ram_save(const struct env *env, const char *dir, const char *to, struct arena *a, const char **digest, struct error *err)
{
	auto_free char *from = ram_path(dir), *tmp = xasprintf("%s/ram.tmp", to), *text = NULL, *path = NULL;

	if (fs_copy(from, tmp, 0600, err) < 0 || digest_file(tmp, "sha256", &text, env->cancel, err) < 0)
		return -1;
	path = xasprintf("%s/ram-%.*s", to, NAME_LEN, ram_name(text));
	if (fs_commit(tmp, path, err) < 0 || ram_note(to, path, err) < 0)
		return -1;
	*digest = arena_strdup(a, text);
	return 0;
}

bool
warm_ram_is_apart(const struct memory_head *h)
{
	return h->ndisks == 2 && !strcmp(h->disks[1].path, WARM_RAM);
}

static int
ram_check(const struct env *env, const char *folder, const char *path, const char *digest, struct error *err)
{
	auto_free char *now = NULL;

	if (ram_is_noted(folder, path))
		return 0;
	if (digest_file(path, "sha256", &now, env->cancel, err) < 0)
		return -1;
	if (strcmp(now, digest) != 0)
		return error_set(err, ERR_INVALID, "%s: it has been changed since it was written", path);
	return ram_note(folder, path, err);
}

int
warm_ram_saved(const struct env *env, const char *dir, const char *key, struct arena *a, const char **path, struct error *err)
{
	auto_free char *folder = warm_saved_path(env->home, key, NULL), *memory = xasprintf("%s/" WARM_MEMORY, dir);
	struct memory_head h;

	*path = NULL;
	if (memory_file_head(memory, a, &h, err) < 0)
		return -1;
	if (!warm_ram_is_apart(&h))
		return 0;
	*path = arena_printf(a, "%s/ram-%.*s", folder, NAME_LEN, ram_name(h.disks[1].stamp));
	return ram_check(env, folder, *path, h.disks[1].stamp, err);
}
