#include "providers/drivers/qemu/companions.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/programs.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/drivers/qemu/virtiofsd.h"
#include "providers/launch.h"

static struct launch_companion *
qemu_companions_add(struct launch *l, struct launch_companion *v, const char *name, const char *socket)
{
	struct launch_companion *c = &v[l->ncompanions++];

	*c = (struct launch_companion){ .name = name, .socket = socket };
	l->companions = v;
	return c;
}

static int
qemu_companions_daemons(const struct qemu_machine *m, struct launch *l, struct launch_companion *v, struct arena *a, struct error *err)
{
	struct virtiofsd d;

	if (virtiofsd_find(m->program[0], a, &d, err) < 0)
		return -1;
	for (size_t i = 0; i < m->is.nshares; i++) {
		const char *name = arena_printf(a, "virtiofsd-%zu", i);
		struct launch_companion *c;

		c = qemu_companions_add(l, v, name, arena_printf(a, "%s/%s.sock", m->is.dir, name));
		c->argv = virtiofsd_words(&d, c->socket, a, &c->nargv);
		c->location = m->is.shares[i].path;
		c->read_only = !m->is.shares[i].writable;
	}
	return 0;
}

static int
qemu_companions_no_tpm(struct error *err)
{
	program_missing("swtpm", err);
	return error_wrap(err, "tpm: true");
}

int
qemu_companions_check(const struct qemu_machine *m, struct arena *a, struct error *err)
{
	auto_free char *swtpm = m->is.tpm ? proc_find("swtpm") : NULL;
	struct virtiofsd d;

	if (m->is.nshares && m->is.share_type == SHARE_VIRTIOFS && virtiofsd_find(m->program[0], a, &d, err) < 0)
		return -1;
	return m->is.tpm && !swtpm ? qemu_companions_no_tpm(err) : 0;
}

static int
qemu_companions_tpm(struct qemu_machine *m, struct launch *l, struct launch_companion *v, struct arena *a, struct error *err)
{
	const char *dir = m->is.dir;
	const char *state = arena_printf(a, "%s/swtpm", dir), *socket = arena_printf(a, "%s/swtpm.sock", dir);
	auto_free char *program = proc_find("swtpm"), *lock = xasprintf("%s/.lock", state);
	const char *words[] = {
		program ? arena_strdup(a, program) : "", "socket", "--tpmstate", arena_printf(a, "dir=%s", state), "--ctrl",
		arena_printf(a, "type=unixio,path=%s", socket), "--tpm2", "--terminate", "--log", "level=1", NULL,
	};
	struct launch_companion *c;

	if (!program)
		return qemu_companions_no_tpm(err);
	if (strchr(dir, ','))
		return error_set(err, ERR_UNSUPPORTED, "tpm: swtpm cannot be told a path with a comma: %s", dir);
	if (fs_mkdirs(state, 0700, err) < 0 || fs_unlink(lock, err) < 0)
		return error_wrap(err, "tpm");
	c = qemu_companions_add(l, v, "swtpm", socket);
	c->argv = (void *)arena_memdup(a, words, sizeof words);
	c->nargv = ARRAY_LEN(words) - 1;
	m->tpm_socket = socket;
	return 0;
}

int
qemu_companions(struct qemu_machine *m, struct launch *l, struct arena *a, struct error *err)
{
	struct launch_companion *v = arena_alloc(a, (m->is.nshares + 1) * sizeof *v);

	if (m->is.nshares && m->is.share_type == SHARE_VIRTIOFS && qemu_companions_daemons(m, l, v, a, err) < 0)
		return -1;
	return m->is.tpm ? qemu_companions_tpm(m, l, v, a, err) : 0;
}
