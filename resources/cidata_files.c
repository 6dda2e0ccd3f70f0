#include "resources/cidata_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/digest.h"
#include "resources/common.h"
#include "resources/ssh_access.h"

void
cidata_release(struct cidata *c)
{
	free(c->v);
	arena_release(&c->mem);
	*c = (struct cidata){ 0 };
}

static void
add(struct cidata *c, const char *path, const char *text, size_t len, unsigned mode)
{
	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct iso_file){ .path = path, .data = text, .len = len, .mode = mode };
}

static void
add_text(struct cidata *c, const char *path, const char *text)
{
	add(c, path, text, strlen(text), 0644);
}

static void
add_host_file(struct cidata *c, const char *path, const char *host_path, unsigned mode)
{
	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct iso_file){ .path = path, .host_path = arena_strdup(&c->mem, host_path), .mode = mode };
}

/* NNNNNNNN is the place in the whole list, so gaps between the files of a mode are normal */
static void
add_provision(struct cidata *c, const struct spec *spec)
{
	static const char *const folder[] = {
		[PROVISION_SYSTEM] = "system", [PROVISION_USER] = "user", [PROVISION_DEPENDENCY] = "dependency",
		[PROVISION_DATA] = "data", [PROVISION_YQ] = "yq", [PROVISION_BOOT] = NULL, [PROVISION_ANSIBLE] = NULL,
	};

	for (size_t i = 0; i < spec->nprovision; i++) {
		const struct spec_provision *p = &spec->provision[i];
		const char *text = p->mode == PROVISION_DATA ? p->content : p->mode == PROVISION_YQ ? p->expression : p->script;

		if (folder[p->mode])
			add(c, arena_printf(&c->mem, "provision.%s/%08zu", folder[p->mode], i), text, strlen(text), 0755);
	}
}

static const char *
param_env(struct arena *a, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < spec->nparam; i++)
		buf_addf(&b, "PARAM_%s=%s\n", spec->param[i].key, spec->param[i].value);
	return arena_strdup(a, b.s);
}

static const char *
etc_environment(struct arena *a, const struct spec *spec)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "#LIMA-START\n");
	for (size_t i = 0; i < spec->nenv; i++)
		buf_addf(&b, "%s=%s\n", spec->env[i].key, spec->env[i].value);
	buf_adds(&b, "#LIMA-END\n");
	return arena_strdup(a, b.s);
}

/* PREFIX/share/lima/lima-guestagent.Linux-ARCH: absent in plain mode, and for guests that have none */
static void
add_guest_agent(struct cidata *c, const struct env *env, const struct spec *spec)
{
	auto_free char *path = xasprintf("%s/lima-guestagent.%s-%s", env->share, spec->os, spec->arch);

	if (!spec->plain && !strcmp(spec->os, "Linux") && fs_exists(path))
		add_host_file(c, "lima-guestagent", path, 0755);
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct iso_file *)a)->path, ((const struct iso_file *)b)->path);
}

static void
digest_all(struct cidata *c)
{
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	for (size_t i = 0; i < c->n; i++) {
		const struct iso_file *f = &c->v[i];
		const char *stamp = f->host_path ? fs_stamp(&c->mem, f->host_path) : NULL;

		if (f->host_path)
			snprintf(hex, sizeof hex, "%.60s", stamp ? stamp : "");
		else
			sha256_hex(f->data, f->len, hex);
		buf_addf(&b, "%s %o %s\n", f->path, f->mode, hex);
	}
	sha256_hex(b.s, b.len, c->digest);
}

int
cidata_render(struct cidata *c, const struct env *env, const struct spec *spec, struct error *err)
{
	const char *user_data, *network;
	AUTO(key_list) keys = { 0 };
	AUTO(buf) id = BUF_INIT;
	char hex[65];

	if (ssh_access_public(&keys, env, spec, err) < 0)
		return -1;
	user_data = cidata_user_data(&c->mem, env, spec, &keys);
	network = cidata_network_config(&c->mem, spec);
	buf_addf(&id, "%s\n%s\n%s", spec->hostname, user_data, network);
	sha256_hex(id.s, id.len, hex);
	c->iid = arena_printf(&c->mem, "iid-%.16s", hex);
	add_text(c, "user-data", user_data);
	add_text(c, "meta-data", arena_printf(&c->mem, "instance-id: %s\nlocal-hostname: %s\n", c->iid, spec->hostname));
	add_text(c, "network-config", network);
	add_text(c, "lima.env", cidata_lima_env(&c->mem, env, spec, c->iid));
	add_text(c, "param.env", param_env(&c->mem, spec));
	add_text(c, "etc_environment", etc_environment(&c->mem, spec));
	add_provision(c, spec);
	add_guest_agent(c, env, spec);
	qsort(c->v, c->n, sizeof *c->v, by_path);
	digest_all(c);
	return 0;
}
