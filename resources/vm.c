/*
 * resources/vm.c - the running machine: host agent and hypervisor process
 *
 * Two processes, one resource: the agent is the parent and keeper of the machine's process. An
 * agent that was killed is replaced without touching that; a machine that is gone
 * is started again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/driver.h"
#include "providers/external.h"
#include "providers/launch.h"
#include "providers/memory_file.h"
#include "providers/served.h"
#include "providers/ssh/ssh_config.h"
#include "resources/cidata_files.h"
#include "resources/instance_files.h"
#include "resources/instance_paths.h"
#include "resources/lease.h"
#include "resources/disk_known.h"
#include "resources/firmware.h"
#include "resources/host_check.h"
#include "resources/interface.h"
#include "resources/machine.h"
#include "resources/ssh_access.h"
#include "resources/suspend.h"
#include "resources/warm.h"
#include "resources/warm_ram.h"
#include "resources/warm_start.h"
#include "resources/spec_keys.h"
#include "resources/unsupported.h"
#include "resources/vm_live.h"

enum { STOP_GRACE_MS = 180 * 1000, AGENT_GRACE_MS = 30 * 1000 };

#define IS_RUNNING "running"
#define IS_SUSPENDED "suspended"
#define IS_BETWEEN "half suspended"	/* it is there, and so is what it holds, or is to become: somebody was killed on the way */

/* One that was put aside goes on, and one that goes on is put aside, in place. */
static enum cost
judge_hypervisor(const char *have, const char *want)
{
	return !strcmp(want, IS_SUSPENDED) || !strcmp(have, IS_SUSPENDED) || !strcmp(have, IS_BETWEEN) ? COST_UPDATE : COST_REPLACE;
}

static const struct attr attrs[] = {
	/* Keys of lima.yaml are grouped by what a change of them costs; the table has no other list of them. */
	{ .name = "machine keys", .judge = judge_keys_replace, .show = SHOW_NEVER, .each = keys_each },
	{ .name = VM_LIVE_DISKS, .judge = judge_vm_live, .show = SHOW_NEVER, .each = vm_live_disks_each, .key = "additionalDisks" },
	{ .name = VM_LIVE_MEMORY, .judge = judge_vm_live, .show = SHOW_NEVER, .each = vm_live_memory_each, .key = "memory" },
	{ .name = VM_LIVE_CPUS, .judge = judge_vm_live, .show = SHOW_NEVER, .each = vm_live_cpus_each, .key = "cpus" },
	{ .name = VM_LIVE_ENV, .judge = judge_vm_live, .show = SHOW_NEVER, .each = vm_live_env_each, .key = "env" },
	{ .name = "agent keys", .judge = judge_keys_update, .show = SHOW_NEVER, .each = keys_each },
	{ .name = "hypervisor", .judge = judge_hypervisor },
	{ .name = "agent", .cost = COST_UPDATE },
	{ 0 },
};

extern const struct resource_type resource_vm, resource_data_disk;

/* What the start would refuse is refused when it is asked for: by create and edit, and before a step is taken. */
static int
check_wanted(const struct spec *spec, const struct env *env, const struct resource *r, struct error *err)
{
	if (!instance_paths_wanted(spec) || (!wanted_running(spec) && !instance_yaml_changes(spec)))
		return 0;
	if (unsupported_check(spec, err) < 0)
		return -1;
	if (instance_yaml_changes(spec) && (host_check_programs(spec, err) < 0 || host_check_agent(env, spec, err) < 0))
		return -1;
	if (!wanted_running(spec))
		return host_check_version(spec, err);
	/* A running machine will be started again with what changes now. */
	return instance_runs(env, r) && instance_yaml_changes(spec) ? host_check(spec, err) : 0;
}

static bool
vm_is_wanted(const struct resource *r, const char *how)
{
	const char *want = facts_get(&r->want, "hypervisor");

	return want && !strcmp(want, how);
}

/* A running machine that is to be restarted is checked, too: that it cannot start must not be found out when it is down. */
static int
vm_check(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);

	if (r->present && !r->down)
		return vm_is_wanted(r, IS_SUSPENDED) ? suspend_possible(dir, err) : 0;
	if (lease_check_next(env, r, err) < 0)
		return -1;
	return host_check(r->spec, err) < 0 ? -1 : host_check_agent(env, r->spec, err);
}

