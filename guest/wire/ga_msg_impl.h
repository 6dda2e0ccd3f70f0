/* guest/wire/ga_msg_impl.h - what ga_msg.c and ga_msg_ports.c share: the parts that messages are made of. */
#pragma once
#include "guest/wire/ga_msg.h"
#include "guest/wire/pb.h"

/* Fields of ours, where upstream has none. */
enum { MSG_FLAGS = 100, MSG_VERSION = 101, MSG_BOOT = 102 };

struct pb_reader msg_reader(const void *p, size_t len);
/* An error if what was read is damaged; `what` is the message's name. */
int msg_finish(const struct pb_reader *r, const char *what, struct error *err);
/* Empty, if the field is of another type. */
struct ga_bytes msg_bytes(const struct pb_field *f);

void msg_put_time(struct buf *b, uint32_t number, const struct timespec *t);
/* A google.protobuf.Timestamp; false unless its parts are in range (year 1 to 9999, as its definition says). */
bool msg_get_time(const struct pb_field *m, struct timespec *out);
