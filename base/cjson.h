/* base/cjson.h - members of an object of cJSON, by their exact names. Whatever is not there, or of another kind, is as if it were absent. */
#pragma once
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

static inline cJSON *
cjson_get(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

/* NULL: it is no text */
static inline const char *
cjson_text(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(cjson_get(o, name));
}

static inline const char *
cjson_text_or(const cJSON *o, const char *name, const char *otherwise)
{
	const char *text = cjson_text(o, name);

	return text ? text : otherwise;
}

static inline bool
cjson_is_true(const cJSON *o, const char *name)
{
	return cJSON_IsTrue(cjson_get(o, name));
}
