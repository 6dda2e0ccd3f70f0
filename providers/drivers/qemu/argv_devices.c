/* What is plugged into a machine: disks, networks, sound, screen, consoles, folders. */
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/park.h"
#include "providers/drivers/qemu/arch.h"
#include "providers/drivers/qemu/args.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/launch.h"

/*
 * Without auto-read-only=off, QEMU opens a disk by its name again whenever nobody writes it for a while, as with a machine whose
 * memory is saved: then it is a user who cannot open it any more.
 */
static const char *
argv_drive(struct args *a, const struct image_disk *d)
{
	return arena_printf(a->mem, "file=%s,format=%s,cache=writeback,auto-read-only=off%s", argv_val(a, d->path), d->format, image_base_options(d, a->mem));
}

void
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

void
argv_variables(struct args *a)
{
	if (argv_given(a->m->firmware_code) && argv_given(a->m->firmware_vars))
		argv_add_one(a, "-drive", "if=pflash,unit=1,format=qcow2,auto-read-only=off,file=%s", argv_val(a, a->m->firmware_vars));
}

void
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

void
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

void
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

void
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
	argv_add_one(a, "-chardev", "socket,id=%s,path=%s.sock,server=on,wait=off,logfile=%s.log", id, argv_in_dir(a, stem), argv_in_dir(a, stem));
}

/* Its guest may be one of several that were the same once: it learns that from the second device, too, if it has a driver for it. */
static void
argv_park(struct args *a)
{
	if (!a->is->parks)
		return;
	argv_add_one(a, "-chardev", "socket,id=char-park,path=%s,server=on,wait=off", argv_in_dir(a, QEMU_PARK_SOCKET));
	argv_add_one(a, "-device", "virtserialport,chardev=char-park,id=park0,name=" PARK_PORT);
	argv_add_one(a, "-device", "vmgenid,guid=auto");
}

void
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
		argv_add_one(a, "-chardev", "socket,id=char-agent,path=%s,server=on,wait=off", argv_in_dir(a, "ga.sock"));
		argv_add_one(a, "-device", "virtserialport,chardev=char-agent,id=agent0,name=" QEMU_AGENT_PORT);
	}
	argv_park(a);
}

void
argv_mounts(struct args *a)
{
	for (size_t i = 0; i < a->is->nshares; i++) {
		const struct machine_share *t = &a->is->shares[i];

		if (a->is->share_type == SHARE_9P) {
			argv_add_one(a, "-virtfs", "local,mount_tag=%s,path=/proc/self/fd/%zu,security_model=%s%s", t->tag, LAUNCH_FOLDER_FD + i,
			    argv_given(t->security_model) ? t->security_model : "none", t->writable ? "" : ",readonly=on");
		} else if (a->is->share_type == SHARE_VIRTIOFS) {
			argv_add_one(a, "-chardev", "socket,id=char-virtiofs-%zu,path=%s", i,
			    argv_in_dir(a, arena_printf(a->mem, "virtiofsd-%zu.sock", i)));
			argv_add_one(a, "-device", "vhost-user-fs-pci,queue-size=%d,chardev=char-virtiofs-%zu,tag=%s",
			    t->queue_size ? t->queue_size : 1024, i, t->tag);
		}
	}
}
