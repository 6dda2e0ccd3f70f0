#include "providers/json_table.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

enum { MAX_ITEMS = 4096 };

struct table_reader {
	struct arena *mem;
	struct error *err;
	bool failed;	/* Only the first error is kept; reading goes on, so nobody has to check each row. */
};

static void
table_error(struct table_reader *r, const char *key, const char *what)
{
	if (!r->failed)
		error_set(r->err, EINVAL, "%s: %s", key, what);
	r->failed = true;
}

static const char *
table_read_text(struct table_reader *r, const struct json_row *row, const cJSON *v)
{
	const char *s = "";

	if (v && !cJSON_IsString(v))
		table_error(r, row->key, row->kind == JSON_PATH ? "not a string, and so not an absolute path" : "not a string");
	else if (v)
		s = arena_strdup(r->mem, v->valuestring);
	if (row->kind == JSON_PATH && (v || row->needed) && (*s != '/' || strlen(s) >= PATH_MAX))
		table_error(r, row->key, "not an absolute path");
	if (!v && row->or_null)
		return NULL;
	return *s || !row->otherwise ? s : row->otherwise;
}

static void
table_read_number(struct table_reader *r, const struct json_row *row, const cJSON *v, void *at)
{
	double n = v ? v->valuedouble : 0;

	if (v && (!cJSON_IsNumber(v) || n < 0 || n > row->max || n != (double)(int)n)) {
		table_error(r, row->key, "not a whole number in its bounds");
		return;
	}
	if (row->size == sizeof(uint64_t))
		*(uint64_t *)at = (uint64_t)n;
	else
		*(int *)at = (int)n;
}

static size_t
table_count(struct table_reader *r, const struct json_row *row, const cJSON *v)
{
	int n = cJSON_GetArraySize(v);

	if (v && !cJSON_IsArray(v))
		table_error(r, row->key, "not a list");
	else if (n > MAX_ITEMS)
		table_error(r, row->key, "too many items");
	else
		return (size_t)n;
	return 0;
}

static const char *const *
table_read_texts(struct table_reader *r, const struct json_row *row, const cJSON *v, size_t n)
{
	const char **out = arena_alloc(r->mem, (n + 1) * sizeof *out);
	const cJSON *item = n ? v->child : NULL;

	for (size_t i = 0; i < n; i++, item = item->next) {
		if (!cJSON_IsString(item))
			table_error(r, row->key, "an item is not a string");
		out[i] = arena_strdup(r->mem, cJSON_IsString(item) ? item->valuestring : "");
	}
	return out;
}

static void table_read_rows(struct table_reader *r, const struct json_row *rows, const cJSON *json, char *out);

static const void *
table_read_list(struct table_reader *r, const struct json_row *row, const cJSON *v, size_t n)
{
	char *out = arena_alloc(r->mem, (n + 1) * row->size);
	const cJSON *item = n ? v->child : NULL;

	for (size_t i = 0; i < n; i++, item = item->next)
		table_read_rows(r, row->rows, item, out + i * row->size);
	return out;
}

static void
table_read_group(struct table_reader *r, const struct json_row *row, const cJSON *v, char *out)
{
	if (!cJSON_IsObject(v) && (v || row->needed))
		table_error(r, row->key, "missing, or not an object");
	table_read_rows(r, row->rows, v, out);
}

static void
table_read_row(struct table_reader *r, const struct json_row *row, const cJSON *v, char *out)
{
	void *at = out + row->at;

	switch (row->kind) {
	case JSON_TEXT:
	case JSON_PATH: *(const char **)at = table_read_text(r, row, v); break;
	case JSON_NUMBER: table_read_number(r, row, v, at); break;
	case JSON_FLAG: *(bool *)at = cJSON_IsTrue(v); break;
	case JSON_FLAG_OFF: *(bool *)at = !cJSON_IsFalse(v); break;
	case JSON_TEXTS:
	case JSON_LIST: {
		size_t n = table_count(r, row, v);

		*(const void **)at = row->kind == JSON_LIST ? table_read_list(r, row, v, n) : table_read_texts(r, row, v, n);
		*(size_t *)(void *)(out + row->count_at) = n;
		break;
	}
	case JSON_GROUP: table_read_group(r, row, v, out); break;
	}
}

static void
table_read_rows(struct table_reader *r, const struct json_row *rows, const cJSON *json, char *out)
{
	for (const struct json_row *row = rows; row->key; row++)
		table_read_row(r, row, cJSON_GetObjectItemCaseSensitive(json, row->key), out);
}

int
json_table_read(const struct json_row *rows, const struct cJSON *json, struct arena *a, void *out, struct error *err)
{
	struct table_reader r = { .mem = a, .err = err };

	table_read_rows(&r, rows, json, out);
	return r.failed ? -1 : 0;
}

static cJSON *
table_write_list(const struct json_row *row, const char *items, size_t n)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(array, row->kind == JSON_LIST ? json_table_write(row->rows, items + i * row->size) :
								     cJSON_CreateString(((const char *const *)(const void *)items)[i]));
	return array;
}

/* NULL: there is nothing to be written. */
static cJSON *
table_write_row(const struct json_row *row, const char *in)
{
	const void *at = in + row->at;

	switch (row->kind) {
	case JSON_TEXT:
	case JSON_PATH: {
		const char *s = *(const char *const *)at;

		return s && *s ? cJSON_CreateString(s) : NULL;
	}
	case JSON_NUMBER: {
		double n = row->size == sizeof(uint64_t) ? (double)*(const uint64_t *)at : *(const int *)at;

		return n != 0 ? cJSON_CreateNumber(n) : NULL;
	}
	case JSON_FLAG: return *(const bool *)at ? cJSON_CreateTrue() : NULL;
	case JSON_FLAG_OFF: return *(const bool *)at ? NULL : cJSON_CreateFalse();
	case JSON_TEXTS:
	case JSON_LIST: {
		size_t n = *(const size_t *)(const void *)(in + row->count_at);

		return n ? table_write_list(row, *(const char *const *)at, n) : NULL;
	}
	case JSON_GROUP: return json_table_write(row->rows, in);
	}
	return NULL;
}

cJSON *
json_table_write(const struct json_row *rows, const void *in)
{
	cJSON *json = cJSON_CreateObject();

	for (const struct json_row *row = rows; row->key; row++) {
		cJSON *v = table_write_row(row, in);

		if (v)
			cJSON_AddItemToObject(json, row->key, v);
	}
	return json;
}
