/*
 * providers/fetch/inflate.h - the four decompressors behind one face. Lazy half.
 *
 * Each verifies the checksums of its format, tells a cut file from a whole one, and
 * reads what follows the end of one member as the next (gzip(1), RFC 1952, 2.2).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct inflate_kind;
struct inflate;

/* Of a file that begins so (8 bytes are enough); NULL: of none. */
const struct inflate_kind *inflate_recognise(const void *head, size_t len);
const char *inflate_name(const struct inflate_kind *k);		/* "gzip" */

struct inflate *inflate_new(const struct inflate_kind *k);
void inflate_free(struct inflate *d);

struct inflate_io {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
};

/*
 * Moves on in both directions as far as possible: until in_len or out_len is 0. false:
 * damaged, or not of this kind.
 */
bool inflate_step(struct inflate *d, struct inflate_io *io);
/* Might the input end here? */
bool inflate_whole(const struct inflate *d);
