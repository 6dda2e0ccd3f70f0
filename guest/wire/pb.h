/*
 * guest/wire/pb.h - protocol buffers' wire format, as much as our messages need.
 *
 * Reading allocates nothing: fields point into the message, which must outlive
 * them. Lengths are checked against the message, groups (deprecated, sent by
 * nobody) count as damage. Unknown fields are the caller's to skip.
 * Writing leaves out zero and empty values, as proto3 does.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum pb_type { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_reader {
	const uint8_t *p, *end;
	bool bad;		/* the message is damaged; set by pb_next() */
};

struct pb_field {
	uint32_t number;
	enum pb_type type;
	uint64_t value;		/* of the three numeric types; int32 and int64 are sign-extended to it */
	const uint8_t *p;	/* of PB_BYTES */
	size_t len;
};

/* The next field; false at the end or at damage (r->bad). */
bool pb_next(struct pb_reader *r, struct pb_field *f);

void pb_put_uint(struct buf *b, uint32_t number, uint64_t value);
void pb_put_bytes(struct buf *b, uint32_t number, const void *p, size_t len);
void pb_put_str(struct buf *b, uint32_t number, const char *s);
/* The key and length of a bytes field whose `len` bytes the caller appends himself. */
void pb_put_head(struct buf *b, uint32_t number, size_t len);
/* A message within: what is appended between the two becomes field `number`, even if it is nothing. */
size_t pb_begin(struct buf *b, uint32_t number);
void pb_end(struct buf *b, size_t begun);
