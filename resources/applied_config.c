#include "resources/applied_config.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "resources/disk_live.h"
#include "resources/instance_paths.h"
#include "resources/vm_live.h"
#include "state/desired/spec/spec.h"

enum { MAX_JSON = 16 << 20, MAX_YAML = 4 << 20, DIGEST_LEN = 16 };

static char *
applied_config_file_of(const char *dir)
{
	return xasprintf("%s/applied.json", dir);
}

/* A digest is only compared with its predecessor, so a part of it will do. */
void
applied_digest(const void *json, size_t len, char hex[65])
{
	sha256_hex(json, len, hex);
	hex[DIGEST_LEN] = '\0';
}

/* Reads the folder's lima.yaml, if its text is not the one that `spec` was made of. */
static void
read_old_yaml(const struct spec *spec, struct buf *json)
{
	auto_free char *path = xasprintf("%s/lima.yaml", spec->dir);
	auto_free char *home = xstrndup(spec->dir, strlen(spec->dir) - strlen(spec->name) - 1);
	AUTO(buf) text = BUF_INIT;
	struct spec *old;

	if (fs_read_if(path, &text, MAX_YAML, NULL) != 1 || (text.len == spec->yaml_len && !memcmp(text.s, spec->yaml, text.len)))
		return;
	if (spec_load(&old, spec->name, path, text.s, text.len, &(struct spec_opts){ .home = home, .version = "" }, NULL) < 0)
		return;
	buf_adds(json, old->json);
	spec_free(old);
}

void
applied_observe(const char *dir, struct facts *have, struct arena *a)
{
	auto_free char *path = applied_config_file_of(dir);
	AUTO(buf) text = BUF_INIT;
	char hex[65];

	if (fs_read_if(path, &text, MAX_JSON, NULL) != 1)
		return;
	applied_digest(text.s, text.len, hex);
	facts_set(have, a, "configuration", arena_strdup(a, hex));
	facts_set(have, a, "fixed keys", spec_part(a, text.s, SPEC_FIXED));
}

void
applied_observe_old(const struct spec *spec, struct facts *have, struct arena *a)
{
	AUTO(buf) json = BUF_INIT;

	read_old_yaml(spec, &json);
	if (json.len)
		facts_set(have, a, "fixed keys", spec_part(a, json.s, SPEC_FIXED));
}

int
applied_write(const char *dir, const struct spec *spec, struct error *err)
{
	auto_free char *path = applied_config_file_of(dir);

	return fs_write(path, spec->json, strlen(spec->json), 0600, err);
}

int
applied_changes(struct arena *a, const struct spec *spec, struct spec_change **v, size_t *n)
{
	auto_free char *path = applied_config_file_of(spec->dir);
	AUTO(buf) old = BUF_INIT;

	*n = 0;
	if (fs_read_if(path, &old, MAX_JSON, NULL) != 1)
		read_old_yaml(spec, &old);
	if (!old.len || !strcmp(old.s, spec->json))
		return 0;
	return spec_diff(a, old.s, spec->json, v, n, NULL) == 0;
}

void
applied_detail(const struct resource *r, detail_say *say, void *ctx)
{
	AUTO(arena) a = { 0 };
	struct spec_change *v;
	size_t n;

	if (!applied_changes(&a, r->spec, &v, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *why = NULL, *cost = v[i].cost;
		bool live = v[i].may_be_live && (!strcmp(v[i].path, "disk") ? disk_live_would(r->spec->dir, v[i].had, v[i].wanted) :
						  vm_live_would(r->spec, v[i].path, &a, &why));

		if (why && cost)
			cost = arena_printf(&a, "%s: %s", cost, why);
		say(ctx, &(struct detail){ v[i].path, v[i].have, v[i].want, live ? spec_live_cost() : cost, v[i].moot,
					   live ? CLASS_LIVE : v[i].cls, v[i].had, v[i].wanted });
	}
}
