/* limactl snapshot: states of an instance to come back to */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "providers/driver.h"
#include "providers/snapshots.h"
#include "state/desired/template/name.h"
#include "resources/disk_known.h"
#include "resources/generation.h"

static const struct flag tag_flags[] = {
	{ "tag", 0, FLAG_STRING, .about = "Name of the snapshot" },
	{ 0 },
};
static const struct flag list_flags[] = {
	{ "quiet", 'q', FLAG_BOOL, .about = "Only show tags" },
	{ 0 },
};

/* The folder of the instance that the first argument names, and its disk. */
static int
cmd_snapshot_look(struct cli *c, bool changes, const char **dir, struct disk_known *k, struct error *err)
{
	const struct driver *driver;
	AUTO(instance) i = { 0 };
	int r;

	if (name_check(c->args[0], err) < 0)
		return -1;
	cli_say(&c->env, SAY_WARN, "`limactl snapshot` is experimental");
	instance_look_one(c, c->args[0], &i);
	if (instance_check_known(&i, err) < 0)
		return -1;
	if (!i.has_yaml)
		return error_set(err, ENOENT, "open %s/lima.yaml: no such file or directory", i.dir);
	if (changes && instance_is(&i, "Suspended"))
		return error_set(err, ERR_REFUSED, "instance `%s` is suspended, and its disk belongs to its memory; `limactl start %s` first", c->args[0], c->args[0]);
	driver = *i.vm_type ? driver_find(i.vm_type) : driver_all()[0];
	if (!driver || !driver->snapshots)
		return error_set(err, ERR_UNSUPPORTED, "unimplemented");
	*dir = arena_strdup(&c->arena, i.dir);
	r = disk_known(*dir, NULL, &c->arena, k, err);
	return r ? r : error_set(err, ENOENT, "instance `%s` has no disk yet", c->args[0]);
}

/* Is there a snapshot of the tag that was given? 1, 0, -1. */
static int
look_tag(struct cli *c, struct error *err)
{
	AUTO(buf) list = BUF_INIT;
	struct disk_known k;
	const char *dir;

	if (!strncmp(cli_str(c, "tag"), GENERATION_TAG, strlen(GENERATION_TAG)))
		return error_set(err, ERR_REFUSED, "a tag that begins with %s is of what `limactl apply --undo` goes back to; take another tag",
				 cli_tick(c, GENERATION_TAG));
	if (cmd_snapshot_look(c, true, &dir, &k, err) < 0 || snapshot_tag_check(cli_str(c, "tag"), err) < 0 || snapshots_list(dir, &k.disk, &list, err) < 0)
		return -1;
	return snapshots_has(list.s, cli_str(c, "tag"));
}

static int
cmd_snapshot_pose(struct cli *c, struct host_request *t, struct error *err)
{
	t->type = "snapshot";
	t->name = arena_printf(&c->arena, "%s:%s", c->args[0], cli_str(c, "tag"));
	return run_engine(c, &(struct run){ .host_requests = t, .nhost_requests = 1, .also_lock = c->args[0], .quiet = true, .silent = true }, err);
}

static int
cmd_snapshot_run_create(struct cli *c, struct error *err)
{
	int there = look_tag(c, err);

	if (there < 0)
		return -1;
	if (there)
		return error_set(err, EEXIST, "instance `%s` has a snapshot %s already; delete it first", c->args[0],
				 cli_tick(c, cli_str(c, "tag")));
	return cmd_snapshot_pose(c, &(struct host_request){ .wanted = true }, err);
}

static int
run_apply(struct cli *c, struct error *err)
{
	struct host_request t = { .wanted = true, .again = true };
	int there = look_tag(c, err);

	if (there < 0)
		return -1;
	if (!there)
		return error_set(err, ENOENT, "instance `%s` has no snapshot %s", c->args[0], cli_tick(c, cli_str(c, "tag")));
	facts_set(&t.how, &c->arena, "load", "now");
	return cmd_snapshot_pose(c, &t, err);
}

static int
cmd_snapshot_run_delete(struct cli *c, struct error *err)
{
	int there = look_tag(c, err);

	if (there < 0)
		return -1;
	if (!there)
		return error_set(err, ENOENT, "instance `%s` has no snapshot %s", c->args[0], cli_tick(c, cli_str(c, "tag")));
	return cmd_snapshot_pose(c, &(struct host_request){ .wanted = false, .may_lose = true }, err);
}

