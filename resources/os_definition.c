/*
 * resources/os_definition.c - what a node of a Ganeti cluster makes machines of ours by: the scripts of PREFIX/share/lima/ganeti/lima there, and
 * the folder in which it keeps images.
 */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "providers/clusters/node_ssh.h"
#include "providers/pack.h"
#include "reconciler/env.h"
#include "reconciler/resource.h"
#include "resources/os_definition.h"

enum { FILE_MAX = 1 << 20 };

/* In the order in which a node tells them. */
static const struct { const char *name; unsigned mode; } files[] = {
	{ "common", 0644 }, { "create", 0755 }, { "export", 0755 }, { "ganeti_api_version", 0644 }, { "import", 0755 }, { "parameters.list", 0644 },
	{ "rename", 0755 }, { "variants.list", 0644 }, { "verify", 0755 },
};

static const struct attr attrs[] = {
	{ .name = "scripts", .cost = COST_UPDATE, .show = SHOW_DIGEST },
	{ 0 },
};

extern const struct resource_type resource_os_definition;

static const char *
definition_user(const struct resource *r)
{
	const char *user = facts_get(&r->how, "user");

	return user ? user : "";
}

static int
definition_read(const struct env *env, const char *name, struct buf *out, struct error *err)
{
	auto_free char *path = xasprintf("%s/ganeti/%s", env->share, name);

	return fs_read(path, out, FILE_MAX, err);
}

static int
definition_file(const struct env *env, size_t i, struct buf *out, struct error *err)
{
	auto_free char *name = xasprintf("lima/%s", files[i].name);

	return definition_read(env, name, out, err);
}

/* A script of guest/ganeti on that node. */
static int
definition_run(const struct env *env, const struct resource *r, const char *name, const struct buf *input, struct buf *said, struct error *err)
{
	AUTO(buf) script = BUF_INIT;

	if (definition_read(env, name, &script, err) < 0)
		return -1;
	return node_shell(&(struct node_shell){ .node = r->name, .user = definition_user(r), .script = script.s, .input = input ? input->s : NULL,
						.len = input ? input->len : 0, .cancel = env->cancel }, said, err);
}

/* What a node says that has these. */
int
os_definition_wanted(const struct env *env, struct arena *a, const char **hex, struct error *err)
{
	AUTO(buf) all = BUF_INIT;
	char *digest = arena_alloc(a, 65);

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		AUTO(buf) text = BUF_INIT;
		char of_file[65];

		if (definition_file(env, i, &text, err) < 0)
			return -1;
		sha256_hex(text.s, text.len, of_file);
		buf_addf(&all, "%o %s\n%s  -\n", files[i].mode, files[i].name, of_file);
	}
	sha256_hex(all.s, all.len, digest);
	*hex = digest;
	return 0;
}

static int
definition_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	AUTO(buf) said = BUF_INIT;
	char hex[65];

	if (definition_run(env, r, "look.sh", NULL, &said, err) < 0)
		return -1;
	if (!said.len)
		return 0;
	sha256_hex(said.s, said.len, hex);
	facts_set(have, a, "scripts", hex);
	return 1;
}

static int
definition_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	AUTO(buf) tar = BUF_INIT, said = BUF_INIT;
	const char *want, *is;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		AUTO(buf) text = BUF_INIT;

		if (definition_file(env, i, &text, err) < 0 || pack_add(&tar, files[i].name, text.s, text.len, err) < 0)
			return -1;
	}
	pack_end(&tar);
	if (definition_run(env, r, "put.sh", &tar, &said, err) < 0 ||
	    os_definition_wanted(env, a, &want, err) < 0 || definition_observe(env, r, have, a, err) < 0)
		return -1;
	is = facts_get(have, "scripts");
	return is && !strcmp(is, want) ? 0 : error_set(err, ERR_CHILD, "node `%s` has other scripts than those that were just written", r->name);
}

static int
definition_remove(const struct env *env, const struct resource *r, struct error *err)
{
	AUTO(buf) said = BUF_INIT;

	return node_shell(&(struct node_shell){ .node = r->name, .user = definition_user(r), .script = "rm -rf /srv/ganeti/os/lima /var/cache/lima-images",
						.cancel = env->cancel }, &said, err);
}

const struct resource_type resource_os_definition = {
	.name = "os-definition",
	.about = "the scripts by which a node of a Ganeti cluster makes machines of ours, and its folder of images",
	.attrs = attrs,
	.lifetime = SHARED_KEPT,
	.away = true,
	.asks = true,
	.observe = definition_observe,
	.ensure = definition_ensure,
	.remove = definition_remove,
};
