/* providers/fetch/unpack_child.h - the two sides of unpacking: of providers/fetch/unpack.c. */
#pragma once
#include <stdint.h>

struct digest;
struct error;
struct inflate_kind;
struct unpack;

/*
 * Unpacks what is read of `in` into `out`, an empty file, by a child in a sandbox. `hash`, or NULL, gets all that was
 * read. `total`: the size of the source, for whoever asks how far it is.
 */
int unpack_by_child(const struct unpack *u, const struct inflate_kind *kind, int in, int out, uint64_t total, struct digest *hash,
		    struct error *err);

/* In the child: from one descriptor to the other, at most max_bytes (0: any number). */
int unpack_stream(const struct unpack *u, const struct inflate_kind *kind, int in, int out, struct error *err);