/* Of one that does not run nothing is taken: its disk is as it was. For a timer, so that is no fault. */
static int
cmd_snapshot_run_keep(struct cli *c, struct error *err)
{
	struct request a = { .name = c->args[0], .goal = GOAL_RUNNING, .keep_goal = true, .only = "snapshots" };
	AUTO(instance) i = { 0 };

	if (name_check(c->args[0], err) < 0)
		return -1;
	if (!instance_exists(c, c->args[0]))
		return error_set(err, ERR_INVALID, "instance %s not found", cli_tick(c, c->args[0]));
	instance_look_one(c, c->args[0], &i);
	if (instance_check_known(&i, err) < 0)
		return -1;
	if (!instance_is(&i, "Running")) {
		cli_say(&c->env, SAY_INFO, "Instance `%s` does not run: no snapshot is taken", c->args[0]);
		return 0;
	}
	return run_engine(c, &(struct run){ .requests = &a, .nrequests = 1, .quiet = true, .silent = true }, err);
}

/* The second word of each line but the head. */
static void
print_tags(const char *list)
{
	const char *p = list + strcspn(list, "\n");

	for (p += *p == '\n'; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		const char *id = p + strspn(p, " "), *tag = id + strcspn(id, " \n");

		tag += strspn(tag, " ");
		cli_print(stdout, tag, strcspn(tag, " \n"));
		putchar('\n');
	}
}

static int
cmd_snapshot_run_list(struct cli *c, struct error *err)
{
	AUTO(buf) all = BUF_INIT, list = BUF_INIT;
	struct disk_known k;
	const char *dir;

	if (cmd_snapshot_look(c, false, &dir, &k, err) < 0 || snapshots_list(dir, &k.disk, &all, err) < 0)
		return -1;
	snapshots_without(all.s, GENERATION_TAG, &list);
	if (cli_bool(c, "quiet"))
		print_tags(list.s);
	else
		cli_print(stdout, list.s, list.len);
	return 0;
}

const struct command command_snapshot = {
	.name = "snapshot",
	.group = GROUP_ADVANCED,
	.about = "Keep states of an instance, and go back to them (experimental)",
	.details = "Of a running instance the memory is kept too, and while one runs it is gone back to with the disk, in place. Of a stopped one it is the\n"
		   "disk alone, which is gone back to while it is stopped.",
	.example = "limactl snapshot create default --tag before\nlimactl snapshot apply default --tag before",
};

const struct command command_snapshot_create = {
	.name = "create",
	.parent = "snapshot",
	.aliases = "save",
	.args = "INSTANCE",
	.about = "Keep the present state",
	.example = "limactl snapshot create default --tag before",
	.complete = "@instance",
	.flags = tag_flags,
	.min_args = 1,
	.max_args = -1,
	.run = cmd_snapshot_run_create,
};

const struct command command_snapshot_apply = {
	.name = "apply",
	.parent = "snapshot",
	.aliases = "load",
	.args = "INSTANCE",
	.about = "Go back to a state; what came after it is lost",
	.example = "limactl snapshot apply default --tag before",
	.complete = "@instance",
	.flags = tag_flags,
	.min_args = 1,
	.max_args = -1,
	.run = run_apply,
};

const struct command command_snapshot_delete = {
	.name = "delete",
	.parent = "snapshot",
	.aliases = "del",
	.args = "INSTANCE",
	.about = "Forget a state",
	.example = "limactl snapshot delete default --tag before",
	.complete = "@instance",
	.flags = tag_flags,
	.min_args = 1,
	.max_args = -1,
	.run = cmd_snapshot_run_delete,
};

const struct command command_snapshot_keep = {
	.name = "keep",
	.parent = "snapshot",
	.args = "INSTANCE",
	.about = "Take those of `snapshots` in lima.yaml that are due, and forget those beyond what is kept",
	.details = "Of an instance that runs; nothing else of it is touched. `limactl apply` and `limactl start` do the same, and a timer that\n"
		   "`limactl autostart enable` makes for an instance with `snapshots` does this.",
	.example = "limactl snapshot keep default",
	.complete = "@instance",
	.min_args = 1,
	.max_args = 1,
	.run = cmd_snapshot_run_keep,
};

const struct command command_snapshot_list = {
	.name = "list",
	.parent = "snapshot",
	.aliases = "ls",
	.args = "INSTANCE",
	.about = "List the states that were kept",
	.example = "limactl snapshot list default --quiet",
	.complete = "@instance",
	.flags = list_flags,
	.min_args = 1,
	.max_args = -1,
	.run = cmd_snapshot_run_list,
};
