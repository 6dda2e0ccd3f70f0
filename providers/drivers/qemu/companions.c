#include "providers/drivers/qemu/companions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/privilege.h"
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

/* Its files belong to who it is to be, whoever it was before; its socket is for who can come to the folder, which is in one of ours. */
static int
qemu_companions_give(const char *folder, unsigned user, struct error *err)
{
	auto_dir DIR *d = opendir(folder);
	const struct dirent *e;

	if (!d || fchmod(dirfd(d), 0711) < 0 || fchown(dirfd(d), user, user) < 0)
		return error_errno(err, "%s", folder);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    fchownat(dirfd(d), e->d_name, user, user, AT_SYMLINK_NOFOLLOW) < 0)
			return error_errno(err, "%s/%s", folder, e->d_name);
	return 0;
}

/* Whom root's becomes; 0: nobody else. */
static unsigned
qemu_companions_user(const char *dir)
{
	unsigned user = qemu_user(dir);

	return geteuid() == 0 && (privilege_now() & CAP(CAP_CHOWN)) && privilege_can_become(user) ? user : 0;
}

/* One that gives root up could not reach its folder by name, so it gets that as a descriptor; the others are found again by their words. */
static const char *const *
tpm_words(const char *program, const char *state, unsigned user, struct arena *a, size_t *n)
{
	const char *place = user ? arena_printf(a, "/proc/self/fd/%d", LAUNCH_FOLDER_FD) : state;
	const char *const words[] = {
		program, "socket", "--tpmstate", arena_printf(a, "dir=%s", place), "--ctrl", arena_printf(a, "type=unixio,path=%s/" TPM_SOCKET "%s", place, user ? ",mode=0666" : ""),
		"--tpm2", "--terminate", "--log", "level=1", NULL,
	};

	*n = ARRAY_LEN(words) - 1;
	return (void *)arena_memdup(a, words, sizeof words);
}

static int
qemu_companions_tpm(struct qemu_machine *m, struct launch *l, struct launch_companion *v, struct arena *a, struct error *err)
{
	const char *dir = m->is.dir;
	const char *state = arena_printf(a, "%s/" TPM_FOLDER, dir);
	auto_free char *program = proc_find("swtpm"), *lock = xasprintf("%s/.lock", state);
	struct launch_companion *c;

	if (!program)
		return qemu_companions_no_tpm(err);
	if (strchr(dir, ','))
		return error_set(err, ERR_UNSUPPORTED, "tpm: swtpm cannot be told a path with a comma: %s", dir);
	if (fs_mkdirs(state, 0700, err) < 0 || fs_unlink(lock, err) < 0)
		return error_wrap(err, "tpm");
	m->tpm_socket = arena_printf(a, "%s/" TPM_SOCKET, state);
	c = qemu_companions_add(l, v, "swtpm", m->tpm_socket);
	c->own = state;
	c->user = qemu_companions_user(dir);
	c->argv = tpm_words(arena_strdup(a, program), state, c->user, a, &c->nargv);
	c->files = qemu_files_of_tpm(c->argv[0], a, &c->nfiles);
	/* What runs already was given its files when it was started. */
	return c->user && !m->is.runs && qemu_companions_give(state, c->user, err) < 0 ? error_wrap(err, "tpm") : 0;
}

int
qemu_companions(struct qemu_machine *m, struct launch *l, struct arena *a, struct error *err)
{
	struct launch_companion *v = arena_alloc(a, (m->is.nshares + 1) * sizeof *v);

	if (m->is.nshares && m->is.share_type == SHARE_VIRTIOFS && qemu_companions_daemons(m, l, v, a, err) < 0)
		return -1;
	return m->is.tpm ? qemu_companions_tpm(m, l, v, a, err) : 0;
}
