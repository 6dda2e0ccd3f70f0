/*
 * providers/memory_file.h - the memory of a machine that was put aside, in a file: DIR/memory.
 *
 * A head of MEMORY_HEAD bytes, and behind it what the machine's driver said of it, compressed by zstd. The head has a digest of
 * itself and one of what follows, and says of which machine and which disks that is. It is written to MEMORY_FILE.tmp and
 * gets its name when all of it is durable, so what has the name is whole, unless somebody has changed it since.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct error;

#define MEMORY_FILE "memory"
enum { MEMORY_HEAD = 64 << 10 };

struct memory_disk {
	const char *path;
	const char *stamp;	/* memory_disk_stamp() */
};

struct memory_head {
	const char *driver;
	const char *program;	/* that said it, in its driver's words: no other one is told it */
	const char *const *words;	/* with which the machine was started */
	size_t nwords;
	const struct memory_disk *disks;	/* as they were when it stood still: with any other contents they do not belong together */
	size_t ndisks;
	const char *digest;	/* of what follows: "sha256:HEX" */
	const char *bytes;	/* as many follow */
	const char *memory_bytes;	/* as many they were before they were compressed */
};

/* What tells of a change of that disk: its size and when it was written last; in `a`. NULL: it cannot be looked at. */
const char *memory_disk_stamp(const char *path, struct arena *a);

struct memory_way {
	const volatile int *cancel;	/* or NULL */
	void (*progress)(void *ctx, uint64_t done_bytes);	/* or NULL */
	void *ctx;
};

/* Reads `from` to its end, into what is to become the file `path`; fills in digest and sizes of the head, in `a`. Lazy half. */
int memory_file_take(const char *path, int from, const struct memory_way *way, struct arena *a, struct memory_head *h, struct error *err);
/* Writes the head, and gives it all its name, durably. */
int memory_file_seal(const char *path, const struct memory_head *h, struct error *err);
/* Removes what was not sealed. */
void memory_file_forget(const char *path);

/* The head of such a file, with strings in `a`. ERR_INVALID: it is none, or is damaged. */
int memory_file_head(const char *path, struct arena *a, struct memory_head *out, struct error *err);
/* Is what follows what was written? ERR_INVALID, ERR_CANCELLED. */
int memory_file_check(const char *path, const struct memory_head *h, const struct memory_way *way, struct error *err);
/* Writes what follows, as it was said, to the socket `to`. Lazy half. */
int memory_file_give(const char *path, int to, const struct memory_way *way, struct error *err);
