/*
 * What of cidata.iso is compared: of what lima.yaml says, as this and earlier versions took it, and of what limactl brings
 * along. A declaration needs these of each instance of a run, so what follows from the same files is made once.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "providers/ssh/host_key.h"
#include "resources/cidata_files.h"
#include "resources/provision_list.h"
#include "resources/ssh_access.h"

enum { MAX_DIGEST = 256 };

static void
digest_to(const struct buf *b, char *hex, size_t size)
{
	char all[65];

	sha256_hex(b->s, b->len, all);
	memcpy(hex, all, size - 1);
	hex[size - 1] = '\0';
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

/* An archive counts by its digest if it has one, because the cache may be emptied and filled again. */
static void
digest_archive(const struct spec *spec, struct buf *digest)
{
	const struct spec_file *f = cidata_archive(spec);

	if (f)
		buf_addf(digest, "%s %s\n", f->location, f->digest);
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

/* What `spec` makes of the volume besides cloud-init's files, behind `mark`, and the digest of all of it; `whole`: that of lima.yaml. */
static void
add_contents(struct cidata *c, size_t mark, const struct spec *spec, const struct spec *whole, char *digest, size_t size)
{
	AUTO(buf) contents = BUF_INIT;

	c->n = mark;
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

/*
 * How much is said, where names are asked for, and folders that come and go while it runs, make no other machine: not a part of
 * the digest of its contents. Left are the files of all of it, without its variables.
 */
static void
digest_contents(struct cidata *c, const struct spec *spec, const struct spec *lasting)
{
	struct spec told = cidata_told_at_boot(&c->mem, lasting);
	bool all_told = told.nprovision == lasting->nprovision, disks = lasting->ndisks > 0, variables = lasting->nenv > 0;
	size_t mark = c->n;

	if (disks)
		add_contents(c, mark, &told, spec, c->contents_before[1], sizeof c->contents_before[1]);
	/* A disk that comes and goes is the machine's to change, and so is a variable. */
	told.ndisks = 0;
	if (variables)
		add_contents(c, mark, &told, spec, c->contents_before[0], sizeof c->contents_before[0]);
	told.nenv = 0;
	add_contents(c, mark, &told, spec, c->contents, sizeof c->contents);
	if (!variables)
		memcpy(c->contents_before[0], c->contents, sizeof c->contents);
	if (!disks)
		memcpy(c->contents_before[1], c->contents_before[0], sizeof c->contents);
	if (disks || !all_told)
		add_contents(c, mark, lasting, spec, c->contents_before[2], sizeof c->contents_before[2]);
	else
		memcpy(c->contents_before[2], c->contents_before[1], sizeof c->contents);
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

static void
digest_guest_agent(struct cidata *c, const struct env *env, const struct spec *spec, struct buf *digest)
{
	bool gz;
	char *path = cidata_needs_agent(spec) ? cidata_guest_agent(&c->mem, env, spec, &gz) : NULL;

	if (path)
		digest_big(c, digest, path);
}

/* What limactl brings along: scripts and programs by the lists that were made with them. */
static int
digest_programs(struct cidata *c, const struct env *env, const struct spec *spec, struct buf *digest, struct error *err)
{
	const char *yq = cidata_yq_folder(&c->mem, spec);
	AUTO(buf) scripts = BUF_INIT;
	AUTO(buf) list = BUF_INIT;

	if (cidata_list(&scripts, env, "cidata", err) < 0)
		return error_wrap(err, "boot scripts");
	buf_add(digest, scripts.s, scripts.len);
	if (yq && cidata_list(&list, env, yq, err) < 0)
		return error_wrap(err, "provision[].mode: yq is for guests of the host's own architecture only, not %s", spec->arch);
	buf_add(digest, list.s, list.len);
	digest_guest_agent(c, env, spec, digest);
	return 0;
}

static void
digest_host_key(struct cidata *c, const struct spec *spec, struct buf *digest)
{
	AUTO(host_key) key = { 0 };

	/* What is there and is no key is made anew, by the step that this one waits for. */
	if (cidata_host_key_load(&key, spec) < 0)
		return;
	c->host_key = arena_strdup(&c->mem, key.public);
	buf_addf(digest, "host key %s\n", key.public);
}

int
cidata_digests(struct cidata *c, const struct env *env, const struct spec *spec, struct error *err)
{
	AUTO(buf) tools = BUF_INIT;
	struct spec lasting = *spec;

	if (add_cloud_init(c, env, spec, err) < 0)
		return -1;
	if (!strcmp(spec->mount_type, "reverse-sshfs"))
		lasting.nmounts = 0;
	digest_contents(c, spec, &lasting);
	digest_live(c, spec, &tools);
	digest_disks(c, spec, &tools);
	if (env->debug)
		buf_adds(&tools, "debug\n");
	for (size_t i = lasting.nmounts; i < spec->nmounts; i++)
		buf_addf(&tools, "mount %s %s\n", spec->mounts[i].location, spec->mounts[i].mount_point);
	/* So are the shell's proxies: limactl without them means the same machine. */
	buf_adds(&tools, cidata_etc_environment(&c->mem, spec, CIDATA_ENV_OURS | CIDATA_ENV_AMBIENT));
	digest_host_key(c, spec, &tools);
	if (digest_programs(c, env, spec, &tools, err) < 0)
		return -1;
	digest_to(&tools, c->tools, sizeof c->tools);
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
