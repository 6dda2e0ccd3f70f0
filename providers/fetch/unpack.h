/*
 * providers/fetch/unpack.h - a file as it is meant: decompressed if its first bytes say
 * gzip, bzip2, xz or zstd, copied (as a reflink where possible) if not. One layer, however deep it is packed.
 * Checksums are verified. Lazy half.
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct error;

struct unpack {
	const char *from;
	const char *to;		/* a temporary name; what was there is replaced; removed again on failure */
	mode_t mode;
	const volatile int *cancel;	/* or NULL */
	/* bytes read of the source, and its size; or NULL */
	void (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
	void *ctx;
};

/* Pages of zeros become holes. Not fsynced. ERR_CANCELLED, ENOSPC, ERR_INVALID (damaged or cut data). */
int unpack_file(const struct unpack *u, struct error *err);
