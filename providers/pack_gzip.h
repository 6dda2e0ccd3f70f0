/* providers/pack_gzip.h - bytes as gzip has them, for who has no other program to unpack them with. */
#pragma once
#include <stddef.h>

struct buf;
struct error;

/* Appends all of it, compressed. The same bytes always: no name and no time is in it. Lazy half. */
int pack_gzip(struct buf *out, const void *p, size_t len, struct error *err);
