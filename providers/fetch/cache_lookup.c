/* The half of providers/fetch/cache.h that needs no network */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/cache_owner.h"
#include "providers/fetch/digest.h"

bool
cache_is_local(const char *location)
{
	return !strstr(location, "://") || !strncmp(location, "file://", 7);
}

int
cache_local_path(const char *location, char **path, struct error *err)
{
	const char *home = getenv("HOME");

	if (!*location || !cache_is_local(location))
		return error_set(err, ERR_INVALID, "'%s': not a local file", location);
	if (!strncmp(location, "file://", 7)) {
		if (location[7] != '/')
			return error_set(err, ERR_INVALID, "'%s': want file:// and an absolute path", location);
		*path = xstrdup(location + 7);
	} else if (location[0] == '~' && location[1] == '/') {
		if (!home)
			return error_set(err, ERR_INVALID, "'%s': $HOME is not set", location);
		*path = xasprintf("%s%s", home, location + 1);
	} else {
		*path = location[0] == '/' ? xstrdup(location) : fs_realpath(location);
	}
	return 0;
}

char *
cache_entry(const char *cache, const char *url)
{
	char key[65];

	sha256_hex(url, strlen(url), key);
	return xasprintf("%s/download/by-url-sha256/%s", cache, key);
}

/* Tells whether the small file `ENTRY/NAME` says `text`. */
static bool
cache_lookup_says(const char *entry, const char *algo, int algo_len, const char *suffix, const char *text)
{
	auto_free char *path = xasprintf("%s/%.*s.%s", entry, algo_len, algo, suffix);
	AUTO(buf) b = BUF_INIT;

	if (!cache_file_is_ours(path) || fs_read_if(path, &b, 4096, NULL) != 1)
		return false;
	while (b.len && strchr(" \t\r\n", b.s[b.len - 1]))
		buf_truncate(&b, b.len - 1);
	return !strcmp(b.s, text);
}

bool
cache_verified(const char *entry, const char *digest)
{
	auto_free char *data = xasprintf("%s/data", entry);
	int algo_len = (int)strcspn(digest, ":");
	struct arena a = { 0 };
	const char *stamp = fs_stamp(&a, data);
	/* <algo>.digest alone, which upstream believes, says nothing of what happened to `data` since */
	bool good = stamp && cache_folder_is_ours(entry) && cache_file_is_ours(data) && cache_lookup_says(entry, digest, algo_len, "digest", digest) &&
		    cache_lookup_says(entry, digest, algo_len, "verified", stamp);

	arena_release(&a);
	return good;
}

enum cache_state
cache_lookup(const char *cache, const char *location, const char *digest, char **path)
{
	bool local = cache_is_local(location), any = !digest || !*digest;
	auto_free char *entry = NULL, *file = NULL;
	struct stat st;

	if (local && cache_local_path(location, &file, NULL) < 0)
		return CACHE_ABSENT;
	if (!local) {
		entry = cache_entry(cache, location);
		file = xasprintf("%s/data", entry);
	}
	/* A local file was named by the user, so it may be a link and belong to anybody. */
	if (local ? stat(file, &st) < 0 || !S_ISREG(st.st_mode) : !cache_folder_is_ours(entry) || !cache_file_is_ours(file))
		return CACHE_ABSENT;
	*path = steal(file);
	if (local)
		return any ? CACHE_GOOD : CACHE_UNCHECKED;
	return !any && cache_verified(entry, digest) ? CACHE_GOOD : CACHE_UNCHECKED;
}
