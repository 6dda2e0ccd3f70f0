/*
 * resources/guest_install.c - the guest's part of Lima, put anew into a machine that runs: `limactl guest-install`
 *
 * A first boot takes it from cidata.iso; this is for a guest that has lost it, or has an older one. What is in a guest cannot be
 * looked at from here, so it is there as far as it was put there, and goes with the disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/privilege.h"
#include "base/proc.h"
#include "base/quote/quote.h"
#include "providers/fetch/cache.h"
#include "resources/cidata_files.h"
#include "resources/fetch.h"
#include "resources/instance_paths.h"

static const struct attr attrs[] = {
	{ .name = "agent", .cost = COST_NONE, .show = SHOW_NEVER },	/* which file it was */
	{ 0 },
};

extern const struct resource_type resource_guest_install;

static int
guest_install_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_guest_install, spec->name, spec->name, false);

	(void)env, (void)err;
	resource_need(g, r, "disk", spec->name, NEED_LIVE);
	return 0;
}

static int
guest_install_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	(void)env, (void)r, (void)a, (void)err;
	return facts_get(have, "agent") != NULL;
}

/* To ssh's environment and rights goes what a guest may see, as of all that speaks with one. */
static int
guest_install_run(const struct env *env, const struct resource *r, const char *command, const char *input, size_t len, struct error *err)
{
	static const char *const for_ssh[] = { "SSH_AUTH_SOCK", "SSH_AGENT_PID", NULL };
	auto_free char *config = instance_path(env, r, "ssh.config"), **environment = environment_kept(for_ssh);
	const char *argv[] = { "ssh", "-F", config, r->spec->hostname, "--", command, NULL };
	const struct proc_opts o = { .env = environment, .input = input, .input_len = len, .cancel = env->cancel };

	privilege_no_new();	/* of this thread, and what it starts */
	return proc_run(argv, &o, err);
}

/* A file to a command of the guest. */
static int
guest_install_send(const struct env *env, const struct resource *r, const char *file, const char *command, struct error *err)
{
	auto_close int fd = fs_open(file, NULL, err);
	struct stat st;
	void *p;
	int done;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return error_set(err, ERR_INVALID, "%s: there is nothing in it", file);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return error_errno(err, "map %s", file);
	env->say(env, SAY_INFO, "Installing %s in the instance `%s`", file, r->owner);
	done = guest_install_run(env, r, command, p, (size_t)st.st_size, err);
	munmap(p, (size_t)st.st_size);
	return done;
}

/* $PREFIX of the guest, as a word of its shell */
static void
guest_install_prefix(const struct resource *r, struct buf *out)
{
	quote_shell(out, *r->spec->guest_install_prefix ? r->spec->guest_install_prefix : "/usr/local");
}

static int
guest_install_agent(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	AUTO(buf) b = BUF_INIT;
	bool packed = false;
	const char *file = cidata_guest_agent(a, env, r->spec, &packed);

	if (!file)
		return error_set(err, ENOENT, "guest agent %s/lima-guestagent.%s-%s[.gz] not found", env->share, r->spec->os, r->spec->arch);
	buf_addf(&b, "set -e; t=$(mktemp); %s >\"$t\"; sudo install -m 755 \"$t\" ", packed ? "gunzip -c" : "cat");
	guest_install_prefix(r, &b);
	buf_adds(&b, "/bin/lima-guestagent; rm -f \"$t\"");
	if (guest_install_send(env, r, file, b.s, err) < 0)
		return error_wrap(err, "the guest could not install its agent");
	facts_set(have, a, "agent", file);
	return 0;
}

/* The archive with containerd that the instance would be made with, out of the cache: its digest is checked again, because others may have changed that. */
static int
guest_install_containerd(const struct env *env, const struct resource *r, struct error *err)
{
	const struct spec_file *f = cidata_archive(r->spec);
	struct env here = *env;
	auto_free char *file = NULL;
	AUTO(buf) b = BUF_INIT;

	if (!f)
		return 0;
	if (cache_lookup(env->cache, f->location, f->digest, &file) == CACHE_ABSENT)
		return error_set(err, ENOENT, "%s is not in the cache; `limactl apply %s` fetches it", f->location, r->owner);
	free(file);
	file = NULL;
	here.offline = true;
	if (fetch_for(&here, r, f->location, f->digest, &file, err) < 0)
		return -1;
	buf_adds(&b, "sudo tar -xz -f - -C ");
	guest_install_prefix(r, &b);
	return guest_install_send(env, r, file, b.s, err) < 0 ? error_wrap(err, "the guest could not install containerd") : 0;
}

static int
guest_install_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	if (!instance_runs(env, r))
		return error_set(err, ERR_REFUSED, "instance `%s` is not running; `limactl start %s` first", r->owner, r->owner);
	return guest_install_agent(env, r, have, a, err) < 0 ? -1 : guest_install_containerd(env, r, err);
}

const struct resource_type resource_guest_install = {
	.name = "guest-install",
	.about = "the guest's part of Lima, put anew into a machine that runs",
	.attrs = attrs,
	.as_found = true,
	.declare = guest_install_declare,
	.observe = guest_install_observe,
	.ensure = guest_install_ensure,
	.remove = remove_nothing,
};
