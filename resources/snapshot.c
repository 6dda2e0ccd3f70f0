/* resources/snapshot.c - a state of an instance's disk (and memory, if it ran) to come back to; named INSTANCE:TAG */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/driver.h"
#include "providers/snapshots.h"
#include "resources/instance_paths.h"
#include "resources/disk_known.h"
#include "resources/ssh_master.h"

/* The folder of the instance; to free. `*tag` points into the name. */
static char *
snapshot_split(const struct env *env, const struct resource *r, const char **tag)
{
	size_t len = strcspn(r->name, ":");

	*tag = r->name[len] ? r->name + len + 1 : "";
	return xasprintf("%s/%.*s", env->home, (int)len, r->name);
}

/* What the disk is: as it is kept beside it, since a guest may have written the header. */
static int
snapshot_disk_of(const char *dir, struct arena *a, struct disk_known *k, struct error *err)
{
	int there = disk_known(dir, NULL, a, k, err);

	return there ? there : error_set(err, ENOENT, "%s: no disk in it", dir);
}

static const char *
snapshot_memory_of(const char *dir, const struct disk_known *k, const char *tag, struct arena *a)
{
	AUTO(buf) list = BUF_INIT;

	return snapshots_list(dir, &k->disk, &list, NULL) < 0 ? "" : snapshots_memory(list.s, tag, a);
}

/* A machine that runs cannot take a disk without memory, and one that does not run has no use for memory. */
static int
snapshot_check_load(const struct env *env, const struct resource *r, const char *memory, bool runs, struct error *err)
{
	int len = (int)strcspn(r->name, ":");

	if (runs && !*memory)
		return error_set(err, ERR_REFUSED, "snapshot %s is of the disk alone, and its machine runs; `limactl stop %.*s` first", r->name, len, r->name);
	if (!runs && *memory)
		env->say(env, SAY_WARN, "snapshot %s: the machine does not run, so only the disk goes back, as it is after a power cut; the memory (%s) is for "
			 "a machine that runs", r->name, memory);
	return 0;
}

static int
snapshot_save(const struct env *env, const struct resource *r, const char *dir, const struct disk_known *k, const char *tag, struct arena *a,
	      struct error *err)
{
	const char *memory;

	if (snapshots_do(dir, &k->disk, SNAPSHOT_SAVE, tag, env->cancel, err) < 0)
		return -1;
	memory = snapshot_memory_of(dir, k, tag, a);
	env->say(env, SAY_INFO, "snapshot %s holds the disk%s%s%s", r->name, *memory ? " and " : "", memory, *memory ? " of memory" : "");
	return 0;
}

static int
snapshot_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const char *tag;
	auto_free char *dir = snapshot_split(env, r, &tag);
	AUTO(buf) list = BUF_INIT;
	struct disk_known k;

	(void)have;
	if (snapshot_disk_of(dir, a, &k, err) < 0 || snapshots_list(dir, &k.disk, &list, err) < 0)
		return -1;
	return snapshots_has(list.s, tag);
}

/*
 * A guest that ran goes on in the middle of connections that are no more: whoever uses one waits for ever. The host
 * agent makes new ones; the control master of ssh goes, and the next ssh begins another.
 */
static void
forget_connections(const struct env *env, const struct resource *r, const char *dir)
{
	struct error why;

	if (ha_pid(dir) > 0 && ha_reconnect(dir, &why) < 0)
		env->say(env, SAY_WARN, "%s: %s", r->name, why.msg);
	ssh_master_drop(dir, true);
}

static int
snapshot_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const char *tag;
	auto_free char *dir = snapshot_split(env, r, &tag);
	struct disk_known k;
	pid_t pid;
	int there = snapshot_observe(env, r, have, a, err);

	if (there < 0 || snapshot_disk_of(dir, a, &k, err) < 0)
		return -1;
	if (!there)
		return snapshot_save(env, r, dir, &k, tag, a, err);
	if (!facts_get(&r->how, "load"))
		return 0;
	if (snapshot_check_load(env, r, snapshot_memory_of(dir, &k, tag, a), driver_of(dir, &pid) != NULL, err) < 0)
		return -1;
	if (snapshots_do(dir, &k.disk, SNAPSHOT_LOAD, tag, env->cancel, err) < 0)
		return -1;
	forget_connections(env, r, dir);
	return 0;
}

static int
remove_snapshot(const struct env *env, const struct resource *r, struct error *err)
{
	const char *tag;
	auto_free char *dir = snapshot_split(env, r, &tag);
	AUTO(arena) a = { 0 };
	struct disk_known k;

	return snapshot_disk_of(dir, &a, &k, err) < 0 ? -1 : snapshots_do(dir, &k.disk, SNAPSHOT_DELETE, tag, NULL, err);
}

const struct resource_type resource_snapshot = {
	.name = "snapshot",
	.about = "a state of the instance's disk, and of its memory if it ran, to come back to",
	.precious = "it holds data, so only `limactl snapshot delete` or the deletion of its instance removes it",
	.lifetime = SHARED_KEPT,
	.observe = snapshot_observe,
	.ensure = snapshot_ensure,
	.remove = remove_snapshot,
};