static int
vm_declare(const struct spec *spec, const struct env *env, struct graph *g, struct error *err)
{
	struct resource *r = graph_declare(g, &resource_vm, spec->name, spec->name, wanted_running(spec));
	AUTO(arena) a = { 0 };

	/* What was put aside stays so; where nothing was, there is nothing to put aside. */
	r->wanted |= spec->goal == GOAL_SUSPENDED && (suspend_is_there(spec->dir) || instance_runs(env, r));

	resource_need(g, r, "dir", spec->name, NEED_LIVE);
	resource_need(g, r, "disk", spec->name, NEED_FRESH);
	resource_need(g, r, "cidata", spec->name, NEED_FRESH);
	resource_need(g, r, "sshconfig", spec->name, NEED_BUILD);
	resource_need(g, r, "lease", arena_printf(&a, "%s:" LEASE_SSH, spec->name), NEED_BUILD);
	if (cidata_resolves(spec))
		resource_need(g, r, "lease", arena_printf(&a, "%s:" LEASE_DNS, spec->name), NEED_BUILD);
	if (spec->nimages && spec->images[0].has_kernel)
		resource_need(g, r, "kernel", spec->name, NEED_FRESH);
	if (spec->nimages && spec->images[0].has_initrd)
		resource_need(g, r, "initrd", spec->name, NEED_FRESH);
	if (firmware_listed(spec))
		resource_need(g, r, "firmware", spec->name, NEED_FRESH);
	for (size_t i = 0; i < spec->ndisks; i++) {
		graph_declare(g, &resource_data_disk, "", spec->disks[i].name, false);
		resource_need(g, r, "data-disk", spec->disks[i].name, NEED_FRESH);
		resource_need(g, r, "lease", arena_printf(&a, "%s:" LEASE_DISK "%s", spec->name, spec->disks[i].name), NEED_BUILD);
	}
	for (size_t i = 0; i < spec->nnetworks; i++) {
		if (!*spec->networks[i].host || spec->goal == GOAL_SUSPENDED)
			continue;
		resource_need(g, r, "network", spec->networks[i].lima, NEED_LIVE);
		resource_need(g, r, "interface", interface_name(&a, spec, i), NEED_BUILD);
	}
	/* This machine comes up after the other is READY, and goes down before it. */
	for (size_t i = 0; i < spec->ndepends && spec->goal != GOAL_SUSPENDED; i++) {
		resource_need_if(g, r, "ready", spec->depends[i].name, spec->depends[i].restart ? NEED_LIVE : NEED_BUILD);
		resource_need_each_if(g, r, "provision", spec->depends[i].name, NEED_BUILD);
	}
	if (check_wanted(spec, env, r, err) < 0)
		return -1;
	if (!r->wanted)
		return 0;
	resource_want(g, r, "machine keys", spec_part(graph_arena(g), spec->json, SPEC_MACHINE));
	vm_live_want(g, r, spec);
	resource_want(g, r, "hypervisor", wanted_running(spec) ? IS_RUNNING : IS_SUSPENDED);
	if (!wanted_running(spec))
		return 0;
	resource_want(g, r, "agent keys", spec_part(graph_arena(g), spec->json, SPEC_AGENT));
	resource_want(g, r, "agent", "running");
	return 0;
}

/* Without a record, the launch file tells what the machine was started with. */
static void
vm_recollect(const struct env *env, const struct resource *r, struct facts *have, struct arena *a)
{
	auto_free char *path = instance_path(env, r, "launch.facts");

	*have = (struct facts){ 0 };
	machine_facts_load(path, have, a);
}

/* Is there a note of a warm start beside a machine that runs? It is of no concern before. */
static int
vm_left_on_the_way(const struct resource *r, const char *dir, struct error *err)
{
	auto_free char *warm = xasprintf("%s/" WARM_FILE, dir);
	int left = fs_look(warm, NULL, err);

	/* It can be written again. */
	return left < 0 && fs_exists(warm) ? !r->wanted : left;
}

