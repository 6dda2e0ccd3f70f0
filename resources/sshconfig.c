/* resources/sshconfig.c - ssh.config of an instance: how the ssh program gets in, and the port that is kept for it */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/sha256.h"
#include "providers/launch.h"
#include "providers/ssh/ssh_config.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"
#include "resources/lease.h"
#include "resources/ssh_access.h"

enum { MAX_CONFIG = 1 << 20 };

static const struct attr attrs[] = {
	{ .name = "port", .cost = COST_NONE },
	{ .name = "options", .cost = COST_UPDATE, .show = SHOW_NEVER },
	{ .name = "guest", .cost = COST_UPDATE, .judge = judge_known_update },	/* "known" by its host key, or "any" */
	{ 0 },
};

extern const struct resource_type resource_sshconfig;

static int
sshconfig_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_sshconfig, spec->name, spec->name, instance_paths_wanted(spec));
	AUTO(arena) a = { 0 };

	(void)env, (void)err;
	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	if (!instance_paths_wanted(spec))
		return 0;
	resource_need(g, r, "sshkey", "user", NEED_BUILD);
	resource_need(g, r, "lease", arena_printf(&a, "%s:" LEASE_SSH, spec->name), NEED_FRESH);
	resource_want(g, r, "options", ssh_access_words(&a, spec));
	resource_want(g, r, "guest", "known");
	return 0;
}

/* Does it name this folder, or one that the instance was in before? A path that is written otherwise there is not judged. */
static bool
is_of_here(const struct env *env, const struct resource *r, const char *path)
{
	auto_free char *sock = instance_path(env, r, "ssh.sock");
	AUTO(buf) text = BUF_INIT;

	if (strpbrk(sock, " \"\\%$'") || fs_read_if(path, &text, MAX_CONFIG, NULL) != 1)
		return true;
	return strstr(text.s, sock) || !strstr(text.s, "/ssh.sock");
}

/* One that was started by another version is not known while it runs: no difference then. */
static int
tell_guest(const struct env *env, const struct resource *r, const char *path, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	int strict = ssh_config_is_strict(path, err);

	if (strict < 0)
		return -1;
	facts_set(have, a, "guest", strict ? "known" : ssh_access_recognizes(dir) ? "any" : NULL);
	return 0;
}

/* Is its port the one that the instance has leased? */
static int
sshconfig_tell_port(const struct resource *r, struct facts *have, struct arena *a)
{
	int leased = lease_port(r, LEASE_SSH);

	if (leased && facts_int(have, "port", 0) != leased)
		facts_set(have, a, "options", "of another port");
	return 1;
}

/* Of the bytes that are there now; NULL: they cannot be read. */
static const char *
file_digest(const char *path, struct arena *a)
{
	AUTO(buf) text = BUF_INIT;
	char hex[65];

	if (fs_read_if(path, &text, MAX_CONFIG, NULL) != 1)
		return NULL;
	sha256_hex(text.s, text.len, hex);
	return arena_strdup(a, hex);
}

static int
sshconfig_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "ssh.config");
	const char *stamp, *now, *was;
	int port, there = fs_look_derived(path, a, &stamp, err);

	if (there <= 0)
		return there;
	if (facts_same_stamp(have, stamp) && facts_get(have, "guest"))
		return sshconfig_tell_port(r, have, a);
	facts_set(have, a, "stamp", stamp);
	now = file_digest(path, a);
	was = facts_get(have, "digest");
	if (was && (!now || strcmp(now, was) != 0)) {
		/* Somebody else's file is there now, so the port that is known stays. */
		facts_set(have, a, "options", "changed by somebody else");
		return 1;
	}
	/* A file that was touched, or never seen, is written again only if its options are known to differ. */
	port = ssh_config_port(path);
	facts_setf(have, a, "port", "%d", port);
	if (tell_guest(env, r, path, have, a, err) < 0)
		return -1;
	if (!facts_get(have, "options"))
		facts_set(have, a, "options", !is_of_here(env, r, path) ? "of another place" :
			  !ssh_config_is_plain(path) ? "changed by somebody else" : facts_get(&r->want, "options"));
	return sshconfig_tell_port(r, have, a);
}

static int
sshconfig_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *path = instance_path(env, r, "ssh.config");
	int port = lease_port(r, LEASE_SSH);

	if (fs_make_room(path, err) < 0 || ssh_access_write(env, r->spec, port, err) < 0)
		return -1;
	facts_set(have, a, "stamp", fs_stamp(a, path));
	facts_setf(have, a, "port", "%d", port);
	facts_set(have, a, "options", facts_get(&r->want, "options"));
	if (tell_guest(env, r, path, have, a, err) < 0)
		return -1;
	facts_set(have, a, "digest", file_digest(path, a));
	return 0;
}

const struct resource_type resource_sshconfig = {
	.name = "sshconfig",
	.about = "ssh.config: how the ssh program gets into the guest",
	.attrs = attrs,
	.declare = sshconfig_declare,
	.observe = sshconfig_observe,
	.ensure = sshconfig_ensure,
	.remove = instance_files_remove,
};
