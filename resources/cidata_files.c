#include "resources/cidata_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "providers/ssh/host_key.h"
#include "resources/provision_list.h"
#include "resources/ssh_access.h"
#include "resources/warm.h"

enum { MAX_LIST = 256 * 1024, MAX_DIGEST = 256 };

void
cidata_release(struct cidata *c)
{
	free(c->v);
	arena_release(&c->mem);
	*c = (struct cidata){ 0 };
}

static void
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

/* NNNNNNNN is the place in the whole list, so gaps between the files of a mode are normal */
static void
add_provision(struct cidata *c, const struct spec *spec)
{
	for (size_t i = 0; i < spec->nprovision; i++)
		if (provision_is_guests(spec, i) && spec->provision[i].mode != PROVISION_BOOT)
			cidata_files_add(c, provision_file(&c->mem, spec, i), provision_text(spec, i), 0755);
}

/* A running machine is not restarted for what can be run on it: of that only the rest is in the digest of its contents. */
static struct spec
cidata_told_at_boot(struct arena *a, const struct spec *spec)
{
	struct spec s = *spec;

	s.provision = arena_alloc(a, (spec->nprovision + 1) * sizeof *s.provision);
	s.nprovision = 0;
	for (size_t i = 0; i < spec->nprovision; i++)
		if (!provision_runs_live(spec, i))
			s.provision[s.nprovision++] = spec->provision[i];
	return s;
}

/* "NAME SHA256" of each of `files`, as a digest of all */
static void
digest_texts(const struct cidata *c, struct buf *b)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct iso_file *f = &c->v[i];
		char hex[65];

		sha256_hex(f->data, f->len, hex);
		buf_addf(b, "%s %o %s\n", f->path, f->mode, hex);
	}
}

/*
 * The files of PREFIX/share/lima/FOLDER, below `to` on the volume, from the list that was made with them: lines
 * "SHA256  PATH".
 */
static int
add_listed(struct cidata *c, const struct env *env, const char *folder, const char *to, struct buf *digest, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s/list", env->share, folder);
	AUTO(buf) list = BUF_INIT;

	if (fs_read(path, &list, MAX_LIST, err) < 0)
		return -1;
	buf_add(digest, list.s, list.len);
	for (const char *p = list.s, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		const char *name = nl - p > 66 ? arena_memdup(&c->mem, p + 66, (size_t)(nl - p) - 66) : "";

		if (!*name || strstr(name, ".."))
			return error_set(err, ERR_INVALID, "%s: damaged", path);
		cidata_files_add_host_file(c, arena_printf(&c->mem, "%s%s", to, name), arena_printf(&c->mem, "%s/%s/%s", env->share, folder, name),
			      0755);
	}
	return 0;
}

/* There is a yq for guests of the host's own architecture only. */
static int
add_yq(struct cidata *c, const struct env *env, const struct spec *spec, struct buf *digest, struct error *err)
{
	bool asked = false;

	for (size_t i = 0; i < spec->nprovision; i++)
		asked |= spec->provision[i].mode == PROVISION_YQ;
	if (asked && add_listed(c, env, arena_printf(&c->mem, "yq/%s", spec->arch), "yq/", digest, err) < 0)
		return error_wrap(err, "provision[].mode: yq is for guests of the host's own architecture only, not %s", spec->arch);
	return 0;
}

/*
 * What a big file holds, in a word: the digest beside it (FILE.sha256) where that is not older, so that the same
 * program installed again is the same; else when and where it was written.
 */
static void
digest_big(struct cidata *c, struct buf *digest, const char *path)
{
	auto_free char *beside = xasprintf("%s.sha256", path);
	AUTO(buf) text = BUF_INIT;
	struct stat file, sum;

	if (stat(path, &file) == 0 && stat(beside, &sum) == 0 && sum.st_mtime >= file.st_mtime &&
	    fs_read(beside, &text, MAX_DIGEST, NULL) == 0)
		buf_addf(digest, "%.64s\n", text.s);
	else
		buf_addf(digest, "%s\n", fs_stamp(&c->mem, path));
}

char *
cidata_guest_agent(struct arena *a, const struct env *env, const struct spec *spec, bool *gz)
{
	char *path = arena_printf(a, "%s/lima-guestagent.%s-%s", env->share, spec->os, spec->arch);
	char *packed = arena_printf(a, "%s.gz", path);

	*gz = !fs_exists(path);
	return !*gz ? path : fs_exists(packed) ? packed : NULL;
}

