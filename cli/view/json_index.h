/*
 * cli/view/json_index.h - many members of a JSON object, or items of a list, found by name.
 *
 * cJSON keeps them in a row and looks at each. An index is sorted once, by the first who asks; it goes stale when what it is of changes.
 */
#pragma once
#include <stddef.h>

struct cJSON;

struct json_index {
	const struct cJSON *of; /* NULL is empty */
	const char *member;	/* of a list: this text of its items is their name; NULL: the text that they are. Of an object: unused */
	struct json_index_entry *v;
	size_t n;
};

void json_index_release(struct json_index *x);
/* NULL: there is none. Of several the first. */
const struct cJSON *json_index_find(struct json_index *x, const char *name);
