/*
 * providers/drivers/qemu/qemu.h - from a machine, described plainly, to the words that start it.
 *
 * Pure but for qemu_find() and qemu_version(): no file is looked at. The order and the
 * values are those of upstream Lima, so that what we start is what its users
 * know (reference vector in tests/unit/providers/test_qemu.c), with these differences:
 *
 * - Every drive says format= and cache=. Without a format QEMU guesses from a
 *   header that the guest can write (CVE-2023-32684). cache=writeback is QEMU's
 *   own default, said so that no configuration file of the host turns it into
 *   "unsafe": what the guest flushes is fdatasync()ed, O_DIRECT is not needed.
 * - Commas in values are doubled: a path may hold any character but NUL.
 * - Emulated ARM gets pauth-impdef=on: the architected pointer authentication
 *   is a block cipher at every call, and halves the speed of an emulated guest.
 * - The guest agent has a virtio port here on every host, as upstream gives it one on Windows: nothing on it is encrypted.
 * - user-v2 and `socket:` networks are stream netdevs, not passed descriptors (QEMU >= 7.2).
 *
 * The process is identified by its arguments "-pidfile" "DIR/qemu.pid"
 * (providers/pidfile.h): no other instance has that path.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "providers/disk/image.h"

struct arena;
struct error;

/* The name of the guest agent's port, as the guest sees it. */
#define QEMU_AGENT_PORT "io.lima-vm.guest_agent.0"
/* Of the built-in user network: the guest, and this host as the guest sees it. */
#define QEMU_GUEST_IP "192.168.5.15"
#define QEMU_HOST_IP "192.168.5.2"

struct qemu_net {
	const char *socket;		/* of a switch that speaks length-prefixed frames */
	const char *mac;
};

struct qemu_mount {
	const char *tag, *path;
	const char *security_model;	/* 9p */
	int queue_size;			/* virtiofs; 0: 1024 */
	bool writable;
};

enum qemu_mount_type { QEMU_MOUNT_NONE, QEMU_MOUNT_9P, QEMU_MOUNT_VIRTIOFS };

/* on loopback, the first of ten that is free */
#define QEMU_VNC_DISPLAY "127.0.0.1:0,to=9"

/* Strings may be NULL or "" where there is none, unless said. */
struct qemu_machine {
	const char *const *program;	/* qemu_find(): binary and words of the user */
	size_t nprogram;
	int version[3];			/* qemu_version(); zeroed: taken to be 7.2.0 */
	const char *name, *dir;		/* of the instance; never NULL, dir absolute */
	const char *arch;		/* x86_64, aarch64, armv7l, ppc64le, riscv64, s390x */
	const char *accel;		/* accel_name(): "kvm" or "tcg" */
	const char *cpu;		/* overrides the model */
	int cpus;
	uint64_t memory_bytes;

	const char *firmware_code;	/* pflash image, or NULL */
	const char *firmware_vars;	/* a variable store of the instance's own, or NULL: none */

	struct image_disk disk;	/* formats by our own records; never NULL */
	const char *iso;		/* boot from it */
	const struct image_disk *data_disks;
	size_t ndata_disks;
	const char *cidata;
	const char *kernel, *initrd, *cmdline;
	const char *tpm_socket;

	int ssh_port;			/* on 127.0.0.1, to port 22 of the guest; without net0_socket */
	const char *mac;		/* of the first interface; never NULL */
	const char *net0_socket;	/* user-v2: the first interface is on this switch instead of slirp */
	const struct qemu_net *nets;	/* further interfaces */
	size_t nnets;

	const char *audio_device, *audio_interface;
	const char *display, *vnc_display;	/* display: none by default; vnc_display: QEMU_VNC_DISPLAY */

	bool sandbox;			/* qemu_probe(): its own list of system calls */
	unsigned run_as;		/* qemu_confine(): whom it becomes before the guest runs; 0: nobody else */
	uint64_t capabilities;		/* qemu_confine(): bits of CAP() that it may have when it starts */

	bool agent_port;		/* a virtio port for the guest agent, on DIR/ga.sock */

	enum qemu_mount_type mount_type;
	const struct qemu_mount *mounts;
	size_t nmounts;
};

/* Fills argv[0..*nargv) and a NULL behind it, all in `a`. ERR_UNSUPPORTED, EINVAL. */
int qemu_argv(const struct qemu_machine *m, struct arena *a,
	      const char ***argv, size_t *nargv, struct error *err);

/*
 * The program for an architecture: $QEMU_SYSTEM_X86_64 and its like, split into
 * words as a shell would (no expansions), else qemu-system-* in PATH; words[0]
 * is a full path. ENOENT, with the name of the Debian package in the message.
 */
int qemu_find(const char *arch, struct arena *a, const char ***words, size_t *nwords, struct error *err);

/* As `PROGRAM --version` says. Runs it: 20 ms. */
int qemu_version(const char *program, int version[3], struct error *err);
/* The same, and in `sandbox` whether it was built with a list of system calls of its own. */
int qemu_probe(const char *program, int version[3], bool *sandbox, struct error *err);

/*
 * Fills in what QEMU may do on this host, from all the rest of `m`. Root gives root up: once everything is open QEMU becomes
 * a user of the instance's own who has nothing on this host. It remains root, without capabilities, where it opens files
 * by name later on: 9p, sockets that it dials again, the screen, sound; with those that 9p's `passthrough` is made of.
 */
void qemu_confine(struct qemu_machine *m);
/* That user's number: one for each folder of an instance, of those that belong to nobody. */
unsigned qemu_user(const char *dir);

/*
 * UEFI code of the host for an architecture, the first that exists; NULL if it
 * has none or there is none. `vars` gets the matching template of a variable
 * store, or NULL. Strings in `a`.
 */
const char *qemu_firmware(const char *arch, const char *program, struct arena *a, const char **vars);

/* Does the architecture boot by itself, without a file of ours (SLOF, s390-ccw)? */
bool qemu_needs_firmware(const char *arch);
bool qemu_has_legacy_bios(const char *arch);
const char *qemu_firmware_package(const char *arch);	/* of Debian, with that firmware; "" */
