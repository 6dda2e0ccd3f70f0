/* usernet/services.h - what the endpoint's paths mean. */
#pragma once
struct buf;
struct sw;

/* The status of the answer, whose body is appended to `out`. Nothing that is served needs what was sent along. */
int service_call(struct sw *s, const char *method, const char *path, struct buf *out);
