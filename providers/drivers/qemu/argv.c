#include "providers/drivers/qemu/qemu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/park.h"
#include "base/quote/quote.h"
#include "providers/drivers/qemu/arch.h"
#include "providers/launch.h"

/* The argument list as it grows. */
struct args {
	const struct qemu_machine *m;
	const struct machine *is;	/* what of it is nobody's in particular */
	const struct qemu_arch *arch;
	struct arena *mem;
	const char **v;		/* on the heap until it is complete */
	size_t n, cap;
	size_t ports;		/* of switches, so far */
};

static void
args_release(struct args *a)
{
	free(a->v);
}

static bool
argv_given(const char *s)
{
	return s && *s;
}

static void
argv_word(struct args *a, const char *s)
{
	GROW(a->v, a->n, a->cap);
	a->v[a->n++] = s;
}

/* Options that QEMU takes once: the user's words ($QEMU_SYSTEM_*) win over ours. */
static bool
argv_taken(const struct args *a, const char *option)
{
	static const char *const once[] = {
		"-m", "-object", "-numa", "-cpu", "-machine", "-accel", "-smp", "-boot", "-kernel", "-append", "-initrd",
		"-display", "-sandbox", "-runas",
	};

	for (size_t i = 0; i < ARRAY_LEN(once); i++)
		if (strcmp(once[i], option) == 0)
			for (size_t k = 1; k < a->m->nprogram; k++)
				if (strcmp(a->m->program[k], option) == 0)
					return true;
	return false;
}

static void argv_add_one(struct args *a, const char *option, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
argv_add_one(struct args *a, const char *option, const char *fmt, ...)
{
	va_list ap;

	if (argv_taken(a, option))
		return;
	argv_word(a, option);
	va_start(ap, fmt);
	argv_word(a, arena_vprintf(a->mem, fmt, ap));
	va_end(ap);
}

/* A value inside an option list. */
static const char *
argv_val(struct args *a, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	quote_option(&b, s);
	return arena_strdup(a->mem, b.s);
}

static const char *
in_dir(struct args *a, const char *name)
{
	return argv_val(a, arena_printf(a->mem, "%s/%s", a->is->dir, name));
}

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
without_screen(const struct args *a)
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
		argv_add_one(a, "-machine", "%s,vmport=off%s%s", argv_type(a), backend, without_screen(a));
		argv_add_one(a, "-accel", "tcg,thread=multi,tb-size=512");
		argv_add_one(a, "-global", "ICH9-LPC.disable_s3=1");
		argv_add_one(a, "-global", "ICH9-LPC.disable_s4=1");
	} else {
		argv_add_one(a, "-machine", "%s,accel=%s%s%s", argv_type(a), a->m->accel, backend, without_screen(a));
	}
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

/*
 * Without auto-read-only=off, QEMU opens a disk by its name again whenever nobody writes it for a while, as with a machine whose
 * memory is saved: then it is a user who cannot open it any more.
 */
static const char *
argv_drive(struct args *a, const struct image_disk *d)
{
	return arena_printf(a->mem, "file=%s,format=%s,cache=writeback,auto-read-only=off%s", argv_val(a, d->path), d->format, image_base_options(d, a->mem));
}

static void
argv_disks(struct args *a)
{
	const struct machine *m = a->is;

	if (argv_given(m->disk.path) && argv_given(m->iso)) {
		argv_add_one(a, "-drive", "%s,if=virtio,discard=on", argv_drive(a, &m->disk));
	} else if (argv_given(m->disk.path)) {
		argv_add_one(a, "-drive", "%s,if=none,discard=on,id=boot-disk", argv_drive(a, &m->disk));
		argv_add_one(a, "-device", "%s,drive=boot-disk,bootindex=1", a->arch->block);
	}
	argv_add_one(a, "-boot", "order=%s,splash-time=0,menu=on", argv_given(m->iso) ? "d" : "c");
	if (argv_given(m->iso))
		argv_add_one(a, "-drive", "file=%s,format=raw,media=cdrom,readonly=on", argv_val(a, m->iso));
	for (size_t i = 0; i < m->ndata_disks; i++)
		argv_add_one(a, "-drive", "%s,if=virtio,discard=on", argv_drive(a, &m->data_disks[i]));
	if (!argv_given(m->cidata))
		return;
	argv_add_one(a, "-drive", "id=cdrom0,if=none,format=raw,readonly=on,file=%s", argv_val(a, m->cidata));
	argv_add_one(a, "-device", "virtio-scsi,id=scsi0");
	argv_add_one(a, "-device", "scsi-cd,bus=scsi0.0,drive=cdrom0");
}

