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
 *   "unsafe": what the guest flushes is fdatasync()ed, O_DIRECT is not needed. What is written says auto-read-only=off.
 * - Commas in values are doubled: a path may hold any character but NUL.
 * - Emulated ARM gets pauth-impdef=on: the architected pointer authentication
 *   is a block cipher at every call, and halves the speed of an emulated guest.
 * - The guest agent has a virtio port here on every host, as upstream gives it one on Windows: nothing on it is encrypted.
 * - The machine type has a version, kept in the instance, and the memory is an object with a name: what a machine saves can be
 *   loaded by the QEMU that comes after an upgrade.
 * - `socket:` networks are stream netdevs and user-v2 ones datagrams, not passed descriptors (QEMU >= 7.2).
 *
 * The process is identified by its arguments "-pidfile" "DIR/qemu.pid"
 * (providers/pidfile.h): no other instance has that path.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "providers/machine.h"

struct arena;
struct error;

/* The name of the guest agent's port, as the guest sees it. */
#define QEMU_AGENT_PORT "io.lima-vm.guest_agent.0"
#define QEMU_PARK_SOCKET "park.sock"
#define QEMU_BALLOON "virtio-balloon-"	/* and its bus */
/* Of slirp, the built-in user network: the guest, this host and its name server as the guest sees them. lima-vm/lima: pkg/networks/const.go */
#define QEMU_GUEST_IP "192.168.5.15"
#define QEMU_HOST_IP "192.168.5.2"
#define QEMU_DNS_IP "192.168.5.3"

/* on loopback, the first of ten that is free */
#define QEMU_VNC_DISPLAY "127.0.0.1:0,to=9"

/* A machine, and what QEMU on this host makes of it (plan.c). */
struct qemu_machine {
	struct machine is;
	const char *const *program;	/* qemu_find(): binary and words of the user */
	size_t nprogram;
	int version[3];			/* qemu_version(); zeroed: taken to be 7.2.0 */
	const char *type;		/* qemu_machine_type(): pc-q35-7.2; NULL: as QEMU calls the newest one */
	int most_cpus;			/* the same: for how many processors it has room; 0: nobody has said */
	const char *accel;		/* accel_name(): "kvm" or "tcg" */
	const char *firmware_code;	/* pflash image, or NULL */
	const char *firmware_vars;	/* a variable store of the instance's own, or NULL: none */
	const char *cmdline;		/* of the kernel */
	const char *tpm_socket;
	bool sandbox;			/* qemu_probe(): its own list of system calls */
	unsigned run_as;		/* qemu_confine(): whom it becomes before the guest runs; 0: nobody else */
	uint64_t capabilities;		/* qemu_confine(): bits of CAP() that it may have when it starts */
	unsigned run_as_group;
	bool switches_by_fd;		/* qemu_confine(): the folders of the switches' ports are open for it, since it can reach none by name */
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

/*
 * Fills in m->type by what the instance keeps: the version of QEMU under which it was first started, as long as this host's has
 * that. A machine that runs since before there were such files keeps what it has until its next start. The file's second line is "cpus N":
 * how many this host had then. It stays, since what a machine has said of its memory is understood only by one with as much room; an instance
 * of an earlier version has none, for the snapshots that it may have.
 */
#define QEMU_TYPE_FILE "machine.type"
int qemu_machine_type(struct qemu_machine *m, struct arena *a, struct error *err);

/* As `PROGRAM --version` says. Runs it: 20 ms. */
/* A list of `-cpu help` without that name (features behind it) is ERR_INVALID, with the one that was meant; `words` are those of qemu_find(). */
int qemu_check_cpu(const char *const *words, size_t nwords, const char *cpu, struct error *err);
int qemu_version(const char *program, int version[3], struct error *err);
/* The same, and in `sandbox` whether it was built with a list of system calls of its own. */
int qemu_probe(const char *program, int version[3], bool *sandbox, struct error *err);

/*
 * Fills in what QEMU may do on this host, from all the rest of `m`. Root gives root up: once everything is open QEMU becomes
 * a user of the instance's own who has nothing on this host, or the owner of the folders that it serves by 9p. It remains root, without
 * capabilities, where it opens files by name later on: folders of root's or of several users, sockets of somebody's switch that it dials
 * again, the screen, sound; with those that 9p's `passthrough` is made of. Switches of ours it finds by a folder that is open.
 */
void qemu_confine(struct qemu_machine *m);
/*
 * All that it can open, whoever it is, as launch.h has it, in `a`. None where that cannot be told: with a screen or sound, whose
 * libraries open what they like, and with words of the user's own ($QEMU_SYSTEM_*).
 */
const char *const *qemu_files(const struct qemu_machine *m, struct arena *a, size_t *n);
/* The same of its TPM's, which has one folder of its own (struct launch_companion). */
const char *const *qemu_files_of_tpm(const char *program, struct arena *a, size_t *n);
/* The folders of the switches' ports, as launch.h has them, in `a`. */
const char *const *qemu_folders(const struct qemu_machine *m, struct arena *a, size_t *n);
/* A window or sound: their libraries open what they like, when they like. */
bool qemu_has_desktop(const struct machine *m);
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
bool qemu_boots_bare_kernel(const char *arch);	/* a kernel that QEMU loads itself, without UEFI */
const char *qemu_firmware_package(const char *arch);	/* of Debian, with that firmware; "" */
