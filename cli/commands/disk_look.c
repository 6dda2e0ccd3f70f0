#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/commands/disk.h"
#include "cli/view/instance.h"
#include "providers/disk/image.h"
#include "state/desired/template/name.h"
#include "resources/disk_known.h"

int
disk_names(const struct cli *c, struct names *out, struct error *err)
{
	auto_free char *dir = xasprintf("%s/_disks", c->env.home);

	return names_list(out, dir, err);
}

static void
look_lock(struct arena *a, struct disk *d)
{
	char target[4096];
	ssize_t n = readlink(arena_printf(a, "%s/in_use_by", d->dir), target, sizeof target - 1);
	char *base;

	d->instance = d->instance_dir = "";
	if (n <= 0)
		return;
	d->instance_dir = arena_memdup(a, target, (size_t)n);
	base = strrchr(d->instance_dir, '/');
	d->instance = base ? base + 1 : d->instance_dir;
}

int
disk_look(struct cli *c, struct arena *a, const char *name, struct disk *out, struct error *err)
{
	const char *fault = identifier_fault(a, name);
	struct disk_known k;
	struct stat st;
	char *path;

	if (fault)
		return error_set(err, ERR_INVALID, "%s", fault);
	*out = (struct disk){ .name = arena_strdup(a, name), .dir = arena_printf(a, "%s/_disks/%s", c->env.home, name) };
	path = arena_printf(a, "%s/datadisk", out->dir);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "stat %s", path);
	if (disk_known_data(c->env.home, name, NULL, a, &k, err) < 0)
		return -1;
	out->format = k.disk.format;
	if (image_size(path, k.disk.format, &out->size_bytes, NULL) < 0)
		out->size_bytes = st.st_size;
	look_lock(a, out);
	return 1;
}

const char *
disk_in_use(struct cli *c, const struct disk *d)
{
	AUTO(instance) i = { 0 };

	if (!*d->instance || name_check(d->instance, NULL) < 0)
		return NULL;
	instance_look_one(c, d->instance, &i);
	/* A machine that may run is one that does. */
	if (i.is_unknown || i.status.agent > 0 || i.status.hypervisor > 0)
		return "running";
	return instance_is(&i, "Suspended") ? "suspended" : NULL;
}
