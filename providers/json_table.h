/*
 * providers/json_table.h - a struct as a JSON object, by one table that both reads and writes it.
 *
 * A row is a member: its key, its kind, and where it is in the struct. What is empty, 0 or false is not written, and what
 * is not there is read as that, or as the row's `otherwise`. Keys without a row are ignored, so a program may read what a newer one wrote.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/mem.h"

struct cJSON;
struct error;

enum json_kind {
	JSON_TEXT,	/* const char * */
	JSON_PATH,	/* const char *, absolute */
	JSON_NUMBER,	/* an integer of 4 or 8 bytes, from 0 to `max` */
	JSON_FLAG,	/* bool */
	JSON_FLAG_OFF,	/* bool, true unless it is written as false */
	JSON_TEXTS,	/* const char *const *, NULL-terminated, and its count */
	JSON_LIST,	/* an array of structs, the rows of which are `rows`, and its count */
	JSON_GROUP,	/* an object, the rows of which are `rows`, members of the same struct */
};

struct json_row {
	const char *key;	/* NULL ends the table */
	enum json_kind kind;
	size_t at;		/* where the member is */
	size_t count_at;	/* of a list: where its number is, a size_t */
	size_t size;		/* of a number, or of an item */
	int max;
	bool needed;		/* it is an error if it is not there; of paths and groups */
	bool or_null;		/* a path that is not there is NULL, not "" */
	const char *otherwise;	/* the text of what is not there */
	const struct json_row *rows;
};

#define JSON_MEMBER(k, kind_, type, member) .key = (k), .kind = (kind_), .at = offsetof(type, member)
#define JSON_NUMBER_OF(k, type, member, max_) \
	{ JSON_MEMBER(k, JSON_NUMBER, type, member), .size = sizeof ((type *)0)->member, .max = (max_) }
#define JSON_TEXTS_OF(k, type, member, count) \
	{ JSON_MEMBER(k, JSON_TEXTS, type, member), .count_at = offsetof(type, count) }
#define JSON_LIST_OF(k, type, member, count, rows_) \
	{ JSON_MEMBER(k, JSON_LIST, type, member), .count_at = offsetof(type, count), .size = sizeof *((type *)0)->member, .rows = (rows_) }

/* Into `out`, zeroed before; texts and lists in `a`. The text is checked like a stranger's. EINVAL: "KEY: WHY", the first of them. */
int json_table_read(const struct json_row *rows, const struct cJSON *json, struct arena *a, void *out, struct error *err);
/* To cJSON_Delete(). */
struct cJSON *json_table_write(const struct json_row *rows, const void *in);
