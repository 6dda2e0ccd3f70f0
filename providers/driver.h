/*
 * providers/driver.h - what runs a machine: the seam between an instance and its hypervisor.
 *
 * One folder a driver, providers/drivers/NAME, and its half of the host agent in hostagent/drivers/NAME (hostagent/machine/
 * runtime.h). A driver has no policy: `vm` decides whether a machine is to run, the driver knows how. It is named by
 * `vmType`, and its process keeps a lock on DIR/NAME.pid for as long as it lives (providers/pidfile.h).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "providers/snapshots.h"

struct arena;
struct buf;
struct error;
struct launch;
struct machine;
struct process;
struct ssh_command;

/* Addresses of a driver's own network, which the first interface of a machine is on. */
struct driver_net {
	const char *guest, *host, *dns;
};

enum machine_stand { MACHINE_RUNS, MACHINE_STANDS, MACHINE_WAITS /* for its memory */ };

/*
 * What a machine holds in its memory, as a stream: out of one that stands still, and into one that was launched to wait for it
 * (machine.waits). Sockets are non-blocking and the caller's to close. A machine that stands still stays so until go_on().
 */
struct driver_memory {
	/* Could it be saved as it is now? ERR_UNSUPPORTED says what of it cannot be. */
	int (*check)(const char *dir, struct error *err);
	/*
	 * It stands still from now on, and says by `*from` what it holds, to the end of that. `*program`, in `a`: what says it. `apart`: not what
	 * is in machine.ram, which is what it holds as long as the machine stands still.
	 */
	int (*save)(const char *dir, bool apart, struct arena *a, const char **program, int *from, struct error *err);
	/* Has it said all, so that no disk is written any more? Waits for the answer. */
	int (*saved)(const char *dir, const volatile int *cancel, struct error *err);
	/* One that waits takes what was saved by `program` from `*to`. ERR_UNSUPPORTED: it does not understand what that says. */
	int (*load)(const char *dir, bool apart, const char *program, int *to, struct error *err);
	/* Has it all, and stands still? Waits for the answer. */
	int (*loaded)(const char *dir, const volatile int *cancel, struct error *err);
	int (*go_on)(const char *dir, struct error *err);
	int (*stand)(const char *dir, enum machine_stand *out, struct error *err);
	/* A connection to the port by which a guest of machine.parks waits (base/park.h); ENOENT: it has none. */
	int (*park)(const char *dir, struct error *err);
	/* Makes `m` of the parts that one had which was launched with these words, where what is wanted of it, or we, have changed since. */
	void (*was)(const char *const *words, size_t n, struct machine *m);
	/* Is that option, with its value, about this run alone, so that a machine with another one is the same? */
	bool (*is_of_run)(const char *option);
	bool in_file;		/* it knows machine.ram */
};

/*
 * What is changed of a machine while it runs. Each is done, and was asked for afterwards, when it returns; what is so already is left.
 * That the host agent speaks with the machine, too, is no matter.
 */
struct driver_live {
	/* Why nothing of that one can be, in words for the user; NULL: it can. Optional. */
	const char *(*why_not)(const char *dir);
	/* The disk that it boots from gets that size; it never gets smaller. */
	int (*grow_disk)(const char *dir, const struct image_disk *disk, int64_t bytes, struct error *err);
	/* A snapshot of that qcow2 alone, as the end of its power would leave it. */
	int (*keep_disk)(const char *dir, const struct image_disk *disk, const char *tag, struct error *err);
	/* Another disk, which the guest knows by its serial number (driver_disk_serial()); and without it. Detached is what was attached so. */
	int (*attach_disk)(const char *dir, const char *name, const struct image_disk *disk, struct error *err);
	int (*detach_disk)(const char *dir, const char *name, struct error *err);
	/* Why a machine that has that disk cannot do without it, in words for the user; NULL: it can. */
	const char *(*holds_disk)(const char *dir, const char *name);
	/* What its guest can have of memory at most, as long as it runs; and so much of it, once the guest has it. */
	int (*memory_most)(const char *dir, uint64_t *bytes, struct error *err);
	int (*set_memory)(const char *dir, uint64_t bytes, const volatile int *cancel, struct error *err);
	/* How many processors it has room for; and so many of them, of which none goes again. */
	int (*cpus_most)(const char *dir, int *most, struct error *err);
	int (*set_cpus)(const char *dir, int wanted, struct error *err);
};

