/*
 * providers/fetch/cache_prune.h - what is in the download cache, and what is taken out of it again.
 *
 * A download is called by its URL; one whose `url` does not say so, by its folder. What a broken transfer left in it
 * is called CACHE_PART and that.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct error;

#define CACHE_PART "part of "

/* Tells of each: what it is called, its folder (cache_entry() of its URL), and whether there is a part of a transfer in it. */
int cache_each(const char *cache, void (*tell)(void *ctx, const char *name, const char *entry, bool has_part), void *ctx,
	       struct error *err);
/* Is that in the cache? Its size in bytes goes to *bytes. */
bool cache_holds(const char *cache, const char *name, int64_t *bytes);
/* Takes it out, or 1: it stays, as somebody is downloading it. */
int cache_drop(const char *cache, const char *name, struct error *err);
/* All that is no download, and the folders; while there is a download nothing goes. */
int cache_drop_rest(const char *cache, struct error *err);
