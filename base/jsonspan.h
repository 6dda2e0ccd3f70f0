/*
 * base/jsonspan.h - single values out of JSON text, without making a tree of it.
 *
 * For text that was checked when it was written (the filled configuration in the
 * database) and of which a command needs three values out of a hundred. Damaged
 * text yields absent values, never a read beyond its end.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct json_span {
	const char *p;		/* NULL: absent */
	size_t len;
};

struct json_span json_span_of(const char *text);	/* NULL is absent */
/* Of an object, by names with dots between: "ssh.localPort". */
struct json_span json_at(struct json_span v, const char *path);
/* Elements of an array or values of an object, one by one: start with *at = 0; absent: no more. */
struct json_span json_each(struct json_span v, size_t *at, struct json_span *key);

/* Values one behind the other, as a stream of JSON has them: start with *at = 0; absent: no more. */
struct json_span json_next(struct json_span text, size_t *at);

/* As written in the text; a string without its escapes; "" when absent. */
char *json_text(struct arena *a, struct json_span v);
long long json_int(struct json_span v, long long fallback);
bool json_true(struct json_span v);
