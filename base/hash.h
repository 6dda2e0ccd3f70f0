/* base/hash.h - FNV-1a, for tables and names of files; not for what a stranger could choose to collide. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HASH_START 14695981039346656037u

/* `h` goes on from HASH_START, or from what came before. */
static inline uint64_t
hash_bytes(uint64_t h, const void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ ((const unsigned char *)p)[i]) * 1099511628211u;
	return h;
}

static inline uint64_t
hash_text(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}
