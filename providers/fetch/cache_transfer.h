/*
 * providers/fetch/cache_transfer.h - between the two halves of the cache: cache.c decides
 * whether to fetch, cache_transfer.c fetches. Nobody else's. The caller has the
 * lock of the folder `entry`.
 */
#pragma once
#include <stdbool.h>

struct error;
struct fetch;

/*
 * 1: there is a new `data`, of the right digest; 0: `conditional` and the old one is
 * as the server has it. On failure the old one is untouched.
 */
int cache_transfer(const struct fetch *f, const char *entry, bool conditional, struct error *err);

/* Notes that `data` as it is now was hashed and found to be `digest`. */
int cache_record(const char *entry, const char *digest, struct error *err);

void cache_warn(const struct fetch *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