/* Behind the disks: a snapshot's memory goes to the first drive that can have one. */
static void
argv_variables(struct args *a)
{
	if (argv_given(a->m->firmware_code) && argv_given(a->m->firmware_vars))
		argv_add_one(a, "-drive", "if=pflash,unit=1,format=qcow2,auto-read-only=off,file=%s", argv_val(a, a->m->firmware_vars));
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

static void
argv_tpm(struct args *a)
{
	if (!argv_given(a->m->tpm_socket))
		return;
	argv_add_one(a, "-chardev", "socket,id=chrtpm,path=%s", argv_val(a, a->m->tpm_socket));
	argv_add_one(a, "-tpmdev", "emulator,id=tpm0,chardev=chrtpm");
	argv_add_one(a, "-device", "%s,tpmdev=tpm0", a->arch->tpm);
}

/* On a switch: QEMU dials again by itself, from the version on that can. */
static void
argv_stream(struct args *a, size_t i, const char *socket)
{
	const int *v = a->m->version;
	const char *again = v[0] > 9 || (v[0] == 9 && v[1] >= 2) ? ",reconnect-ms=500" : v[0] >= 8 ? ",reconnect=1" : "";

	argv_add_one(a, "-netdev", "stream,id=net%zu,server=off,addr.type=unix,addr.path=%s%s", i, argv_val(a, socket), again);
}

/* Where its end of the port is for this QEMU. */
static const char *
argv_port(struct args *a, const char *socket)
{
	size_t place = LAUNCH_FOLDER_FD + (a->is->share_type == SHARE_9P ? a->is->nshares : 0) + a->ports++;

	return a->m->switches_by_fd ? arena_printf(a->mem, "/proc/self/fd/%zu%s", place, strrchr(socket, '/')) : socket;
}

/* By datagrams, each to a name: whoever binds that name next takes the place of a switch that is gone. */
static void
argv_switch(struct args *a, size_t i, const struct machine_net *n)
{
	if (argv_given(n->local))
		argv_add_one(a, "-netdev", "dgram,id=net%zu,local.type=unix,local.path=%s,remote.type=unix,remote.path=%s", i, argv_val(a, n->local),
			     argv_val(a, argv_port(a, n->socket)));
	else
		argv_stream(a, i, n->socket);
}

/* Big packets cost less, and our switch takes them. The guest learns it from the device. */
static const char *
argv_mtu(const struct machine_net *n)
{
	return argv_given(n->local) ? ",host_mtu=65000" : "";
}

static void
argv_network(struct args *a)
{
	const struct machine *m = a->is;

	if (argv_given(m->net0.socket))
		argv_switch(a, 0, &m->net0);
	else
		argv_add_one(a, "-netdev", "user,id=net0,net=192.168.5.0/24,dhcpstart=" QEMU_GUEST_IP ",hostfwd=tcp:127.0.0.1:%d-:22",
		    m->ssh_port);
	argv_add_one(a, "-device", "%s,netdev=net0,mac=%s%s", a->arch->net, m->mac, argv_mtu(&m->net0));
	for (size_t i = 0; i < m->nnets; i++) {
		argv_switch(a, i + 1, &m->nets[i]);
		argv_add_one(a, "-device", "%s,netdev=net%zu,mac=%s%s", a->arch->net, i + 1, m->nets[i].mac, argv_mtu(&m->nets[i]));
	}
	argv_add_one(a, "-device", "virtio-rng-pci");
}

static void
argv_audio(struct args *a)
{
	const struct machine *m = a->is;
	const char *device = argv_given(m->audio_device) ? m->audio_device : "none";
	const int *v = a->m->version;
	bool at_least_8_2 = v[0] > 8 || (v[0] == 8 && v[1] >= 2);

	if (strcmp(device, "default") == 0)
		device = "pa";
	argv_add_one(a, "-audiodev", "%s,id=snd0", device);
	if (strcmp(device, "none") == 0)
		return;
	if (argv_given(m->audio_interface) && strcmp(m->audio_interface, "virtio") == 0 && at_least_8_2) {
		argv_add_one(a, "-device", "virtio-sound-pci,audiodev=snd0");
		return;
	}
	argv_add_one(a, "-device", "ich9-intel-hda");
	argv_add_one(a, "-device", "hda-output,audiodev=snd0");
}

static void
argv_video(struct args *a)
{
	const char *display = argv_given(a->is->display) ? a->is->display : "none";
	bool vnc = strcmp(display, "vnc") == 0;

	if (vnc)
		argv_add_one(a, "-display", "vnc=%s,password=on", argv_given(a->is->vnc_display) ? a->is->vnc_display : QEMU_VNC_DISPLAY);
	else
		argv_add_one(a, "-display", "%s", display);
	if (strcmp(display, "none") == 0) {
		argv_add_one(a, "-vga", "none");
	} else {
		argv_add_one(a, "-device", "%s", a->arch->vga);
		argv_add_one(a, "-device", "virtio-keyboard-pci");
		argv_add_one(a, "-device", "%s", vnc ? "virtio-tablet-pci" : "virtio-mouse-pci");
	}
	argv_add_one(a, "-parallel", "none");
}

static void
argv_console(struct args *a, const char *id, const char *stem)
{
	argv_add_one(a, "-chardev", "socket,id=%s,path=%s.sock,server=on,wait=off,logfile=%s.log", id, in_dir(a, stem), in_dir(a, stem));
}

/* Its guest may be one of several that were the same once: it learns that from the second device, too, if it has a driver for it. */
static void
argv_park(struct args *a)
{
	if (!a->is->parks)
		return;
	argv_add_one(a, "-chardev", "socket,id=char-park,path=%s,server=on,wait=off", in_dir(a, QEMU_PARK_SOCKET));
	argv_add_one(a, "-device", "virtserialport,chardev=char-park,id=park0,name=" PARK_PORT);
	argv_add_one(a, "-device", "vmgenid,guid=auto");
}

static void
argv_consoles(struct args *a)
{
	argv_console(a, "char-serial", "serial");
	argv_add_one(a, "-serial", "chardev:char-serial");
	if (a->arch->pci_serial) {
		argv_console(a, "char-serial-pci", "serialp");
		argv_add_one(a, "-device", "pci-serial,chardev=char-serial-pci");
	}
	argv_console(a, "char-serial-virtio", "serialv");
	argv_add_one(a, "-device", "virtio-serial-pci,id=virtio-serial0,max_ports=%d",
	    a->arch->virtio_serial_ports + a->is->agent_port + a->is->parks);
	argv_add_one(a, "-device", "virtconsole,chardev=char-serial-virtio,id=console0");
	if (a->is->agent_port) {
		argv_add_one(a, "-chardev", "socket,id=char-agent,path=%s,server=on,wait=off", in_dir(a, "ga.sock"));
		argv_add_one(a, "-device", "virtserialport,chardev=char-agent,id=agent0,name=" QEMU_AGENT_PORT);
	}
	argv_park(a);
}

static void
argv_mounts(struct args *a)
{
	for (size_t i = 0; i < a->is->nshares; i++) {
		const struct machine_share *t = &a->is->shares[i];

		if (a->is->share_type == SHARE_9P) {
			argv_add_one(a, "-virtfs", "local,mount_tag=%s,path=/proc/self/fd/%zu,security_model=%s%s", t->tag, LAUNCH_FOLDER_FD + i,
			    argv_given(t->security_model) ? t->security_model : "none", t->writable ? "" : ",readonly=on");
		} else if (a->is->share_type == SHARE_VIRTIOFS) {
			argv_add_one(a, "-chardev", "socket,id=char-virtiofs-%zu,path=%s", i,
			    in_dir(a, arena_printf(a->mem, "virtiofsd-%zu.sock", i)));
			argv_add_one(a, "-device", "vhost-user-fs-pci,queue-size=%d,chardev=char-virtiofs-%zu,tag=%s",
			    t->queue_size ? t->queue_size : 1024, i, t->tag);
		}
	}
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
	argv_add_one(a, "-chardev", "socket,id=char-qmp,path=%s,server=on,wait=off", in_dir(a, "qmp.sock"));
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
