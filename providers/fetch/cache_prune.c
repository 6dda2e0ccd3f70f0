#include "providers/fetch/cache_prune.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/fetch/cache.h"

enum { MAX_URL = 64 << 10 };

static char *
downloads_path(const char *cache)
{
	return xasprintf("%s/download/by-url-sha256", cache);
}

/* The URL of an entry, if it is really that of this folder; else the folder's name. To free. */
static char *
entry_name(const char *cache, const char *folder)
{
	auto_free char *top = downloads_path(cache), *path = xasprintf("%s/%s", top, folder), *file = xasprintf("%s/url", path);
	auto_free char *entry = NULL;
	AUTO(buf) url = BUF_INIT;

	if (fs_read_if(file, &url, MAX_URL, NULL) != 1 || !url.len || strlen(url.s) != url.len)
		return xstrdup(folder);
	entry = cache_entry(cache, url.s);
	return xstrdup(strcmp(entry, path) == 0 ? url.s : folder);
}

/* The folder of what is called so; to free. NULL: nothing can be. */
static char *
entry_path(const char *cache, const char *name)
{
	auto_free char *top = downloads_path(cache);

	if (!strncmp(name, CACHE_PART, strlen(CACHE_PART)))
		name += strlen(CACHE_PART);
	if (strchr(name, '/'))
		return cache_entry(cache, name);
	return *name && *name != '.' ? xasprintf("%s/%s", top, name) : NULL;
}

static bool
is_part(const char *file)
{
	return strcmp(file, "data.part") == 0 || strncmp(file, "data.tmp.", 9) == 0;
}

static bool
entry_has_part(const char *entry)
{
	auto_dir DIR *d = opendir(entry);
	bool found = false;

	for (struct dirent *e; d && !found && (e = readdir(d));)
		found = is_part(e->d_name);
	return found;
}

int
cache_each(const char *cache, void (*tell)(void *ctx, const char *name, const char *entry, bool has_part), void *ctx,
	   struct error *err)
{
	auto_free char *top = downloads_path(cache);
	auto_dir DIR *d = opendir(top);

	if (!d)
		return errno == ENOENT ? 0 : error_errno(err, "open %s", top);
	for (struct dirent *e; (e = readdir(d));) {
		auto_free char *entry = xasprintf("%s/%s", top, e->d_name), *name = NULL;

		if (*e->d_name == '.')
			continue;
		name = entry_name(cache, e->d_name);
		tell(ctx, name, entry, entry_has_part(entry));
	}
	return 0;
}

bool
cache_holds(const char *cache, const char *name, int64_t *bytes)
{
	auto_free char *entry = entry_path(cache, name), *data = entry ? xasprintf("%s/data", entry) : NULL;
	struct stat st;

	*bytes = 0;
	if (!entry || lstat(entry, &st) < 0)
		return false;
	if (!strncmp(name, CACHE_PART, strlen(CACHE_PART)))
		return entry_has_part(entry);
	if (lstat(data, &st) == 0)
		*bytes = st.st_size;
	return true;
}

static int
drop_parts(const char *entry, struct error *err)
{
	auto_dir DIR *d = opendir(entry);

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *file = xasprintf("%s/%s", entry, e->d_name);

		if (is_part(e->d_name) && fs_unlink(file, err) < 0)
			return -1;
	}
	return 0;
}

int
cache_drop(const char *cache, const char *name, struct error *err)
{
	auto_free char *entry = entry_path(cache, name);
	auto_close int fd = entry ? open(entry, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;

	if (!entry)
		return 0;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return 1;
	return strncmp(name, CACHE_PART, strlen(CACHE_PART)) ? fs_remove_tree(entry, err) : drop_parts(entry, err);
}

int
cache_drop_rest(const char *cache, struct error *err)
{
	auto_free char *top = downloads_path(cache), *up = xasprintf("%s/download", cache);

	if (rmdir(top) < 0 && errno != ENOENT)
		return errno == ENOTEMPTY ? 0 : error_errno(err, "rmdir %s", top);
	if (rmdir(up) < 0 && errno != ENOENT)
		return errno == ENOTEMPTY ? 0 : error_errno(err, "rmdir %s", up);
	return fs_remove_tree(cache, err);
}
