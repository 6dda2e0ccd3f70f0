#include "resources/made_from.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

enum { MAX_JSON = 64 << 10 };

static char *
made_from_path(const char *dir)
{
	return xasprintf("%s/" MADE_FROM_FILE, dir);
}

static const char *
made_from_text(struct arena *a, const cJSON *root, const char *key)
{
	const char *text = cjson_text(root, key);

	return text && *text ? arena_strdup(a, text) : NULL;
}

int
made_from_read(const char *dir, struct arena *a, struct made_from *out)
{
	auto_free char *path = made_from_path(dir);
	AUTO(buf) text = BUF_INIT;
	cJSON *root;

	*out = (struct made_from){0};
	if (fs_read_if(path, &text, MAX_JSON, NULL) != 1)
		return 0;
	root = cJSON_Parse(text.s);
	out->file = made_from_text(a, root, "file");
	out->digest = made_from_text(a, root, "digest");
	out->stamp = made_from_text(a, root, "stamp");
	cJSON_Delete(root);
	return out->file && *out->file == '/' && out->digest;
}

void
made_from_observe(const char *dir, struct facts *have, struct arena *a)
{
	struct made_from m;
	bool known = made_from_read(dir, a, &m) == 1;

	facts_set(have, a, "file", known ? m.file : MADE_FROM_NONE);
	facts_set(have, a, "file text", known ? m.digest : NULL);
	facts_set(have, a, "file stamp", known ? m.stamp : NULL);
}

int
made_from_write(const char *dir, const struct resource *res, struct error *err)
{
	const char *file = facts_get(&res->want, "file"), *digest = facts_get(&res->want, "file text");
	const char *stamp = facts_get(&res->how, "file stamp");
	auto_free char *path = made_from_path(dir);
	cJSON *root;
	char *text;
	int r;

	if (!file)
		return 0;
	if (!strcmp(file, MADE_FROM_NONE) || !digest)
		return fs_drop(path, err);
	root = cJSON_CreateObject();
	cJSON_AddStringToObject(root, "file", file);
	cJSON_AddStringToObject(root, "digest", digest);
	if (stamp)
		cJSON_AddStringToObject(root, "stamp", stamp);
	text = cJSON_PrintUnformatted(root);
	r = fs_write(path, text, strlen(text), 0600, err);
	cJSON_free(text);
	cJSON_Delete(root);
	return r;
}
