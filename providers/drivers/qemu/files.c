/* providers/drivers/qemu/files.c - what a QEMU can open: the system's programs and what its machine is made of. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/launch.h"

/* The loader, the C library and what it asks the kernel, cryptography. */
static const char *const program_files[] = {
	"rx /usr", "rx /lib", "rx /lib32", "rx /lib64", "rx /nix/store", "r /etc/ld.so.cache", "r /etc/nsswitch.conf", "r /etc/passwd",
	"r /etc/group", "r /etc/localtime", "r /etc/gnutls", "r /etc/ssl", "r /etc/crypto-policies", "rw /dev/null", "rw /dev/zero",
	"r /dev/urandom", "r /dev/random", "r /proc/self", "r /proc/sys", "r /proc/cpuinfo", "r /proc/meminfo", "r /proc/filesystems",
};

/* The name service and QEMU itself; devices. */
static const char *const machine_files[] = {
	"r /etc/resolv.conf", "r /etc/hosts", "r /etc/host.conf", "r /etc/gai.conf", "r /etc/qemu", "rw /dev/kvm", "r /sys/devices/system",
	"r /sys/kernel/mm", "r /sys/module", "r /sys/fs/cgroup",
};

struct files {
	const char **v;
	size_t n, max;
	struct arena *mem;
};

static void
files_add(struct files *f, const char *letters, const char *path)
{
	if (path && *path && f->n < f->max)
		f->v[f->n++] = arena_printf(f->mem, "%s %s", letters, path);
}

static const char *
files_folder_of(struct files *f, const char *path, int up)
{
	char *folder = arena_strdup(f->mem, path), *slash;

	while (up-- && (slash = strrchr(folder, '/')) && slash > folder)
		*slash = '\0';
	return folder;
}

/* PREFIX of PREFIX/bin/PROGRAM: its libraries and firmware, where it is not the system's. */
static void
files_of_program(struct files *f, const char *name)
{
	auto_free char *program = realpath(name, NULL);

	for (size_t i = 0; i < ARRAY_LEN(program_files); i++)
		f->v[f->n++] = program_files[i];
	if (program && strncmp(program, "/usr/", 5) != 0)
		files_add(f, "rx", files_folder_of(f, program, 2));
}

/* The name servers' file may be in /run. */
static void
files_of_host(struct files *f)
{
	auto_free char *servers = realpath("/etc/resolv.conf", NULL);

	for (size_t i = 0; i < ARRAY_LEN(machine_files); i++)
		f->v[f->n++] = machine_files[i];
	if (servers && strncmp(servers, "/run/", 5) == 0)
		files_add(f, "r", files_folder_of(f, servers, 1));
}

static void
files_of_disk(struct files *f, const struct image_disk *d)
{
	files_add(f, "rw", d->path);
	files_add(f, "r", d->base);
}

/* Not the folder of the instance: it makes sockets there, and writes what is there already for it. */
static void
files_of_machine(struct files *f, const struct qemu_machine *m)
{
	static const char *const logs[] = { "serial.log", "serialp.log", "serialv.log", "qemu.pid" };
	const struct machine *is = &m->is;

	files_add(f, "s", is->dir);
	for (size_t i = 0; i < ARRAY_LEN(logs); i++)
		files_add(f, "rw", arena_printf(f->mem, "%s/%s", is->dir, logs[i]));
	files_of_disk(f, &is->disk);
	for (size_t i = 0; i < is->ndata_disks; i++)
		files_of_disk(f, &is->data_disks[i]);
	files_add(f, "r", m->firmware_code);
	files_add(f, "rw", m->firmware_vars);
	files_add(f, "r", is->iso);
	files_add(f, "r", is->cidata);
	files_add(f, "rw", is->ram);
	files_add(f, "r", is->kernel);
	files_add(f, "r", is->initrd);
}

/* Its end of a switch's port it makes, in place of one that a killed machine has left. */
static void
files_of_net(struct files *f, const struct machine_net *n)
{
	if (n->local && *n->local)
		files_add(f, "m", files_folder_of(f, n->local, 1));
}

const char *const *
qemu_folders(const struct qemu_machine *m, struct arena *a, size_t *n)
{
	struct files f = { .max = m->is.nnets + 1, .mem = a, .v = arena_alloc(a, (m->is.nnets + 2) * sizeof *f.v) };

	/* In the order of the words: argv.c. */
	for (size_t i = 0; m->switches_by_fd && i <= m->is.nnets; i++) {
		const struct machine_net *net = i ? &m->is.nets[i - 1] : &m->is.net0;

		if (net->local && *net->local)
			f.v[f.n++] = files_folder_of(&f, net->socket, 1);
	}
	f.v[f.n] = NULL;
	*n = f.n;
	return f.v;
}

static void
files_of_shares(struct files *f, const struct machine *m)
{
	for (size_t i = 0; m->share_type == SHARE_9P && i < m->nshares; i++)
		files_add(f, m->shares[i].writable ? "rwm" : "r", arena_printf(f->mem, "/proc/self/fd/%zu", LAUNCH_FOLDER_FD + i));
	/* the daemon of virtiofs maps the guest's memory, which is a file for that */
	if (m->share_type == SHARE_VIRTIOFS && m->nshares)
		files_add(f, "rwm", "/dev/shm");
}

bool
qemu_has_desktop(const struct machine *m)
{
	bool screen = m->display && *m->display && strcmp(m->display, "none") != 0 && strcmp(m->display, "vnc") != 0;
	bool sound = m->audio_device && *m->audio_device && strcmp(m->audio_device, "none") != 0;

	return screen || sound;
}

const char *const *
qemu_files(const struct qemu_machine *m, struct arena *a, size_t *n)
{
	size_t max = ARRAY_LEN(program_files) + ARRAY_LEN(machine_files) + 32 + 2 * m->is.ndata_disks + m->is.nshares + m->is.nnets;
	struct files f = { .max = max, .mem = a, .v = arena_alloc(a, max * sizeof *f.v) };

	*n = 0;
	if (m->nprogram != 1 || qemu_has_desktop(&m->is))
		return NULL;
	files_of_program(&f, m->program[0]);
	files_of_host(&f);
	files_of_machine(&f, m);
	files_of_net(&f, &m->is.net0);
	for (size_t i = 0; i < m->is.nnets; i++)
		files_of_net(&f, &m->is.nets[i]);
	files_of_shares(&f, &m->is);
	*n = f.n;
	return f.v;
}

const char *const *
qemu_files_of_tpm(const char *program, struct arena *a, size_t *n)
{
	size_t max = ARRAY_LEN(program_files) + 2;
	struct files f = { .max = max, .mem = a, .v = arena_alloc(a, max * sizeof *f.v) };

	files_of_program(&f, program);
	files_add(&f, "rwm", arena_printf(a, "/proc/self/fd/%d", LAUNCH_FOLDER_FD));
	*n = f.n;
	return f.v;
}
