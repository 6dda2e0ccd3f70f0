/*
 * drivers/wire/driver_msg.h - the messages between lima and an external driver: service Driver of upstream's driver.proto.
 *
 * All but one have a single field, number 1. What comes from a driver is a stranger's: a field of another type, a second one of
 * the same number, or a message that ends within one is damage (EPROTO). Unknown fields are passed over.
 * Texts and bytes point into the message.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

#define DRIVER_METHOD(name) "/Driver/" name
#define DRIVER_MESSAGE_MAX (4 << 20)	/* of which a filled configuration with all its scripts is a tenth at most */

/* The bytes, or text, of a message with one such field; none: length 0. */
int driver_msg_bytes(const uint8_t *p, size_t len, const char **out, size_t *n, struct error *err);
/* StartResponse. `why` is printable. */
int driver_msg_start(const uint8_t *p, size_t len, bool *success, char why[256], struct error *err);

void driver_msg_put_bytes(struct buf *b, const char *p, size_t len);
void driver_msg_put_start(struct buf *b, bool success, const char *why);

/* What we need of what InfoResponse says, in JSON. */
struct driver_info {
	char name[64];			/* printable; whatever it calls itself */
	bool moves;			/* its guest's address is known only once it runs */
};
int driver_info_parse(const char *json, size_t len, struct driver_info *out, struct error *err);
