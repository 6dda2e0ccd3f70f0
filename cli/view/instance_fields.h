/*
 * cli/view/instance_fields.h - what an instance shows of itself: one table for `--format`, `--json`, `--yq` and `--list-fields`.
 *
 * The order is that of the JSON, which is upstream's. A row has a name, by which Go templates know it, or a key of the JSON, or both.
 */
#pragma once
#include <stddef.h>
#include "base/jsonspan.h"
#include "cli/view/instance.h"

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_TRUTH, FIELD_JSON };

enum field_shown {
	FIELD_ALWAYS,
	FIELD_IF_SET,		/* in the JSON only if it is not empty, 0, [], {} or null */
	FIELD_OLD,		/* in the JSON for scripts of older versions; not told by --list-fields */
};

struct instance_fact {
	const char *text;
	long long number;
	bool truth;
	struct json_span json;
};

struct instance_field {
	const char *name;	/* of the template's field; NULL: only the JSON has it */
	const char *key;	/* of the JSON; NULL: only templates have it */
	enum field_kind kind;
	enum field_shown shown;
	struct instance_fact (*fact)(struct look *l, struct instance *i);	/* in i->arena */
	const char *empty;	/* what templates see of JSON that is not there */
};

extern const struct instance_field instance_fields[];	/* ends with a row of nothing */
/* Of the fields of a template, the one that comes next by name; `after` NULL: the first. NULL: that was all. */
const struct instance_field *instance_field_next(const struct instance_field *after);