static int
vm_observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	auto_free char *memory = instance_path(env, r, MEMORY_FILE);
	pid_t machine, agent;
	int saved = fs_look(memory, NULL, err), left = 0;

	/* What is to go need not be understood: of a link to a drive that is not mounted, the link goes. */
	if (saved < 0 && !r->wanted && fs_exists(memory))
		saved = 1;
	/* A pid file that cannot be read does not mean that the machine is gone. */
	if (saved < 0 || ha_look(dir, &agent, err) < 0 || driver_look(dir, &machine, err) < 0 ||
	    (machine > 0 && (left = vm_left_on_the_way(r, dir, err)) < 0))
		return -1;
	if (machine <= 0 && agent <= 0 && !saved && !(r->spec && external_is_left(dir, r->spec->vm_type)))
		return 0;
	/* A record of another process describes a machine that is gone. */
	if (!facts_get(have, "machine keys") || (machine > 0 && facts_int(have, "pid", 0) != (long long)machine))
		vm_recollect(env, r, have, a);
	vm_live_recall(have, a);
	vm_live_tell(r, dir, have, a);
	facts_set(have, a, "hypervisor", machine > 0 ? saved || left ? IS_BETWEEN : IS_RUNNING : saved ? IS_SUSPENDED : "gone");
	facts_set(have, a, "agent", agent > 0 ? "running" : "gone");
	facts_setf(have, a, "pid", "%d", (int)machine);
	return 1;
}

static int
start_agent(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	auto_free char *program = xasprintf("%s/lima-hostagent", env->libexec);
	const struct driver *d = driver_find(r->spec->vm_type);
	struct ha_start s = {
		.timeout_ms = d ? d->start_ms : 0, .program = program, .dir = dir, .name = r->owner, .debug = env->debug, .cancel = env->cancel,
	};

	return ha_start(&s, err);
}

static int
vm_launch_file(const struct env *env, const struct resource *r, enum machine_begin how, const char *ram, struct error *err)
{
	return machine_launch_file(env, r, lease_port(r, LEASE_SSH), lease_port(r, LEASE_DNS), how, ram, err);
}

/* Whatever is wrong with what was put aside is told before anything is started. */
static int
vm_resume(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	if (vm_launch_file(env, r, MACHINE_RESUMES, NULL, err) < 0 || suspend_check(env, r, dir, err) < 0 || start_agent(env, r, err) < 0)
		return -1;
	return suspend_resume(env, r, dir, err);
}

static void
vm_say_restored(const struct env *env, const struct resource *r, const char *key, double seconds)
{
	auto_free char *path = warm_saved_path(env->home, key, "took"), *text = xasprintf("%.3f\n", seconds);

	env->say(env, SAY_INFO, "%s: restored from a saved machine in %.1f s, identities renewed", r->name, seconds);
	/* For the next plan; one that is not written down is missed by nobody. */
	fs_write(path, text, strlen(text), 0600, NULL);
}

/* 1: in the middle of its boot, as another one; 0: it is to boot, and why was said. */
static int
vm_restore(const struct env *env, const struct resource *r, const char *dir, const char *key, struct error *err)
{
	long long begun = clock_ms();
	struct error why = { 0 };
	AUTO(arena) a = { 0 };
	const char *ram;
	int held;

	if (warm_ram_saved(env, dir, key, &a, &ram, &why) == 0 && vm_launch_file(env, r, MACHINE_RESTORES, ram, err) < 0)
		return -1;
	if (why.code || warm_check(env, r, dir, &why) < 0) {
		if (why.code == ERR_CANCELLED)
			return error_set(err, why.code, "%s", why.msg);
		env->say(env, SAY_WARN, "%s: not restored from the saved machine, it boots instead: %s", r->name, why.msg);
		return warm_drop(env, dir, err);
	}
	if (start_agent(env, r, err) < 0 || (held = warm_load(env, r, dir, err)) < 0)
		return -1;
	if (!held)
		return warm_drop(env, dir, err);
	if (warm_ran(dir, err) < 0 || warm_renew(env, r, dir, true, err) < 0)
		return -1;
	vm_say_restored(env, r, key, (double)(clock_ms() - begun) / 1000);
	return 1;
}

