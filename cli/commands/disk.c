/* limactl disk: what changes disks that live by themselves, and that instances attach */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/size.h"
#include "cli/commands/disk.h"
#include "cli/view/instance.h"
#include "cli/run.h"
#include "providers/disk/image.h"
#include "resources/disk_known.h"

static const struct flag create_flags[] = {
	{ "size", 0, FLAG_STRING, .about = "Size of the disk: 10GiB", .how = FLAG_REQUIRED },
	{ "format", 0, FLAG_STRING, "qcow2", "Format of its file: qcow2, raw", .complete = "qcow2 raw" },
	{ 0 },
};
static const struct flag delete_flags[] = {
	{ "force", 'f', FLAG_BOOL, .about = "Delete a disk that an instance holds or names, too" },
	{ 0 },
};
static const struct flag resize_flags[] = {
	{ "size", 0, FLAG_STRING, .about = "New size of the disk; never smaller", .how = FLAG_REQUIRED },
	{ 0 },
};

static int
run_thing(struct cli *c, const struct host_request *t, struct error *err)
{
	return run_engine(c, &(struct run){ .host_requests = t, .nhost_requests = 1, .quiet = true, .silent = true }, err);
}

static const char *
size_shown(struct cli *c, int64_t bytes)
{
	return size_text(&c->arena, (uint64_t)bytes);
}

/* --- create, import --- */

static int
must_be_new(struct cli *c, const char *name, struct error *err)
{
	char *dir = arena_printf(&c->arena, "%s/_disks/%s", c->env.home, name);
	struct disk d;

	if (disk_look(c, &c->arena, name, &d, err) < 0)
		return -1;
	if (fs_exists(dir))
		return error_set(err, EEXIST, "disk `%s` already exists (`%s`)", name, dir);
	return 0;
}

static int
cmd_disk_run_create(struct cli *c, struct error *err)
{
	const char *name = c->args[0], *format = cli_str(c, "format");
	struct want want = { .attr = "size" };
	struct host_request t = { "data-disk", name, .wanted = true, .wants = &want, .nwants = 1 };
	uint64_t size;

	if (size_parse(&size, cli_str(c, "size"), err) < 0)
		return -1;
	if (strcmp(format, "qcow2") != 0 && strcmp(format, "raw") != 0)
		return error_set(err, ERR_INVALID, "disk format %s not supported, use `qcow2` or `raw` instead", cli_tick(c, format));
	if (must_be_new(c, name, err) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO, "Creating %s disk `%s` with size %s", format, name, size_shown(c, (int64_t)size));
	want.value = arena_printf(&c->arena, "%" PRIu64, size);
	facts_set(&t.how, &c->arena, "format", format);
	return run_thing(c, &t, err);
}

static int
run_import(struct cli *c, struct error *err)
{
	const char *name = c->args[0], *file = c->args[1];
	auto_free char *path = fs_realpath(file);
	struct host_request t = { "data-disk", name, .wanted = true };
	struct image_info info;
	int status;

	if (must_be_new(c, name, err) < 0 || disk_probe(path, &info, err) < 0 || image_check_safe(path, &info, err) < 0)
		return -1;
	if (strcmp(info.format, "qcow2") != 0 && strcmp(info.format, "raw") != 0)
		return error_set(err, ERR_INVALID, "disk format %s not supported, use `qcow2` or `raw` instead", cli_tick(c, info.format));
	facts_set(&t.how, &c->arena, "import", path);
	status = run_thing(c, &t, err);
	if (status == 0)
		cli_say(&c->env, SAY_INFO, "Imported %s with size %s", name,
			size_shown(c, info.virtual_size_bytes >= 0 ? info.virtual_size_bytes : info.file_size_bytes));
	return status;
}

/* --- delete --- */

/* The words are upstream's, with the names as Go writes a list of them. */
static void
cmd_disk_tell_stays(struct cli *c, const struct host_request *t, const struct user *users, size_t n)
{
	AUTO(buf) who = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_addf(&who, "%s`%s`", i ? " " : "", users[i].owner);
	cli_say(&c->env, SAY_WARN, "Skipping deleting disk `%s`, disk is referenced by one or more non-running instances: [%s]", t->name, who.s);
	cli_say(&c->env, SAY_WARN, "To delete anyway, run `limactl disk delete --force %s`", t->name);
}

static int
delete_one(struct cli *c, const char *name, struct error *err)
{
	bool force = cli_bool(c, "force");
	struct host_request t = { "data-disk", name, .may_lose = true, .if_used = force ? USED_GOES : USED_STAYS };
	struct disk d;
	int r = disk_look(c, &c->arena, name, &d, err);

	if (r == 0)
		cli_say(&c->env, SAY_WARN, "Ignoring non-existent disk `%s`", name);
	if (r > 0 && !force && *d.instance)
		return error_set(err, ERR_REFUSED, "cannot delete disk `%s` in use by instance `%s`", d.name, d.instance);
	if (r <= 0)
		return r;
	r = run_engine(c, &(struct run){ .host_requests = &t, .nhost_requests = 1, .quiet = true, .silent = true, .stays = cmd_disk_tell_stays }, err);
	if (r == 0 && !fs_exists(d.dir))
		cli_say(&c->env, SAY_INFO, "Deleted `%s` (`%s`)", name, d.dir);
	return r;
}