struct driver {
	const char *name;
	const char *program;	/* whose --version tells what runs machines here; NULL: nobody needs to know */
	int start_ms;		/* until a machine that was started may take to be there; 0: the usual */
	struct driver_net net;
	const char *type_file;	/* of an instance's folder: the version of machine that it keeps from its first start on; NULL: it has none */
	const char *agent_port;		/* name of the guest agent's port, as the guest sees it; NULL: it can have none */
	/* Does such a machine boot with UEFI, which the user may replace? */
	bool (*boots_uefi)(const char *arch, bool legacy_bios);

	/* Does this host emulate the processor of such a machine, so that one of them keeps one of its own busy? NULL: it does not. */
	bool (*emulates)(const char *arch);

	/*
	 * Has this host what such a machine needs: the program, of the version that is asked for, firmware? For plans, so it
	 * runs the program only where a version is asked for. ENOENT: there is no program; ERR_UNSUPPORTED. The message says
	 * what to install. Of the machine: name, dir, arch, os, minimum_version, firmware, kernel (any text), legacy_bios, tpm,
	 * share_type, nshares, type.
	 */
	int (*check_host)(const struct machine *m, struct error *err);
	/*
	 * Turns a machine into its launch: fills l->machine (but for the driver's name), the companions, disks and sockets.
	 * Strings go to `a`. May run programs of the host to see what they can, and makes files that are its own in m->dir.
	 */
	int (*plan)(const struct machine *m, struct launch *l, struct arena *a, struct error *err);

	/* The process of an instance folder, held. `search`: also one that has not come to write its pid file yet. */
	bool (*find)(const char *dir, bool search, struct process *out);
	/* The power button of the guest; the end of the hypervisor. Success: it has heard it. Waits for seconds at most. */
	int (*press_button)(const char *dir, struct error *err);
	int (*quit)(const char *dir, struct error *err);
	/* Removes pid file and sockets of one that is gone. The console logs stay until the next start. */
	int (*sweep)(const char *dir, struct error *err);

	/* A command of root's in a guest that has no SSH, as ssh_run() does it; its file system is DIR/guest. NULL: there is SSH. */
	int (*run)(const char *dir, const struct ssh_command *c, int *status, struct error *err);

	const struct driver_memory *memory;	/* NULL: it can be had by nobody */
	const struct driver_live *live;		/* NULL: whatever is changed, it is started anew for */

	/* providers/snapshots.h; NULL: it has none. */
	int (*snapshots)(const char *dir, const struct image_disk *disk, struct buf *out, struct error *err);
	int (*snapshot)(const char *dir, const struct image_disk *disk, enum snapshot_verb verb, const char *tag, const volatile int *cancel,
			struct error *err);
	/* As what the launch of an earlier version of ours gave it a disk, whose path ends in `tail`; in `a`. NULL: not told. Optional. */
	const char *(*launched_format)(const char *dir, const char *tail, struct arena *a);
};

/* What a guest knows a data disk by that was attached while it ran; in `a`. */
const char *driver_disk_serial(const char *name, struct arena *a);

/* That of a `vmType`, which may be a program of somebody else, or of a launch; NULL: there is none of that name. */
const struct driver *driver_find(const char *name);
bool driver_is_ours(const char *name);
/* All of ours, NULL-terminated; the first is the usual one. Others are found by providers/external.h. */
const struct driver *const *driver_all(void);

/* Who runs the machine of that folder now, by the pid files; NULL: nobody. Costs a system call or two a driver. */
const struct driver *driver_of(const char *dir, pid_t *pid);
/*
 * The same for who must not take what cannot be looked at for absent: 1 somebody runs it, 0 nobody, -1. That the folder can be
 * looked at is known already.
 */
int driver_look(const char *dir, pid_t *pid, struct error *err);
/* What tells this run of its machine from any other, in `a`; NULL: it does not run. */
int driver_run(const char *dir, struct arena *a, const char **run, struct error *err);
/*
 * Climbs the ladder (providers/stop_ladder.h): power button for `grace_ms` (0: none), quit, SIGKILL. None running is
 * success. Returns when it is gone, and has then removed what it leaves behind. For limactl, when no host agent is there.
 */
int driver_stop(const char *dir, int grace_ms, const volatile int *cancel, struct error *err);
