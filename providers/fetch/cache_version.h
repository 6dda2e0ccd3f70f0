/*
 * providers/fetch/cache_version.h - which version of a file the cache, or a part of it, is
 * of, as far as the server tells. Of providers/fetch/cache_transfer.c.
 */
#pragma once
#include <stdbool.h>

struct error;
struct http_answer;

struct version {
	char *etag, *last_modified, *type;	/* as sent; "" */
};

void version_release(struct version *v);
void version_set(struct version *v, const struct http_answer *a);
/* Is the answer's version this one? For servers that know no conditional requests. */
bool version_is(const struct version *v, const struct http_answer *a);
/* What If-Range takes; "": there is nothing to tell two versions of the same file by. */
const char *version_validator(const struct version *v);

/*
 * The note beside a part: its version, and the boot in which it was written. What an
 * earlier boot wrote may not have reached the disk, whatever the size of the file
 * says; its version reads as "".
 */
void part_read_version(const char *path, struct version *v);
int part_write_version(const char *path, const struct version *v, struct error *err);
