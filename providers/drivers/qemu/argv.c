#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/drivers/qemu/arch.h"
#include "providers/drivers/qemu/args.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/launch.h"

/* Words of the user's about memory may be about its parts, which then are all his. */
static bool
argv_has_backend(const struct args *a)
{
	return !argv_taken(a, "-object") && !argv_taken(a, "-machine") && !argv_taken(a, "-m") && !argv_taken(a, "-numa");
}

static void
argv_memory(struct args *a)
{
	uint64_t mib = a->is->memory_bytes >> 20;

	argv_add_one(a, "-m", "%" PRIu64, mib);
	if (!argv_has_backend(a))
		return;
	if (argv_given(a->is->ram)) {
		argv_add_one(a, "-object", "memory-backend-file,id=%s,size=%" PRIu64 "M,mem-path=%s,share=%s", a->arch->ram, mib, argv_val(a, a->is->ram),
		    a->is->ram_shared ? "on" : "off");
		return;
	}
	/* virtiofsd maps the guest's memory, so it must be shared. */
	if (a->is->share_type == SHARE_VIRTIOFS)
		argv_add_one(a, "-object", "memory-backend-file,id=%s,size=%" PRIu64 "M,mem-path=/dev/shm,share=on", a->arch->ram, mib);
	else
		argv_add_one(a, "-object", "memory-backend-ram,id=%s,size=%" PRIu64 "M", a->arch->ram, mib);
}

static bool
argv_emulated(const struct args *a)
{
	return strcmp(a->m->accel, "tcg") == 0;
}

/* SeaBIOS speaks on the serial port, where its word is heard, only if it is told that there is no screen. */
static const char *
argv_without_screen(const struct args *a)
{
	bool bios = strcmp(a->arch->name, "x86_64") == 0 && !argv_given(a->m->firmware_code);

	return bios && (!argv_given(a->is->display) || strcmp(a->is->display, "none") == 0) ? ",graphics=off" : "";
}

/* What stands behind a comma in the table stays there. */
static const char *
argv_type(struct args *a)
{
	const char *usual = a->arch->machine, *type = a->m->type;

	return argv_given(type) ? arena_printf(a->mem, "%s%s", type, usual + strcspn(usual, ",")) : usual;
}

static void
argv_processor(struct args *a)
{
	const char *backend = argv_has_backend(a) ? arena_printf(a->mem, ",memory-backend=%s", a->arch->ram) : "";

	argv_add_one(a, "-cpu", "%s", argv_given(a->is->cpu) ? a->is->cpu : argv_emulated(a) ? a->arch->cpu_tcg : "host");
	if (argv_emulated(a) && strcmp(a->arch->name, "x86_64") == 0) {
		argv_add_one(a, "-machine", "%s,vmport=off%s%s", argv_type(a), backend, argv_without_screen(a));
		argv_add_one(a, "-accel", "tcg,thread=multi,tb-size=512");
		argv_add_one(a, "-global", "ICH9-LPC.disable_s3=1");
		argv_add_one(a, "-global", "ICH9-LPC.disable_s4=1");
	} else {
		argv_add_one(a, "-machine", "%s,accel=%s%s%s", argv_type(a), a->m->accel, backend, argv_without_screen(a));
	}
	if (a->is->room && a->m->most_cpus > a->is->cpus)
		argv_add_one(a, "-smp", "%d,maxcpus=%d,sockets=1,cores=%d,threads=1", a->is->cpus, a->m->most_cpus, a->m->most_cpus);
	else
		argv_add_one(a, "-smp", "%d,sockets=1,cores=%d,threads=1", a->is->cpus, a->is->cpus);
}

static void
argv_firmware(struct args *a)
{
	if (argv_given(a->m->firmware_code))
		argv_add_one(a, "-drive", "if=pflash,format=raw,readonly=on,file=%s", argv_val(a, a->m->firmware_code));
	if (!a->arch->no_usb)
		argv_add_one(a, "-device", "qemu-xhci,id=usb-bus");
}

static void
argv_kernel(struct args *a)
{
	if (argv_given(a->is->kernel))
		argv_add_one(a, "-kernel", "%s", a->is->kernel);
	if (argv_given(a->m->cmdline))
		argv_add_one(a, "-append", "%s", a->m->cmdline);
	if (argv_given(a->is->initrd))
		argv_add_one(a, "-initrd", "%s", a->is->initrd);
}