static int
cmd_disk_run_delete(struct cli *c, struct error *err)
{
	int r = 0;

	for (int i = 0; i < c->nargs && r == 0; i++)
		r = delete_one(c, c->args[i], err);
	return r;
}

/* --- unlock, resize --- */

static int
unlock_one(struct cli *c, const char *name, struct error *err)
{
	struct host_request t = { "data-disk", name, .wanted = true, .again = true };
	const char *user;
	struct disk d;
	int r = disk_look(c, &c->arena, name, &d, err);

	if (r < 0)
		return -1;
	if (r == 0) {
		cli_say(&c->env, SAY_WARN, "Ignoring non-existent disk `%s`", name);
		return 0;
	}
	if (!*d.instance) {
		cli_say(&c->env, SAY_WARN, "Ignoring unlocked disk `%s`", name);
		return 0;
	}
	user = disk_in_use(c, &d);
	if (user) {
		cli_say(&c->env, SAY_WARN, "Cannot unlock disk `%s` used by %s instance `%s`", name, user, d.instance);
		return 0;
	}
	facts_set(&t.how, &c->arena, "unlock", "yes");
	r = run_thing(c, &t, err);
	if (r == 0)
		cli_say(&c->env, SAY_INFO, "Unlocked disk `%s` (`%s`)", name, d.dir);
	return r;
}

static int
run_unlock(struct cli *c, struct error *err)
{
	int r = 0;

	for (int i = 0; i < c->nargs && r == 0; i++)
		r = unlock_one(c, c->args[i], err);
	return r;
}

static int
run_resize(struct cli *c, struct error *err)
{
	const char *name = c->args[0];
	struct want want = { .attr = "size" };
	const char *user;
	struct disk d;
	uint64_t size;
	int r;

	if (size_parse(&size, cli_str(c, "size"), err) < 0 || (r = disk_look(c, &c->arena, name, &d, err)) < 0)
		return -1;
	if (r == 0)
		return error_set(err, ENOENT, "disk `%s` does not exists", name);
	user = disk_in_use(c, &d);
	if (user)
		return error_set(err, ERR_REFUSED, "cannot resize disk `%s` used by %s instance `%s`. Please %sstop the VM instance",
				 name, user, d.instance, !strcmp(user, "suspended") ? "start and " : "");
	want.value = arena_printf(&c->arena, "%" PRIu64, size);
	r = run_thing(c, &(struct host_request){ "data-disk", name, .wanted = true, .wants = &want, .nwants = 1 }, err);
	if (r == 0)
		cli_say(&c->env, SAY_INFO, "Resized disk `%s` (`%s`)", name, d.dir);
	return r;
}

const struct command command_disk = {
	.name = "disk",
	.group = GROUP_ADVANCED,
	.about = "Manage disks that instances attach (additionalDisks)",
	.example = "limactl disk create data --size 10GiB\nlimactl disk ls\nlimactl disk resize data --size 20GiB\nlimactl disk delete data",
};

const struct command command_disk_create = {
	.name = "create",
	.parent = "disk",
	.args = "DISK",
	.about = "Create a disk",
	.example = "limactl disk create data --size 10GiB\nlimactl disk create data --size 10GiB --format raw",
	.flags = create_flags,
	.more_flags = run_flags,
	.min_args = 1,
	.max_args = 1,
	.run = cmd_disk_run_create,
};

const struct command command_disk_delete = {
	.name = "delete",
	.parent = "disk",
	.aliases = "remove rm",
	.args = "DISK [DISK...]",
	.about = "Delete disks",
	.example = "limactl disk delete data",
	.complete = "@disk",
	.flags = delete_flags,
	.more_flags = run_flags,
	.min_args = 1,
	.max_args = -1,
	.run = cmd_disk_run_delete,
};

const struct command command_disk_unlock = {
	.name = "unlock",
	.parent = "disk",
	.args = "DISK [DISK...]",
	.about = "Take the lock off disks that an instance left behind",
	.example = "limactl disk unlock data",
	.complete = "@disk",
	.more_flags = run_flags,
	.min_args = 1,
	.max_args = -1,
	.run = run_unlock,
};

const struct command command_disk_resize = {
	.name = "resize",
	.parent = "disk",
	.args = "DISK",
	.about = "Make a disk larger",
	.example = "limactl disk resize data --size 20GiB",
	.complete = "@disk",
	.flags = resize_flags,
	.more_flags = run_flags,
	.min_args = 1,
	.max_args = 1,
	.run = run_resize,
};

const struct command command_disk_import = {
	.name = "import",
	.parent = "disk",
	.args = "DISK FILE",
	.about = "Make a disk that is a copy of a qcow2 or raw file",
	.example = "limactl disk import data backup.qcow2",
	.complete = "@file",
	.more_flags = run_flags,
	.min_args = 2,
	.max_args = 2,
	.run = run_import,
};