static int
vm_launch(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	AUTO(arena) a = { 0 };
	struct warm_note n;
	const char *ram = NULL;
	int restored = 0;

	if (suspend_is_there(dir))
		return vm_resume(env, r, dir, err);
	if (warm_next(r, dir, &a, &n, err) < 0 || (n.what == WARM_TO_RESTORE && (restored = vm_restore(env, r, dir, n.key, err)) < 0))
		return -1;
	if (restored)
		return 0;
	if (n.what == WARM_TO_SAVE)
		ram = warm_ram_make(r, dir, &a);
	/* A guest that may have gone on is no one to save any more: this is written first. */
	if (vm_launch_file(env, r, MACHINE_BOOTS, ram, err) < 0 || (n.what == WARM_TO_SAVE && warm_ran(dir, err) < 0) || start_agent(env, r, err) < 0)
		return -1;
	return n.what == WARM_TO_SAVE ? warm_boot(env, r, dir, &n, err) : 0;
}

static int
vm_boot(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *facts = instance_path(env, r, "launch.facts");
	int port = lease_port(r, LEASE_SSH), dns_port = lease_port(r, LEASE_DNS);

	if (machine_check_switches(r->spec, err) < 0 || lease_check(env, r, LEASE_SSH, port, err) < 0 ||
	    (dns_port && lease_check(env, r, LEASE_DNS, dns_port, err) < 0))
		return -1;
	served_drop_all(env->home, r->owner);
	if (machine_settle_disks(env, r, err) < 0 || machine_facts_save(facts, &r->want, err) < 0)
		return -1;
	return vm_launch(env, r, err);
}

static bool
vm_differs(const struct resource *r, const char *name)
{
	const char *want = facts_get(&r->want, name), *have = facts_get(&r->have, name);

	return want && (!have || strcmp(want, have) != 0);
}

/* False: it is gone, or of another version of us. */
static bool
launch_is_known(const char *path)
{
	AUTO(launch) l = { 0 };

	return launch_load(&l, path, NULL) == 0;
}

/* The machine stays: only its agent is missing, or is to be told what has changed. */
static int
vm_refresh(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	auto_free char *facts = instance_path(env, r, "launch.facts"), *launch = instance_path(env, r, "launch.json");

	if (vm_live_apply(env, r, facts, err) < 0)
		return -1;
	/* Without our agent, the launch file does not tell what a new agent would do. */
	if ((ha_pid(dir) <= 0 || vm_differs(r, "agent keys") || !launch_is_known(launch)) &&
	    (vm_launch_file(env, r, MACHINE_BOOTS, NULL, err) < 0 ||
	     machine_facts_save(facts, &r->want, err) < 0))
		return -1;
	return ha_pid(dir) > 0 ? ha_reload(dir, err) : start_agent(env, r, err);
}

/* What a limactl that was killed has left. 1: what was there had not run, and has been ended. */
static int
vm_settle(const char *dir, bool *renew, struct error *err)
{
	int ended = warm_settle(dir, renew, err);

	return ended || *renew ? ended : suspend_settle(dir, err);
}

/* The machine that is there, or that of the folder, runs. */
static int
vm_run(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	pid_t machine;
	bool renew;
	int emptied = instance_files_make_way(dir, err) < 0 ? -1 : vm_settle(dir, &renew, err);

	if (emptied < 0)
		return -1;
	if (emptied || !driver_of(dir, &machine))
		return vm_boot(env, r, err);
	return vm_refresh(env, r, dir, err) < 0 ? -1 : renew ? warm_renew(env, r, dir, false, err) : 0;
}

/* One that a limactl which was killed had put aside but for its end goes on first: it costs seconds, and there is one way only. */
static int
vm_suspend(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	pid_t machine;
	bool renew;
	int emptied = vm_settle(dir, &renew, err);

	if (emptied < 0 || (renew && warm_renew(env, r, dir, false, err) < 0))
		return -1;
	if (suspend_is_there(dir) && !driver_of(dir, &machine))
		return 0;
	return suspend_machine(env, r, dir, err);
}

static int
vm_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);

	if ((vm_is_wanted(r, IS_RUNNING) ? vm_run(env, r, dir, err) : vm_suspend(env, r, dir, err)) < 0)
		return -1;
	facts_copy(have, a, &r->want);
	facts_set(have, a, "hypervisor", NULL);
	return vm_observe(env, r, have, a, err) == 1 ? 0 :
	       error_set(err, ERR_CHILD, "%s: gone right after it started; see %s/ha.stderr.log", r->name, dir);
}

/*
 * What its disks are, while launch.json still tells it: a machine that an earlier version started has written it down
 * nowhere else. A disk that cannot be told is no reason to keep a machine running.
 */