/* Absent in plain mode, and for guests that have none. */
static void
add_guest_agent(struct cidata *c, const struct env *env, const struct spec *spec, struct buf *digest)
{
	bool gz = false;
	char *path = spec->plain || strcmp(spec->os, "Linux") != 0 ? NULL : cidata_guest_agent(&c->mem, env, spec, &gz);

	if (!path)
		return;
	if (gz)
		c->agent_gz = path;
	else
		cidata_files_add_host_file(c, "lima-guestagent", path, 0755);
	digest_big(c, digest, path);
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

/* An archive counts by its digest if it has one, because the cache may be emptied and filled again. */
static void
digest_archive(const struct spec *spec, struct buf *digest)
{
	const struct spec_file *f = cidata_archive(spec);

	if (f)
		buf_addf(digest, "%s %s\n", f->location, f->digest);
}

static int
cidata_files_by_path(const void *a, const void *b)
{
	return strcmp(((const struct iso_file *)a)->path, ((const struct iso_file *)b)->path);
}

static void
digest_to(const struct buf *b, char *hex, size_t size)
{
	char all[65];

	sha256_hex(b->s, b->len, all);
	memcpy(hex, all, size - 1);
	hex[size - 1] = '\0';
}

/* Adds user-data, meta-data and network-config, and the instance id that follows from them. */
static int
add_cloud_init(struct cidata *c, const struct env *env, const struct spec *spec, struct error *err)
{
	const char *instance, *network;
	AUTO(key_list) keys = { 0 };
	AUTO(buf) id = BUF_INIT;
	char hex[65];

	if (ssh_access_public(&keys, env, spec, err) < 0 ||
	    cidata_user_data(&instance, &c->mem, env->home, spec, &keys, false, err) < 0)
		return -1;
	network = cidata_network_config(&c->mem, spec);
	buf_addf(&id, "%s\n%s\n%s", spec->hostname, instance, network);
	sha256_hex(id.s, id.len, hex);
	c->iid = arena_printf(&c->mem, "iid-%.16s", hex);
	cidata_files_add(c, "user-data", arena_printf(&c->mem, "%s%s", instance, cidata_always(&c->mem, spec, false)), 0644);
	cidata_files_add(c, "meta-data", arena_printf(&c->mem, "instance-id: %s\nlocal-hostname: %s\n", c->iid, spec->hostname), 0644);
	cidata_files_add(c, "network-config", network, 0644);
	return 0;
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

/* Scripts of the modes that run that early have all of `param` and `env` before them. */
static void
cidata_files_early_scripts(struct buf *b, const struct spec *spec)
{
	for (size_t i = 0; i < spec->nprovision; i++)
		if (spec->provision[i].mode == PROVISION_BOOT || spec->provision[i].mode == PROVISION_DEPENDENCY)
			buf_addf(b, "script %zu\n%s\n", strlen(spec->provision[i].script), spec->provision[i].script);
}

int
cidata_before_park(const char **out, struct arena *a, const struct env *env, const struct spec *spec, struct error *err)
{
	const char *instance;
	AUTO(key_list) keys = { 0 };
	AUTO(buf) b = BUF_INIT;
	char *hex = arena_alloc(a, 65);

	if (ssh_access_public(&keys, env, spec, err) < 0 || cidata_user_data(&instance, a, env->home, spec, &keys, false, err) < 0)
		return -1;
	buf_addf(&b, "%s\n%s\n%s\n%s\n%s\n%d%d%d%d%d\n", instance, cidata_param_env(a, spec), cidata_etc_environment(a, spec, CIDATA_ENV_OURS | CIDATA_ENV_AMBIENT),
		 spec->timezone, spec->guest_install_prefix, spec->plain, spec->upgrade_packages, spec->containerd.system, spec->containerd.user,
		 spec->nmounts && !strcmp(spec->mount_type, "reverse-sshfs"));
	cidata_files_early_scripts(&b, spec);
	sha256_hex(b.s, b.len, hex);
	*out = hex;
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
add_host_key(struct cidata *c, const struct spec *spec, struct buf *digest)
{
	char *path = arena_printf(&c->mem, "%s/" HOST_KEY_FILE, spec->dir);
	struct buf user_data = BUF_INIT, dropbear = BUF_INIT;
	AUTO(host_key) key = { 0 };

	/* What is there and is no key is made anew, by the step that this one waits for. */
	if (host_key_load(&key, path, NULL) < 0)
		return;
	c->host_key = arena_strdup(&c->mem, key.public);
	buf_addf(digest, "host key %s\n", key.public);
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

/* What `spec` makes of the volume besides cloud-init's files, and the digest of all of it. */
static void
add_contents(struct cidata *c, const struct spec *spec, const struct spec *whole, char *digest, size_t size)
{
	AUTO(buf) contents = BUF_INIT;

	cidata_files_add(c, "lima.env", cidata_lima_env(&c->mem, spec, c->iid, false, 0), 0644);
	cidata_files_add(c, "param.env", cidata_param_env(&c->mem, spec), 0644);
	cidata_files_add(c, "etc_environment", cidata_etc_environment(&c->mem, spec, CIDATA_ENV_OURS), 0644);
	add_provision(c, spec);
	digest_texts(c, &contents);
	buf_addf(&contents, "%d\n", spec->propagate_proxy_env);
	digest_archive(whole, &contents);
	digest_to(&contents, digest, size);
}

static void
digest_live(struct cidata *c, const struct spec *spec, struct buf *digest)
{
	const char *const *ids = provision_ids(&c->mem, spec);

	for (size_t i = 0; i < spec->nprovision; i++)
		if (ids[i] && provision_runs_live(spec, i))
			buf_addf(digest, "%s %s\n", provision_file(&c->mem, spec, i), ids[i]);
}

static void
digest_disk(void *ctx, const char *name, const char *value)
{
	buf_addf(ctx, "disk %s %s\n", name, value);
}

static void
digest_disks(struct cidata *c, const struct spec *spec, struct buf *digest)
{
	for (size_t i = 0; i < spec->ndisks; i++)
		cidata_disk_each(&spec->disks[i], "", &c->mem, digest_disk, digest);
}

int
cidata_render(struct cidata *c, const struct env *env, const struct spec *spec, const char *archive, struct error *err)
{
	AUTO(buf) tools = BUF_INIT;
	struct spec lasting = *spec, told;
	size_t mark;

	if (add_cloud_init(c, env, spec, err) < 0)
		return -1;
	/*
	 * How much is said, where names are asked for, and folders that come and go while it runs,
	 * make no other machine: not a part of the digest of its contents.
	 */
	if (!strcmp(spec->mount_type, "reverse-sshfs"))
		lasting.nmounts = 0;
	told = cidata_told_at_boot(&c->mem, &lasting);
	mark = c->n;
	add_contents(c, &told, spec, c->contents_before[0], sizeof c->contents_before[0]);
	c->n = mark;
	/* A disk that comes and goes is the machine's to change. */
	told.ndisks = 0;
	add_contents(c, &told, spec, c->contents, sizeof c->contents);
	c->n = mark;
	add_contents(c, &lasting, spec, c->contents_before[1], sizeof c->contents_before[1]);
	digest_live(c, spec, &tools);
	digest_disks(c, spec, &tools);
	if (env->debug)
		buf_adds(&tools, "debug\n");
	for (size_t i = lasting.nmounts; i < spec->nmounts; i++)
		buf_addf(&tools, "mount %s %s\n", spec->mounts[i].location, spec->mounts[i].mount_point);
	/* The shell's proxies are left out of the contents' digest: limactl without them means the same machine. */
	buf_adds(&tools, cidata_etc_environment(&c->mem, spec, CIDATA_ENV_AMBIENT));
	set_text(c, "etc_environment", cidata_etc_environment(&c->mem, spec, CIDATA_ENV_OURS | CIDATA_ENV_AMBIENT));
	add_host_key(c, spec, &tools);
	if (add_listed(c, env, "cidata", "", &tools, err) < 0)
		return error_wrap(err, "boot scripts");
	if (add_yq(c, env, spec, &tools, err) < 0)
		return -1;
	add_guest_agent(c, env, spec, &tools);
	digest_to(&tools, c->tools, sizeof c->tools);
	if (archive)
		cidata_files_add_host_file(c, "nerdctl-full.tgz", arena_strdup(&c->mem, archive), 0644);
	qsort(c->v, c->n, sizeof *c->v, cidata_files_by_path);
	c->debug = env->debug;
	cidata_set_dns_port(c, spec, 0);
	return 0;
}
