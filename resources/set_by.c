#include "resources/set_by.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/facts.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/when.h"
#include "resources/applied_config.h"
#include "state/desired/spec/spec.h"

enum { MAX_JSON = 1 << 20, MOST_KEYS = 1000 };

static char *
set_by_path(const char *dir)
{
	return xasprintf("%s/" SET_BY_FILE, dir);
}

void
set_by_read(const char *dir, struct arena *a, struct set_by **v, size_t *n)
{
	auto_free char *path = set_by_path(dir);
	AUTO(buf) text = BUF_INIT;
	cJSON *root;
	const cJSON *o;

	*n = 0;
	*v = NULL;
	if (fs_read_if(path, &text, MAX_JSON, NULL) != 1)
		return;
	root = cJSON_Parse(text.s);
	*v = arena_alloc(a, ((size_t)cJSON_GetArraySize(root) + 1) * sizeof **v);
	/* Of what is no list these are its members, which have no such texts. */
	cJSON_ArrayForEach(o, root)
		if (cjson_text(o, "key") && cjson_text(o, "by") && cjson_text(o, "value") && *n < MOST_KEYS)
			(*v)[(*n)++] = (struct set_by){
				arena_strdup(a, cjson_text(o, "key")), arena_strdup(a, cjson_text(o, "by")),
				arena_strdup(a, cjson_text_or(o, "at", "")), arena_strdup(a, cjson_text(o, "value")),
			};
	cJSON_Delete(root);
}

const struct set_by *
set_by_find(const struct set_by *v, size_t n, const char *key, const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].key, key))
			return !strcmp(v[i].value, or_unset(value)) ? &v[i] : NULL;
	return NULL;
}

static void
set_by_add(cJSON *list, const char *key, const char *by, const char *at, const char *value)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "key", key);
	cJSON_AddStringToObject(o, "by", by);
	cJSON_AddStringToObject(o, "at", at);
	cJSON_AddStringToObject(o, "value", value);
	cJSON_AddItemToArray(list, o);
}

static bool
set_by_is_among(const struct spec_change *v, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].path, key))
			return true;
	return false;
}

/* Is that word anywhere in the text, as a key would be? */
static bool
set_by_is_written(const struct spec *spec, const char *key)
{
	size_t n = strcspn(key, ".["), left;
	const char *p = spec->yaml, *end = p + spec->yaml_len;

	for (; (left = (size_t)(end - p)) > n && (p = memmem(p, left, key, n)); p++)
		if (p + n < end && strchr(": \"'", p[n]))
			return true;
	return false;
}

const char *
set_by_now(const char *by, const struct spec *spec, const char *key)
{
	if (by)
		return by;
	return spec->yaml && !set_by_is_written(spec, key) ? SET_BY_DEFAULT : SET_BY_HAND;
}

int
set_by_write(const char *dir, const struct spec *spec, const char *by, struct error *err)
{
	auto_free char *path = set_by_path(dir), *text = NULL;
	AUTO(arena) a = { 0 };
	struct spec_change *change;
	struct set_by *old;
	size_t nchange, nold;
	char now[WHEN_MAX];
	cJSON *list;

	if (applied_changes(&a, spec, &change, &nchange) != 1 || !nchange)
		return 0;
	set_by_read(dir, &a, &old, &nold);
	list = cJSON_CreateArray();
	for (size_t i = 0; i < nold; i++)
		if (!set_by_is_among(change, nchange, old[i].key))
			set_by_add(list, old[i].key, old[i].by, old[i].at, old[i].value);
	when_utc(time(NULL), now);
	for (size_t i = 0; i < nchange; i++)
		set_by_add(list, change[i].path, set_by_now(by, spec, change[i].path), now, or_unset(change[i].want));
	text = cJSON_PrintUnformatted(list);
	cJSON_Delete(list);
	return fs_write(path, text, strlen(text), 0600, err);
}

const char *
set_by_words(const char *by, struct arena *a)
{
	if (!strcmp(by, SET_BY_HAND))
		return "a change of its lima.yaml by hand or a client";
	return !strcmp(by, SET_BY_DEFAULT) ? "a default (default.yaml, override.yaml or this version)" : arena_strdup(a, by);
}

void
set_by_observe(const char *dir, struct facts *have, struct arena *a)
{
	AUTO(buf) line = BUF_INIT;
	struct set_by *v;
	size_t n;

	set_by_read(dir, a, &v, &n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&line, "%s%s=%s: %s, %s", i ? "; " : "", v[i].key, v[i].value, v[i].by, v[i].at);
	facts_set(have, a, "set by", line.len ? line.s : NULL);
}
