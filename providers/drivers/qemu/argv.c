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
#include "base/quote/quote.h"
#include "providers/drivers/qemu/arch.h"

/* The argument list as it grows. */
struct args {
	const struct qemu_machine *m;
	const struct machine *is;	/* what of it is nobody's in particular */
	const struct qemu_arch *arch;
	struct arena *mem;
	const char **v;		/* on the heap until it is complete */
	size_t n, cap;
};

static void
args_release(struct args *a)
{
	free(a->v);
}

static bool
given(const char *s)
{
	return s && *s;
}

static void
word(struct args *a, const char *s)
{
	GROW(a->v, a->n, a->cap);
	a->v[a->n++] = s;
}

/* Options that QEMU takes once: the user's words ($QEMU_SYSTEM_*) win over ours. */
static bool
taken(const struct args *a, const char *option)
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

static void add(struct args *a, const char *option, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
add(struct args *a, const char *option, const char *fmt, ...)
{
	va_list ap;

	if (taken(a, option))
		return;
	word(a, option);
	va_start(ap, fmt);
	word(a, arena_vprintf(a->mem, fmt, ap));
	va_end(ap);
}

/* A value inside an option list. */
static const char *
val(struct args *a, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	quote_option(&b, s);
	return arena_strdup(a->mem, b.s);
}

static const char *
in_dir(struct args *a, const char *name)
{
	return val(a, arena_printf(a->mem, "%s/%s", a->is->dir, name));
}

static void
memory(struct args *a)
{
	add(a, "-m", "%" PRIu64, a->is->memory_bytes >> 20);
	if (a->is->share_type != SHARE_VIRTIOFS)
		return;
	/* the mount daemon maps the guest's memory */
	add(a, "-object", "memory-backend-file,id=virtiofs-shm,size=%" PRIu64 ",mem-path=/dev/shm,share=on",
	    a->is->memory_bytes);
	add(a, "-numa", "node,memdev=virtiofs-shm");
}

static bool
emulated(const struct args *a)
{
	return strcmp(a->m->accel, "tcg") == 0;
}

/* SeaBIOS speaks on the serial port, where its word is heard, only if it is told that there is no screen. */
static const char *
without_screen(const struct args *a)
{
	bool bios = strcmp(a->arch->name, "x86_64") == 0 && !given(a->m->firmware_code);

	return bios && (!given(a->is->display) || strcmp(a->is->display, "none") == 0) ? ",graphics=off" : "";
}

static void
processor(struct args *a)
{
	add(a, "-cpu", "%s", given(a->is->cpu) ? a->is->cpu : emulated(a) ? a->arch->cpu_tcg : "host");
	if (emulated(a) && strcmp(a->arch->name, "x86_64") == 0) {
		add(a, "-machine", "%s,vmport=off%s", a->arch->machine, without_screen(a));
		add(a, "-accel", "tcg,thread=multi,tb-size=512");
		add(a, "-global", "ICH9-LPC.disable_s3=1");
		add(a, "-global", "ICH9-LPC.disable_s4=1");
	} else {
		add(a, "-machine", "%s,accel=%s%s", a->arch->machine, a->m->accel, without_screen(a));
	}
	add(a, "-smp", "%d,sockets=1,cores=%d,threads=1", a->is->cpus, a->is->cpus);
}

static void
firmware(struct args *a)
{
	if (given(a->m->firmware_code))
		add(a, "-drive", "if=pflash,format=raw,readonly=on,file=%s", val(a, a->m->firmware_code));
	add(a, "-device", "qemu-xhci,id=usb-bus");
}

static const char *
drive(struct args *a, const struct image_disk *d)
{
	return arena_printf(a->mem, "file=%s,format=%s,cache=writeback%s", val(a, d->path), d->format, image_base_options(d, a->mem));
}

static void
disks(struct args *a)
{
	const struct machine *m = a->is;

	if (given(m->disk.path) && given(m->iso)) {
		add(a, "-drive", "%s,if=virtio,discard=on", drive(a, &m->disk));
	} else if (given(m->disk.path)) {
		add(a, "-drive", "%s,if=none,discard=on,id=boot-disk", drive(a, &m->disk));
		add(a, "-device", "%s,drive=boot-disk,bootindex=1", a->arch->block);
	}
	add(a, "-boot", "order=%s,splash-time=0,menu=on", given(m->iso) ? "d" : "c");
	if (given(m->iso))
		add(a, "-drive", "file=%s,format=raw,media=cdrom,readonly=on", val(a, m->iso));
	for (size_t i = 0; i < m->ndata_disks; i++)
		add(a, "-drive", "%s,if=virtio,discard=on", drive(a, &m->data_disks[i]));
	if (!given(m->cidata))
		return;
	add(a, "-drive", "id=cdrom0,if=none,format=raw,readonly=on,file=%s", val(a, m->cidata));
	add(a, "-device", "virtio-scsi,id=scsi0");
	add(a, "-device", "scsi-cd,bus=scsi0.0,drive=cdrom0");
}

/* Behind the disks: a snapshot's memory goes to the first drive that can have one. */
static void
variables(struct args *a)
{
	if (given(a->m->firmware_code) && given(a->m->firmware_vars))
		add(a, "-drive", "if=pflash,unit=1,format=qcow2,file=%s", val(a, a->m->firmware_vars));
}

static void
kernel(struct args *a)
{
	if (given(a->is->kernel))
		add(a, "-kernel", "%s", a->is->kernel);
	if (given(a->m->cmdline))
		add(a, "-append", "%s", a->m->cmdline);
	if (given(a->is->initrd))
		add(a, "-initrd", "%s", a->is->initrd);
}

static void
tpm(struct args *a)
{
	if (!given(a->m->tpm_socket))
		return;
	add(a, "-chardev", "socket,id=chrtpm,path=%s", val(a, a->m->tpm_socket));
	add(a, "-tpmdev", "emulator,id=tpm0,chardev=chrtpm");
	add(a, "-device", "%s,tpmdev=tpm0", a->arch->tpm);
}

/* On a switch: QEMU dials again by itself, from the version on that can. */
static void
stream(struct args *a, size_t i, const char *socket)
{
	const int *v = a->m->version;
	const char *again = v[0] > 9 || (v[0] == 9 && v[1] >= 2) ? ",reconnect-ms=500" : v[0] >= 8 ? ",reconnect=1" : "";

	add(a, "-netdev", "stream,id=net%zu,server=off,addr.type=unix,addr.path=%s%s", i, val(a, socket), again);
}

static void
network(struct args *a)
{
	const struct machine *m = a->is;

	if (given(m->net0_socket))
		stream(a, 0, m->net0_socket);
	else
		add(a, "-netdev", "user,id=net0,net=192.168.5.0/24,dhcpstart=" QEMU_GUEST_IP ",hostfwd=tcp:127.0.0.1:%d-:22",
		    m->ssh_port);
	add(a, "-device", "%s,netdev=net0,mac=%s", a->arch->net, m->mac);
	for (size_t i = 0; i < m->nnets; i++) {
		stream(a, i + 1, m->nets[i].socket);
		add(a, "-device", "%s,netdev=net%zu,mac=%s", a->arch->net, i + 1, m->nets[i].mac);
	}
	add(a, "-device", "virtio-rng-pci");
}

static void
audio(struct args *a)
{
	const struct machine *m = a->is;
	const char *device = given(m->audio_device) ? m->audio_device : "none";
	const int *v = a->m->version;
	bool at_least_8_2 = v[0] > 8 || (v[0] == 8 && v[1] >= 2);

	if (strcmp(device, "default") == 0)
		device = "pa";
	add(a, "-audiodev", "%s,id=snd0", device);
	if (strcmp(device, "none") == 0)
		return;
	if (given(m->audio_interface) && strcmp(m->audio_interface, "virtio") == 0 && at_least_8_2) {
		add(a, "-device", "virtio-sound-pci,audiodev=snd0");
		return;
	}
	add(a, "-device", "ich9-intel-hda");
	add(a, "-device", "hda-output,audiodev=snd0");
}

static void
video(struct args *a)
{
	const char *display = given(a->is->display) ? a->is->display : "none";
	bool vnc = strcmp(display, "vnc") == 0;

	if (vnc)
		add(a, "-display", "vnc=%s,password=on", given(a->is->vnc_display) ? a->is->vnc_display : QEMU_VNC_DISPLAY);
	else
		add(a, "-display", "%s", display);
	if (strcmp(display, "none") == 0) {
		add(a, "-vga", "none");
	} else {
		add(a, "-device", "%s", a->arch->vga);
		add(a, "-device", "virtio-keyboard-pci");
		add(a, "-device", "%s", vnc ? "virtio-tablet-pci" : "virtio-mouse-pci");
	}
	add(a, "-parallel", "none");
}

static void
console(struct args *a, const char *id, const char *stem)
{
	add(a, "-chardev", "socket,id=%s,path=%s.sock,server=on,wait=off,logfile=%s.log", id, in_dir(a, stem), in_dir(a, stem));
}

static void
consoles(struct args *a)
{
	console(a, "char-serial", "serial");
	add(a, "-serial", "chardev:char-serial");
	if (a->arch->pci_serial) {
		console(a, "char-serial-pci", "serialp");
		add(a, "-device", "pci-serial,chardev=char-serial-pci");
	}
	console(a, "char-serial-virtio", "serialv");
	add(a, "-device", "virtio-serial-pci,id=virtio-serial0,max_ports=%d",
	    a->arch->virtio_serial_ports + a->is->agent_port);
	add(a, "-device", "virtconsole,chardev=char-serial-virtio,id=console0");
	if (!a->is->agent_port)
		return;
	add(a, "-chardev", "socket,id=char-agent,path=%s,server=on,wait=off", in_dir(a, "ga.sock"));
	add(a, "-device", "virtserialport,chardev=char-agent,id=agent0,name=" QEMU_AGENT_PORT);
}

static void
mounts(struct args *a)
{
	for (size_t i = 0; i < a->is->nshares; i++) {
		const struct machine_share *t = &a->is->shares[i];

		if (a->is->share_type == SHARE_9P) {
			add(a, "-virtfs", "local,mount_tag=%s,path=%s,security_model=%s%s", t->tag, val(a, t->path),
			    given(t->security_model) ? t->security_model : "none", t->writable ? "" : ",readonly=on");
		} else if (a->is->share_type == SHARE_VIRTIOFS) {
			add(a, "-chardev", "socket,id=char-virtiofs-%zu,path=%s", i,
			    in_dir(a, arena_printf(a->mem, "virtiofsd-%zu.sock", i)));
			add(a, "-device", "vhost-user-fs-pci,queue-size=%d,chardev=char-virtiofs-%zu,tag=%s",
			    t->queue_size ? t->queue_size : 1024, i, t->tag);
		}
	}
}

/* Who is to become somebody else cannot give that up before; afterwards it has no capability to do it with. */
static void
sandbox(struct args *a)
{
	if (a->m->sandbox)
		add(a, "-sandbox", "on,obsolete=deny,elevateprivileges=%s,spawn=deny,resourcecontrol=deny",
		    a->m->run_as ? "allow" : "deny");
	if (a->m->run_as)
		add(a, "-runas", "%u:%u", a->m->run_as, a->m->run_as);
}

static void
control(struct args *a)
{
	add(a, "-chardev", "socket,id=char-qmp,path=%s,server=on,wait=off", in_dir(a, "qmp.sock"));
	add(a, "-qmp", "chardev:char-qmp");
	add(a, "-name", "lima-%s", a->is->name);
	add(a, "-pidfile", "%s/qemu.pid", a->is->dir);
}

/* The order is upstream's, and the guest sees it: positions name disks and interfaces. */
static void (*const order[])(struct args *) = {
	memory, processor, firmware, disks, variables, kernel, tpm, network, audio, video, consoles, mounts, sandbox, control,
};

static int
check(const struct qemu_machine *m, const struct qemu_arch *arch, struct error *err)
{
	if (!arch)
		return error_set(err, ERR_UNSUPPORTED, "arch %s: QEMU guests are x86_64, aarch64, armv7l, ppc64le, riscv64 or s390x",
				 m->is.arch);
	if (m->is.cpus < 1 || m->is.memory_bytes < 1 << 20)
		return error_set(err, EINVAL, "a machine of %d cpus and %" PRIu64 " bytes of memory", m->is.cpus, m->is.memory_bytes);
	if (given(m->tpm_socket) && !arch->tpm)
		return error_set(err, ERR_UNSUPPORTED, "tpm: not for %s", m->is.arch);
	if (!given(m->is.net0_socket) && (m->is.ssh_port < 1 || m->is.ssh_port > 65535))
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

	if (check(m, a.arch, err) < 0)
		return -1;
	for (size_t i = 0; i < m->nprogram; i++)
		word(&a, m->program[i]);
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		order[i](&a);
	n = a.n;
	word(&a, NULL);
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
qemu_has_legacy_bios(const char *arch)
{
	const struct qemu_arch *a = qemu_arch_find(arch);

	return a && a->legacy_bios;
}
