/* providers/pack.h - small files into a tar archive, compressed by zstd, in memory. */
#pragma once
#include <stddef.h>

struct buf;
struct error;

/* Appends a file, mode 0644, of now; `name` is relative, of less than 100 bytes. */
int pack_add(struct buf *tar, const char *name, const void *p, size_t len, struct error *err);
void pack_end(struct buf *tar);
/* Appends all of it, compressed. Lazy half. */
int pack_zstd(struct buf *out, const struct buf *tar, struct error *err);
