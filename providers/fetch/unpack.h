/*
 * providers/fetch/unpack.h - a file as it is meant: decompressed if its first bytes say
 * gzip, bzip2, xz or zstd, copied (as a reflink where possible) if not. One layer, however deep it is packed.
 * Checksums are verified. Lazy half.
 *
 * The decompressors read what strangers made. They run in a child that has two descriptors and can open nothing, with
 * bounds of size, memory and time; the digest is taken on this side, of what the child is given.
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct error;

/* What an image for a disk of so many bytes may unpack to: a qcow2 has tables besides. */
#define UNPACK_MAX_FOR(bytes) ((uint64_t)(bytes) + (uint64_t)(bytes) / 16 + (1 << 20))

struct unpack {
	const char *from;
	const char *to;		/* a temporary name; what was there is replaced; removed again on failure */
	mode_t mode;
	uint64_t max_bytes;	/* of what is unpacked; what is only copied is as large as it is. 0: no bound */
	const char *digest;	/* "algo:hex" of `from`, compared with what is read of it; NULL or "": none */
	const volatile int *cancel;	/* or NULL */
	/* bytes read of the source, and its size; or NULL */
	void (*progress)(void *ctx, uint64_t done_bytes, uint64_t total_bytes);
	void *ctx;
};

/*
 * Pages of zeros become holes. Not fsynced. ERR_CANCELLED, ENOSPC, ERR_INVALID (damaged or cut data), EFBIG (more than
 * max_bytes), EBADMSG (another digest).
 */
int unpack_file(const struct unpack *u, struct error *err);
/* The same, as it came, packed or not: an initrd. */
int unpack_copy(const struct unpack *u, struct error *err);
/* Is it packed? 1, 0, -1 */
int unpack_is_packed(const char *path, struct error *err);
