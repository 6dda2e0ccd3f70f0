#include "resources/cidata_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/ssh/host_key.h"
#include "resources/ssh_access.h"
#include "resources/warm.h"

enum { MAX_LIST = 256 * 1024 };

void
cidata_release(struct cidata *c)
{
	free(c->v);
	arena_release(&c->mem);
	*c = (struct cidata){ 0 };
}

void
cidata_files_add(struct cidata *c, const char *path, const char *text, unsigned mode)
{
	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct iso_file){ .path = path, .data = text, .len = strlen(text), .mode = mode };
}

static void
cidata_files_add_host_file(struct cidata *c, const char *path, const char *host_path, unsigned mode)
{
	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct iso_file){ .path = path, .host_path = host_path, .mode = mode };
}

int
cidata_list(struct buf *list, const struct env *env, const char *folder, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s/list", env->share, folder);

	return fs_read(path, list, MAX_LIST, err);
}

/* The files of PREFIX/share/lima/FOLDER, below `to` on the volume, from the list that was made with them. */
static int
add_listed(struct cidata *c, const struct env *env, const char *folder, const char *to, struct error *err)
{
	AUTO(buf) list = BUF_INIT;

	if (cidata_list(&list, env, folder, err) < 0)
		return -1;
	for (const char *p = list.s, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		const char *name = nl - p > 66 ? arena_memdup(&c->mem, p + 66, (size_t)(nl - p) - 66) : "";

		if (!*name || strstr(name, ".."))
			return error_set(err, ERR_INVALID, "%s/%s/list: damaged", env->share, folder);
		cidata_files_add_host_file(c, arena_printf(&c->mem, "%s%s", to, name), arena_printf(&c->mem, "%s/%s/%s", env->share, folder, name),
			      0755);
	}
	return 0;
}

const char *
cidata_yq_folder(struct arena *a, const struct spec *spec)
{
	for (size_t i = 0; i < spec->nprovision; i++)
		if (spec->provision[i].mode == PROVISION_YQ)
			return arena_printf(a, "yq/%s", spec->arch);
	return NULL;
}

char *
cidata_guest_agent(struct arena *a, const struct env *env, const struct spec *spec, bool *gz)
{
	char *path = arena_printf(a, "%s/lima-guestagent.%s-%s", env->share, spec->os, spec->arch);
	char *packed = arena_printf(a, "%s.gz", path);

	*gz = !fs_exists(path);
	return !*gz ? path : fs_exists(packed) ? packed : NULL;
}

bool
cidata_needs_agent(const struct spec *spec)
{
	return !spec->plain && !strcmp(spec->os, "Linux");
}

static void
add_guest_agent(struct cidata *c, const struct env *env, const struct spec *spec)
{
	bool gz = false;
	char *path = cidata_needs_agent(spec) ? cidata_guest_agent(&c->mem, env, spec, &gz) : NULL;

	if (path && gz)
		c->agent_gz = path;
	else if (path)
		cidata_files_add_host_file(c, "lima-guestagent", path, 0755);
}

const struct spec_file *
cidata_archive(const struct spec *spec)
{
	if (!spec->containerd.user && !spec->containerd.system)
		return NULL;
	for (size_t i = 0; i < spec->containerd.narchives; i++)
		if (!strcmp(spec->containerd.archives[i].arch, spec->arch))
			return &spec->containerd.archives[i];
	return NULL;
}

static int
cidata_files_by_path(const void *a, const void *b)
{
	return strcmp(((const struct iso_file *)a)->path, ((const struct iso_file *)b)->path);
}

int
cidata_reference(const char **out, struct arena *a, const struct env *env, const struct spec *spec, struct error *err)
{
	AUTO(key_list) keys = { 0 };
	const char *instance;

	if (ssh_access_public(&keys, env, spec, err) < 0 || cidata_user_data(&instance, a, env->home, spec, &keys, true, err) < 0)
		return -1;
	*out = arena_printf(a, "%s%s", instance, cidata_always(a, spec, true));
	return 0;
}

static struct iso_file *
file_named(const struct cidata *c, const char *path)
{
	struct iso_file *f = c->v;

	while (strcmp(f->path, path) != 0)
		f++;
	return f;
}

static const char *
cidata_files_text_of(const struct cidata *c, const char *path)
{
	return file_named(c, path)->data;
}

static void
set_text(struct cidata *c, const char *path, const char *text)
{
	struct iso_file *f = file_named(c, path);

	f->data = text;
	f->len = strlen(text);
}

/*
 * The guest's SSH host key, for cloud-init, for the boot scripts and for dropbear. A running machine is not restarted
 * for it, nor is cloud-init to take it for another machine: it is no part of the contents and of the instance id.
 */
static void
add_host_key(struct cidata *c, const struct spec *spec)
{
	struct buf user_data = BUF_INIT, dropbear = BUF_INIT;
	AUTO(host_key) key = { 0 };

	/* What is there and is no key is made anew, by the step that this one waits for. */
	if (cidata_host_key_load(&key, spec) < 0)
		return;
	if (warm_parks(spec))
		cidata_host_key_later(&user_data, cidata_files_text_of(c, "user-data"));
	else
		cidata_host_key(&user_data, cidata_files_text_of(c, "user-data"), &key);
	set_text(c, "user-data", arena_strdup(&c->mem, user_data.s));
	host_key_dropbear(&key, &dropbear);
	cidata_files_add(c, HOST_KEY_FILE, arena_strdup(&c->mem, key.pem), 0600);
	GROW(c->v, c->n, c->cap);
	c->v[c->n++] = (struct iso_file){ .path = "dropbear_ed25519_host_key", .len = dropbear.len, .mode = 0600,
					  .data = arena_memdup(&c->mem, dropbear.s, dropbear.len) };
	buf_release(&user_data);
	buf_release(&dropbear);
}

void
cidata_set_dns_port(struct cidata *c, const struct spec *spec, int port)
{
	set_text(c, "lima.env", cidata_lima_env(&c->mem, spec, c->iid, c->debug, cidata_resolves(spec) ? port : 0));
}

int
cidata_host_key_load(struct host_key *out, const struct spec *spec)
{
	auto_free char *path = xasprintf("%s/" HOST_KEY_FILE, spec->dir);

	return host_key_load(out, path, NULL);
}

int
cidata_render(struct cidata *c, const struct env *env, const struct spec *spec, const char *archive, struct error *err)
{
	const char *yq = cidata_yq_folder(&c->mem, spec);

	if (cidata_digests(c, env, spec, err) < 0)
		return -1;
	set_text(c, "etc_environment", cidata_etc_environment(&c->mem, spec, CIDATA_ENV_OURS | CIDATA_ENV_AMBIENT));
	add_host_key(c, spec);
	if (add_listed(c, env, "cidata", "", err) < 0)
		return error_wrap(err, "boot scripts");
	if (yq && add_listed(c, env, yq, "yq/", err) < 0)
		return -1;
	add_guest_agent(c, env, spec);
	if (archive)
		cidata_files_add_host_file(c, "nerdctl-full.tgz", arena_strdup(&c->mem, archive), 0644);
	qsort(c->v, c->n, sizeof *c->v, cidata_files_by_path);
	c->debug = env->debug;
	cidata_set_dns_port(c, spec, 0);
	return 0;
}
