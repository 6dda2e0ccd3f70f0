/* usernet/services.h - what the endpoint's paths mean. */
#pragma once
struct buf;
struct sw;

/* The status of the answer, whose body is appended to `out`; `body` is what was sent along, "" for nothing. */
int service_call(struct sw *s, const char *method, const char *path, const char *body, struct buf *out);
