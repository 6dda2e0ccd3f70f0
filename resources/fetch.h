/* resources/fetch.h - what providers tell of their long work, said of the resource that it is for. */
#pragma once
#include <stdint.h>

struct env;
struct error;
struct resource;

/* The `ctx` of the callbacks below; both are borrowed. */
struct telling {
	const struct env *env;
	const struct resource *r;
};
void tell_progress(void *ctx, uint64_t done, uint64_t total);
void tell_warning(void *ctx, const char *text);

struct graph;
struct facts;
struct arena;

/* For a type's `reads`: that file, a part of what `r` needs of that type ("path", "kernel") where it is here already. */
void fetch_reads(const char *path, struct facts *files, struct arena *a);
void fetch_reads_part(const struct resource *r, const char *type, const char *part, struct facts *files, struct arena *a);

/* Would fetch_for() give that file without a network? Bytes that nobody has checked are checked here. 1, 0, -1: it cannot be read. */
int fetch_is_here(const struct env *env, const char *location, const char *digest, struct error *err);

/* `r` is made of what lies in the cache by that URL, which `limactl prune` is to know; nothing of a file of the user's own. */
void fetch_need(struct graph *g, struct resource *r, const char *location);
/* cache_fetch() for `r`; digest "" if none is known; *path to free. */
int fetch_for(const struct env *env, const struct resource *r, const char *location, const char *digest, char **path,
	      struct error *err);
