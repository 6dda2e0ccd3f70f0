/*
 * providers/fetch/cache.h - files by URL: the download cache that is shared with upstream.
 *
 *	CACHE/download/by-url-sha256/<sha256 of the URL>/
 *		url, data, time, type, <algo>.digest	as upstream
 *		etag			for conditional requests
 *		<algo>.verified		fs_stamp() of the `data` that was hashed
 *		data.part, data.tmp.resume	a transfer that broke off, and of what it is a part
 *
 * One process at a time works in an entry (flock on its folder, as upstream); the
 * others wait and find it filled. `data` is complete or absent at any moment, and an
 * old `data` stays until a new one is complete and right.
 *
 * What others can write to is not believed (cache_owner.h): an entry, `data` or a note that is not ours, or a link, counts as
 * absent and makes room for what is fetched.
 *
 * A location without "://", and file://, is a local file: never copied, only verified.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct error;

struct fetch {
	const char *location;		/* http(s)://, file:///absolute, or a path (~/ is expanded) */
	const char *digest;		/* "algo:hex"; NULL or "": none */
	const char *cache;		/* env.cache; made if absent */
	uint64_t max_bytes;		/* 0: as much as the disk holds */
	bool offline;			/* what is not in the cache is an error, what is there is not asked about */
	const volatile int *cancel;	/* or NULL */
	/* The next two, each or NULL, run in the calling thread. total 0: unknown. */
	void (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
	void (*warn)(void *ctx, const char *text);
	void *ctx;
};

/*
 * Sets *path (to free) to a file with what the location holds: `data` as served,
 * so perhaps compressed. Lazy half.
 *
 * With a digest: the bytes have been hashed, now or when `data` was last changed,
 * and the network is not used if they are there. Cached bytes that do not match are
 * fetched again, once; EBADMSG, naming both digests, if that does not help.
 * Without: the server is asked whether there is something newer; if that fails for
 * whatever reason, the cached file is used, with a warning.
 *
 * A broken transfer is tried again (see http_again) from where it broke off if the
 * server can, also by a later call. Errors of the server are those of http_get();
 * ENOSPC and the like leave nothing half-written.
 */
int cache_fetch(const struct fetch *f, char **path, struct error *err);

enum cache_state {
	CACHE_ABSENT,
	CACHE_UNCHECKED,	/* there; cache_fetch() may hash it, or ask the server */
	CACHE_GOOD,		/* there, and matches the digest: cache_fetch() would use it as it is */
};

/* A look: no network, no hashing, no lock, a few stat. Sets *path (to free) unless absent. Light half. */
enum cache_state cache_lookup(const char *cache, const char *location, const char *digest, char **path);

bool cache_is_local(const char *location);
/* The path of a local location; to free. ERR_INVALID: not one, or file:// without an absolute path. */
int cache_local_path(const char *location, char **path, struct error *err);
char *cache_entry(const char *cache, const char *url);	/* the entry's folder; to free */
/* `data` in the folder `entry` is known to match `digest`, and has not changed since */
bool cache_verified(const char *entry, const char *digest);