static int
keep_disks(const struct env *env, const struct resource *r, const char *dir, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct disk_known k;

	if (disk_known(dir, NULL, &a, &k, NULL) > 0 && disk_keep_known(&k, err) < 0)
		return -1;
	for (size_t i = 0; i < r->nstands_on; i++) {
		const struct resource *d = r->stands_on[i].to;

		if (!strcmp(d->type->name, "data-disk") && disk_known_data(env->home, d->name, NULL, &a, &k, NULL) > 0 &&
		    disk_keep_known(&k, err) < 0)
			return -1;
	}
	return 0;
}

/* The host agent gives its guest the usual time; whoever gives it less does without the agent from then on. */
static int
vm_take_down(const struct env *env, const char *dir, struct error *err)
{
	int patience = env->stop_timeout_s * 1000;
	bool now = env->force;
	struct error why = { 0 };

	if (!now && patience && ha_stop(dir, patience, env->cancel, &why) < 0) {
		if (why.code != ETIMEDOUT)
			return error_set(err, why.code, "%s", why.msg);
		env->say(env, SAY_WARN, "%s: the guest has not shut down in %d s: its machine is ended", strrchr(dir, '/') + 1, env->stop_timeout_s);
		now = true;
	}
	if (now)
		return ha_kill(dir, AGENT_GRACE_MS, err) < 0 ? -1 : driver_stop(dir, 0, NULL, err);
	return ha_stop(dir, STOP_GRACE_MS + AGENT_GRACE_MS, env->cancel, err) < 0 ? -1 :
	       driver_stop(dir, patience ? patience : STOP_GRACE_MS, env->cancel, err);
}

static int
remove_vm(const struct env *env, const struct resource *r, struct error *err)
{
	auto_free char *dir = instance_path(env, r, NULL);
	pid_t machine;

	/* One that stands still does not hear the power button. */
	if (!env->force && suspend_is_there(dir) && driver_of(dir, &machine) && suspend_settle(dir, err) < 0)
		return -1;
	if (!env->force && !suspend_is_there(dir) && warm_abandon(dir, err) < 0)
		return -1;
	if (vm_take_down(env, dir, err) < 0)
		return -1;
	warm_ram_forget(dir);
	if (keep_disks(env, r, dir, err) < 0)
		return -1;
	served_drop_all(env->home, r->owner);
	return instance_files_remove(env, r, err);
}

static const char *
vm_rests(const struct resource *r, struct arena *a)
{
	const char *have = facts_get(&r->have, "hypervisor"), *moved;

	if (facts_get(&r->how, VM_GIVES_UP))
		return NULL;
	if (have && !strcmp(have, IS_SUSPENDED) && r->spec && (moved = suspend_moved_from(r->spec->dir, a)))
		return arena_printf(a, "it was suspended in %s: only there, when it is moved back, `limactl start %s` resumes it; `limactl stop --force %s` "
				    "gives its memory up, which is to its disk like a power cut", moved, r->name, r->name);
	if (have && !strcmp(have, IS_SUSPENDED))
		return arena_printf(a, "it is suspended: as it was, `limactl start %s` resumes it; `limactl stop --force %s` gives its memory up, "
				    "which is to its disk like a power cut", r->name, r->name);
	return vm_is_wanted(r, IS_SUSPENDED) ? arena_printf(a, "it can be suspended only as it was started: `limactl restart %s` first", r->name) : NULL;
}

/* A machine that an earlier version started moves over when it is made anew anyway. */
static void
vm_detail(const struct resource *r, detail_say *say, void *ctx)
{
	const struct driver *d = driver_find(r->spec->vm_type);
	auto_free char *path = d && d->type_file ? xasprintf("%s/%s", r->spec->dir, d->type_file) : NULL;

	if (path && r->down && !fs_exists(path))
		say(ctx, &(struct detail){ .what = "machine type", .have = "the newest there is", .want = "that, kept", .cost = "costs nothing" });
}

const struct resource_type resource_vm = {
	.name = "vm",
	.about = "the running machine: host agent and hypervisor process",
	.gone = "stopped",
	.boots = true,
	.runs = true,
	.known_by = "pid",
	.rests = vm_rests,
	.attrs = attrs,
	.declare = vm_declare,
	.observe = vm_observe,
	.check = vm_check,
	.ensure = vm_ensure,
	.remove = remove_vm,
	.detail = vm_detail,
};
