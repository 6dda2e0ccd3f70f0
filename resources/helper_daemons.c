#include "resources/helper_daemons.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "providers/launch.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/drivers/qemu/virtiofsd.h"
#include "reconciler/env.h"
#include "state/desired/spec/spec.h"

static int
shared_folders(const struct spec *spec, struct qemu_machine *m, struct launch *l, struct arena *a, struct error *err)
{
	struct qemu_mount *v = arena_alloc(a, (spec->nmounts + 1) * sizeof *v);
	struct launch_mount *lv = arena_alloc(a, (spec->nmounts + 1) * sizeof *lv);

	for (size_t i = 0; i < spec->nmounts; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		if (fs_mkdirs(mount->location, 0755, err) < 0)
			return error_wrap(err, "mounts[%zu].location", i);
		v[i] = (struct qemu_mount){ .tag = mount->tag, .path = mount->location, .security_model = mount->p9.security_model,
					    .queue_size = mount->virtiofs_queue_size, .writable = mount->writable };
		lv[i] = (struct launch_mount){ .location = mount->location, .point = mount->mount_point, .tag = mount->tag,
					       .type = spec->mount_type, .writable = mount->writable };
	}
	m->mounts = v;
	l->mounts = lv;
	m->nmounts = l->nmounts = spec->nmounts;
	return 0;
}

static struct launch_companion *
add(struct launch *l, struct launch_companion *v, const char *name, const char *socket)
{
	struct launch_companion *c = &v[l->ncompanions++];

	*c = (struct launch_companion){ .name = name, .socket = socket };
	l->companions = v;
	return c;
}

static int
daemons(const struct env *env, const struct spec *spec, const char *qemu, struct launch *l, struct launch_companion *v,
	struct arena *a, struct error *err)
{
	const char *agent = arena_printf(a, "%s/lima-hostagent", env->libexec);
	struct virtiofsd d;

	if (virtiofsd_find(qemu, a, &d, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->nmounts; i++) {
		const char *name = arena_printf(a, "virtiofsd-%zu", i);
		struct launch_companion *c = add(l, v, name, arena_printf(a, "%s/%s.sock", spec->dir, name));

		c->argv = virtiofsd_words(&d, agent, c->socket, spec->mounts[i].location, spec->mounts[i].writable, a, &c->nargv);
	}
	return 0;
}

/* reference: machine.md, 4.6 */
static int
tpm(const struct spec *spec, struct qemu_machine *m, struct launch *l, struct launch_companion *v, struct arena *a,
    struct error *err)
{
	const char *state = arena_printf(a, "%s/swtpm", spec->dir), *socket = arena_printf(a, "%s/swtpm.sock", spec->dir);
	auto_free char *program = proc_find("swtpm"), *lock = xasprintf("%s/.lock", state);
	const char *words[] = {
		program ? arena_strdup(a, program) : "", "socket", "--tpmstate", arena_printf(a, "dir=%s", state), "--ctrl",
		arena_printf(a, "type=unixio,path=%s", socket), "--tpm2", "--terminate", "--log", "level=1", NULL,
	};
	struct launch_companion *c;

	if (!program)
		return error_set(err, ENOENT, "tpm: no swtpm on this host: install the package swtpm, or set it to false");
	if (strchr(spec->dir, ','))
		return error_set(err, ERR_UNSUPPORTED, "tpm: swtpm cannot be told a path with a comma: %s", spec->dir);
	if (fs_mkdirs(state, 0700, err) < 0 || fs_unlink(lock, err) < 0)
		return error_wrap(err, "tpm");
	c = add(l, v, "swtpm", socket);
	c->argv = (void *)arena_memdup(a, words, sizeof words);
	c->nargv = ARRAY_LEN(words) - 1;
	m->tpm_socket = socket;
	return 0;
}

int
companions_fill(const struct env *env, const struct spec *spec, struct qemu_machine *m, struct launch *l, struct arena *a,
		struct error *err)
{
	struct launch_companion *v = arena_alloc(a, (spec->nmounts + 1) * sizeof *v);
	bool p9 = !strcmp(spec->mount_type, "9p"), virtiofs = !strcmp(spec->mount_type, "virtiofs");

	if (spec->nmounts && (p9 || virtiofs)) {
		m->mount_type = p9 ? QEMU_MOUNT_9P : QEMU_MOUNT_VIRTIOFS;
		if (shared_folders(spec, m, l, a, err) < 0)
			return -1;
	}
	if (spec->nmounts && virtiofs && daemons(env, spec, m->program[0], l, v, a, err) < 0)
		return -1;
	return spec->tpm ? tpm(spec, m, l, v, a, err) : 0;
}