/* Behind all other devices, so that none of them has another place than before. */
static void
argv_balloon(struct args *a)
{
	if (a->is->balloon)
		argv_add_one(a, "-device", QEMU_BALLOON "%s,id=balloon0", strstr(a->arch->block, "-ccw") ? "ccw" : "pci");
}

/* Who is to become somebody else cannot give that up before; afterwards it has no capability to do it with. */
static void
argv_sandbox(struct args *a)
{
	if (a->m->sandbox)
		argv_add_one(a, "-sandbox", "on,obsolete=deny,elevateprivileges=%s,spawn=deny,resourcecontrol=deny",
		    a->m->run_as ? "allow" : "deny");
	if (a->m->run_as)
		argv_add_one(a, "-runas", "%u:%u", a->m->run_as, a->m->run_as_group);
}

static void
argv_control(struct args *a)
{
	argv_add_one(a, "-chardev", "socket,id=char-qmp,path=%s,server=on,wait=off", argv_in_dir(a, "qmp.sock"));
	argv_add_one(a, "-qmp", "chardev:char-qmp");
	argv_add_one(a, "-name", "lima-%s", a->is->name);
	argv_add_one(a, "-pidfile", "%s/qemu.pid", a->is->dir);
	if (a->is->waits) {
		argv_add_one(a, "-incoming", "defer");
		argv_word(a, "-S");
	}
}

/* The order is upstream's, and the guest sees it: positions name disks and interfaces. */
static void (*const order[])(struct args *) = {
	argv_memory, argv_processor, argv_firmware, argv_disks, argv_variables, argv_kernel, argv_tpm, argv_network, argv_audio, argv_video, argv_consoles, argv_mounts, argv_balloon, argv_sandbox, argv_control,
};

static int
argv_check(const struct qemu_machine *m, const struct qemu_arch *arch, struct error *err)
{
	if (!arch)
		return error_set(err, ERR_UNSUPPORTED, "arch %s: QEMU guests are x86_64, aarch64, armv7l, ppc64le, riscv64 or s390x",
				 m->is.arch);
	if (m->is.cpus < 1 || m->is.memory_bytes < 1 << 20)
		return error_set(err, EINVAL, "a machine of %d cpus and %" PRIu64 " bytes of memory", m->is.cpus, m->is.memory_bytes);
	if (argv_given(m->tpm_socket) && !arch->tpm)
		return error_set(err, ERR_UNSUPPORTED, "tpm: not for %s", m->is.arch);
	if (!argv_given(m->is.net0.socket) && (m->is.ssh_port < 1 || m->is.ssh_port > 65535))
		return error_set(err, EINVAL, "ssh port %d", m->is.ssh_port);
	if (strchr(m->is.dir, '\n') || m->is.dir[0] != '/')
		return error_set(err, EINVAL, "%s: not an absolute path in one line", m->is.dir);
	return 0;
}

int
qemu_argv(const struct qemu_machine *m, struct arena *mem, const char ***argv, size_t *nargv, struct error *err)
{
	AUTO(args) a = { .m = m, .is = &m->is, .arch = qemu_arch_find(m->is.arch), .mem = mem };
	size_t n;

	if (argv_check(m, a.arch, err) < 0)
		return -1;
	for (size_t i = 0; i < m->nprogram; i++)
		argv_word(&a, m->program[i]);
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		order[i](&a);
	n = a.n;
	argv_word(&a, NULL);
	*argv = (void *)arena_memdup(mem, a.v, a.n * sizeof *a.v);
	*nargv = n;
	return 0;
}

bool
qemu_needs_firmware(const char *arch)
{
	const struct qemu_arch *a = qemu_arch_find(arch);

	return a && a->edk2;
}

const char *
qemu_firmware_package(const char *arch)
{
	const struct qemu_arch *a = qemu_arch_find(arch);

	return a && a->edk2_package ? a->edk2_package : "";
}

bool
qemu_boots_bare_kernel(const char *arch)
{
	const struct qemu_arch *a = qemu_arch_find(arch);

	return a && a->bare_kernel;
}

bool
qemu_has_legacy_bios(const char *arch)
{
	const struct qemu_arch *a = qemu_arch_find(arch);

	return a && a->legacy_bios;
}
