/* additionalDisks of a machine that runs: a line a disk, NAME TAB FORMAT TAB FSTYPE TAB FSARGS. One whose line changes goes and comes again. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "resources/data_disk_live.h"
#include "resources/vm_live.h"
#include "state/desired/spec/spec.h"

/* The next line, in `a`, and behind it; NULL: there is none. */
static char *
disks_line(const char **at, struct arena *a)
{
	size_t len = strcspn(*at, "\n");
	char *line;

	if (!len)
		return NULL;
	line = arena_memdup(a, *at, len);
	*at += len + ((*at)[len] == '\n');
	return line;
}

static const char *
disks_name(const char *line, struct arena *a)
{
	return arena_memdup(a, line, strcspn(line, "\t"));
}

static bool
disks_have(const char *list, const char *line, struct arena *a)
{
	for (char *other; (other = disks_line(&list, a));)
		if (!strcmp(other, line))
			return true;
	return false;
}

static bool
disks_name_in(const char *list, const char *name, struct arena *a)
{
	for (char *line; (line = disks_line(&list, a));)
		if (!strcmp(disks_name(line, a), name))
			return true;
	return false;
}

static const char *
disks_want(const struct spec *spec, struct arena *a)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < spec->ndisks; i++) {
		const struct spec_disk *d = &spec->disks[i];

		buf_addf(&b, "%s\t%s\t%s\t", d->name, d->format ? "true" : "false", d->fs_type ? d->fs_type : "");
		for (size_t j = 0; j < d->nfs_args; j++)
			buf_addf(&b, "%s%s", j ? " " : "", d->fs_args[j]);
		buf_addc(&b, '\n');
	}
	return arena_strdup(a, b.s);
}

static const char *
disks_recall(const char *keys, struct arena *a)
{
	AUTO(buf) b = BUF_INIT;
	const char *name, *value;

	for (int i = 0; (name = vm_live_key(keys, arena_printf(a, "additionalDisks[%d].name", i), a)); i++) {
		value = vm_live_key(keys, arena_printf(a, "additionalDisks[%d].format", i), a);
		buf_addf(&b, "%s\t%s\t", name, value ? value : "true");
		value = vm_live_key(keys, arena_printf(a, "additionalDisks[%d].fsType", i), a);
		buf_addf(&b, "%s\t", value ? value : "");
		for (int j = 0; (value = vm_live_key(keys, arena_printf(a, "additionalDisks[%d].fsArgs[%d]", i, j), a)); j++)
			buf_addf(&b, "%s%s", j ? " " : "", value);
		buf_addc(&b, '\n');
	}
	return arena_strdup(a, b.s);
}

static const char *
disks_between(const char *have, const char *want, struct arena *a)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, have);
	for (char *line; (line = disks_line(&want, a));)
		if (!disks_have(have, line, a))
			buf_addf(&b, "%s\n", line);
	return arena_strdup(a, b.s);
}

/* In another order they are the same: a guest knows each by its name. */
static bool
disks_same(const char *have, const char *want, struct arena *a)
{
	const char *at = have;

	for (char *line; (line = disks_line(&at, a));)
		if (!disks_have(want, line, a))
			return false;
	for (char *line; (line = disks_line(&want, a));)
		if (!disks_have(have, line, a))
			return false;
	return true;
}

static const char *
disks_why_not(const struct spec *spec, const struct driver *d, const char *have, const char *want, struct arena *a)
{
	const char *why;

	if (!d->live->attach_disk)
		return "its driver attaches no disks to a machine that runs";
	for (char *line; (line = disks_line(&have, a));) {
		const char *name = disks_name(line, a);

		if (disks_have(want, line, a))
			continue;
		why = strcmp(spec->os, "Linux") ? "its guest is no Linux, and cannot be asked to let go of it" : d->live->holds_disk(spec->dir, name);
		if (why)
			return arena_printf(a, "disk `%s`: %s", name, why);
	}
	return NULL;
}

static int
disks_apply(const struct env *env, const struct resource *r, const struct driver *d, const char *have, const char *want, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *at = have;

	for (char *line; (line = disks_line(&at, &a));)
		if (!disks_have(want, line, &a) && data_disk_detach(env, r, d, disks_name(line, &a), err) < 0)
			return -1;
	at = want;
	for (char *line; (line = disks_line(&at, &a));)
		if (data_disk_attach(env, r, d, disks_name(line, &a), err) < 0)
			return -1;
	return 0;
}

static const char *
disks_names(const char *list, struct arena *a)
{
	AUTO(buf) b = BUF_INIT;

	for (char *line; (line = disks_line(&list, a));) {
		const char *name = disks_name(line, a);

		/* While it is being changed, one may be there twice. */
		if (!disks_name_in(list, name, a))
			buf_addf(&b, "%s%s", b.len ? ", " : "", name);
	}
	return b.len ? arena_strdup(a, b.s) : NULL;
}

void
vm_live_disks_each(const char *have, const char *want, detail_say *say, void *ctx)
{
	AUTO(arena) a = { 0 };

	have = vm_live_bare(have);
	say(ctx, &(struct detail){ .what = "additionalDisks", .have = disks_names(have, &a), .want = disks_names(want, &a) });
}

const struct vm_live_row vm_live_disks = {
	.attr = VM_LIVE_DISKS,
	.key = "additionalDisks",
	.want = disks_want,
	.recall = disks_recall,
	.between = disks_between,
	.why_not = disks_why_not,
	.apply = disks_apply,
	.same = disks_same,
};
