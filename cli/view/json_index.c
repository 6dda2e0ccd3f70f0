#include "cli/view/json_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/cjson.h"
#include "base/mem.h"

struct json_index_entry {
	const char *name;
	size_t place;
	const cJSON *item;
};

void
json_index_release(struct json_index *x)
{
	free(x->v);
	*x = (struct json_index){0};
}

static int
json_index_order(const void *a, const void *b)
{
	const struct json_index_entry *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : x->place < y->place ? -1 : x->place > y->place;
}

static const char *
json_index_name(const struct json_index *x, const cJSON *item)
{
	return cJSON_IsObject(x->of) ? item->string : x->member ? cjson_text(item, x->member) : cJSON_GetStringValue(item);
}

static void
json_index_make(struct json_index *x)
{
	const cJSON *i;

	x->v = xcalloc((size_t)cJSON_GetArraySize(x->of) + 1, sizeof *x->v);
	cJSON_ArrayForEach(i, x->of) {
		const char *name = json_index_name(x, i);

		if (name) {
			x->v[x->n] = (struct json_index_entry){name, x->n, i};
			x->n++;
		}
	}
	qsort(x->v, x->n, sizeof *x->v, json_index_order);
}

const cJSON *
json_index_find(struct json_index *x, const char *name)
{
	size_t from = 0, to;

	if (!x->v)
		json_index_make(x);
	for (to = x->n; from < to;) {
		size_t mid = from + (to - from) / 2;

		if (strcmp(x->v[mid].name, name) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from < x->n && !strcmp(x->v[from].name, name) ? x->v[from].item : NULL;
}
