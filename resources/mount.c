/*
 * resources/mount.c - a folder of the host in a running instance, by sshfs
 *
 * Named by the mount point. The host agent mounts it and keeps it mounted; adding,
 * changing or taking away one touches neither the machine nor the others. (Folders of the
 * types 9p and virtiofs are devices of the machine, and a change of them restarts it.)
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/guarded.h"
#include "base/sha256.h"
#include "base/view.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/kept_back.h"
#include "providers/served.h"
#include "resources/instance_paths.h"
#include "resources/machine.h"

enum { MOUNT_S = 240 };	/* a little longer than the agent itself gives it */

/* One that waits for the guest's connection will be there without us. */
static enum cost
judge_state(const char *have, const char *want)
{
	(void)want;
	return strncmp(have, "failed", 6) == 0 ? COST_UPDATE : COST_NONE;
}

static const struct attr attrs[] = {
	{ .name = "location", .cost = COST_UPDATE },
	{ .name = "options", .cost = COST_UPDATE },
	{ .name = "state", .cost = COST_UPDATE, .judge = judge_state },
	{ 0 },
};

extern const struct resource_type resource_mount;

static const char *
mount_options_one(const struct sshfs_mount *m, char out[64])
{
	snprintf(out, 64, "%s%s%s%s", m->writable ? "writable" : "read-only", m->cache ? "" : ", no cache",
		 m->follow_symlinks ? ", follows links" : "", m->openssh ? ", by sftp-server" : "");
	return out;
}

/* Links in a folder where a guest makes them by another way than the server that follows them lead wherever it likes. */
static bool
mount_follows(const struct env *env, const struct spec *spec, const struct spec_mount *m)
{
	auto_free char *real = m->sshfs.follow_symlinks ? fs_realpath(m->location) : NULL;

	for (size_t i = 0; real && i < spec->nmounts; i++) {
		const struct spec_mount *other = &spec->mounts[i];
		auto_free char *place = fs_realpath(other->location);

		if (other != m && other->writable && !other->sshfs.follow_symlinks && served_overlap(real, place))
			return false;
	}
	return real && !served_elsewhere(env->home, spec->name, m->location);
}

/*
 * OpenSSH's server goes by names, so it can keep back nothing that is in the folder; ours, which can, takes its place there, if the kernel
 * has what it stands on.
 */
static bool
mount_by_openssh(const struct env *env, const struct spec_mount *m)
{
	bool wanted = !strcmp(m->sshfs.sftp_driver, "openssh-sftp-server");
	auto_free char *real = wanted ? fs_realpath(m->location) : NULL;
	AUTO(kept_back) kept = { 0 };

	if (!wanted || !guarded_by_kernel())
		return wanted;
	kept_back_list(env->home, &kept);
	return !view_hides(&(struct view){ .hidden = kept.v, .nhidden = kept.n }, real);
}

static struct sshfs_mount
mount_definition(const struct env *env, const struct spec *spec, const struct spec_mount *m)
{
	return (struct sshfs_mount){ m->location, m->mount_point, m->writable, m->sshfs.cache, mount_follows(env, spec, m),
				     mount_by_openssh(env, m) };
}

static void
mount_declare_one(const struct env *env, const struct spec *spec, const struct spec_mount *m, struct graph *g)
{
	auto_free char *name = xasprintf("%s:%s", spec->name, m->mount_point);
	struct resource *r = graph_declare(g, &resource_mount, spec->name, name, wanted_running(spec));
	struct sshfs_mount def = mount_definition(env, spec, m);
	char text[64];

	resource_want(g, r, "location", m->location);
	resource_want(g, r, "options", mount_options_one(&def, text));
	resource_want(g, r, "state", "mounted");
	resource_need(g, r, "vm", spec->name, NEED_LIVE);
}

static int
mount_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < spec->nmounts && !strcmp(spec->mount_type, "reverse-sshfs"); i++)
		mount_declare_one(env, spec, &spec->mounts[i], g);
	return 0;
}

static const char *
point_of(const struct resource *r)
{
	return r->name + strlen(r->owner) + 1;
}

/* The host agent knows a mount by a digest of its path, which is short and has no special characters. */
static const char *
mount_agent_id(const struct resource *r, char id[32])
{
	char hex[65];

	sha256_hex(point_of(r), strlen(point_of(r)), hex);
	snprintf(id, 32, "mount-%.16s", hex);
	return id;
}

static void
mount_tell(const struct sshfs_mount *m, const char *state, struct facts *have, struct arena *a)
{
	char text[64];

	facts_set(have, a, "location", m->location);
	facts_set(have, a, "options", mount_options_one(m, text));
	facts_set(have, a, "state", state);
}

static int
mount_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const struct resource *vm = resource_needed(r, "vm");
	struct ha_mount *v;
	char id[32];
	struct error why = { 0 };
	size_t n;

	if (vm && vm->looked && !vm->present)
		return 0;
	if (ha_mounts(dir, a, &v, &n, &why) < 0)
		return instance_not_told(r, &why, err);
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].id, mount_agent_id(r, id)) == 0) {
			mount_tell(&v[i].mount, v[i].state, have, a);
			return 1;
		}
	return 0;
}

static const struct spec_mount *
find_mount(const struct resource *r)
{
	for (size_t i = 0; i < r->spec->nmounts; i++)
		if (!strcmp(r->spec->mounts[i].mount_point, point_of(r)))
			return &r->spec->mounts[i];
	return NULL;
}

static int
mount_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	const struct spec_mount *m = find_mount(r);
	struct sshfs_mount def;
	const char *state;
	char id[32];

	if (!m)
		return error_set(err, ERR_INVALID, "%s: no such mount point in mounts", r->name);
	/* A folder that does not exist yet is made, as upstream does. */
	if (machine_mount_folder(env, r->spec, m->location, err) < 0)
		return error_wrap(err, "%s", r->name);
	def = mount_definition(env, r->spec, m);
	if (m->sshfs.follow_symlinks && !def.follow_symlinks)
		env->say(env, SAY_WARN, "%s: links are not followed in `%s`, since a guest can put any there by another mount that it is in, or "
			 "that is in it", r->name, m->location);
	if (!def.openssh && !strcmp(m->sshfs.sftp_driver, "openssh-sftp-server"))
		env->say(env, SAY_WARN, "%s: served by `builtin`, since `%s` holds this home's keys and disks, which openssh-sftp-server could not keep "
			 "from the guest", r->name, m->location);
	if (served_put(env->home, r->owner, mount_agent_id(r, id), &(struct served){ def.location, def.writable, def.follow_symlinks, def.openssh, false },
		       err) < 0)
		return -1;
	if (ha_put_mount(dir, mount_agent_id(r, id), &def, MOUNT_S * 1000, env->cancel, a, &state, err) < 0)
		return -1;
	if (strncmp(state, "failed: ", 8) == 0)
		return error_set(err, ERR_CHILD, "%s: %s", r->name, state + 8);
	mount_tell(&def, state, have, a);
	return 0;
}

static int
remove_mount(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	char id[32];

	if (served_drop(env->home, r->owner, mount_agent_id(r, id), err) < 0)
		return -1;
	if (ha_pid(dir) <= 0)
		return 0;
	return ha_delete_mount(dir, mount_agent_id(r, id), env->cancel, err);
}

const struct resource_type resource_mount = {
	.name = "mount",
	.about = "a folder of the host in the running guest, by sshfs",
	.gone = "closed",
	.asks = true,
	.attrs = attrs,
	.declare = mount_declare,
	.observe = mount_observe,
	.ensure = mount_ensure,
	.remove = remove_mount,
};
