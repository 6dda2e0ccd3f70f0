/*
 * hostagent/protocol/ha_client.h - limactl's side of the host agent: start it, ask it, stop it.
 *
 * The agent answers HTTP/1.1 on DIR/ha.sock (hostagent/api.c says what). Nothing
 * here polls: starting waits for the socket to appear or the process to end, being
 * ready is one request that is answered when it is so, stopping waits for the end of the process.
 * DIR is the instance folder, absolute, links resolved.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "hostagent/protocol/sshfs.h"

struct arena;
struct buf;
struct error;
struct forward_rule;
struct process;

enum ha_phase { HA_STARTING, HA_RUNNING, HA_DEGRADED, HA_STOPPING, HA_UNKNOWN };

#define HA_CONSOLE "console: "	/* in front of each line of the guest's console that an error has behind it */

struct ha_info {
	enum ha_phase phase;	/* HA_UNKNOWN: upstream's agent, which does not tell */
	int ssh_port;
	pid_t machine_pid;		/* 0: not told */
	long long since_ms;	/* of the phase, Unix time; 0: not told */
	const char *errors;	/* one a line; "". Lines that begin with HA_CONSOLE belong to the one before */
	bool only_scripts;	/* ... and all of these are of the guest's run of `provision` */
	const char *standstill;	/* why the machine does not run its guest, which had booted; "": it does */
	const char *waiting_for;	/* what it waits for now, while starting; "" */
	const struct ha_boot {
		const char *what;	/* how far the console says that the boot is, in the agent's words */
		long long at_ms;	/* since 1970 */
	} *boot;
	size_t nboot;
};

/* The agent's pid, or 0: by DIR/ha.pid (providers/pidfile.h). */
pid_t ha_pid(const char *dir);
/* The same, where not to know is not the same as none: -1. */
int ha_look(const char *dir, pid_t *pid, struct error *err);
/* The same process, held (base/process.h); false: none. */
bool ha_process(const char *dir, struct process *out);

struct ha_start {
	const char *program;	/* LIBEXEC/lima-hostagent */
	const char *dir, *name;
	bool debug;
	int timeout_ms;		/* 0: 30 s; until the machine answers */
	const volatile int *cancel;
};

/*
 * Starts the agent, which reads DIR/launch.json and starts the machine or takes over
 * the one that runs. Returns when the machine answers; the guest then boots. -1
 * with what went wrong in the agent's or the driver's own words; no agent is left then.
 * EADDRINUSE: the SSH port was taken by somebody in the meantime. EEXIST: there is an agent.
 */
int ha_start(const struct ha_start *s, struct error *err);

/* 0, or -1: ENOENT or ECONNREFUSED is "no agent there". Strings in `a`. */
int ha_info(const char *dir, struct arena *a, struct ha_info *out, struct error *err);
int ha_info_soon(const char *dir, struct arena *a, struct ha_info *out, struct error *err);	/* the same, within a second or not at all */
/*
 * Waits until the guest is ready (or not to be had): phase running or degraded,
 * or stopping with errors. ETIMEDOUT, ERR_CANCELLED.
 */
/* `within_s`: what a guest that is booting, or was late, may still take from now on; 0: what it was given */
int ha_wait_ready(const char *dir, int within_s, int timeout_ms, const volatile int *cancel,
		  struct arena *a, struct ha_info *out, struct error *err);

/* What a guest is waited for with, in the order of checking; strings in `a`. */
struct ha_condition {
	const char *group, *what, *hint;
	const char *state;	/* "met", "failed", "waiting" */
	const char *said;	/* what a probe that is waited for said last; "" */
	bool probe;		/* the user's own */
	const char *id;		/* of a probe: which (probe.h); "" of another one, or from an agent of an earlier version */
	int status;		/* ... and how it ended when it was asked last */
	double seconds;		/* until it was met; 0: it is not */
};
int ha_conditions(const char *dir, struct arena *a, struct ha_condition **out, size_t *n, struct error *err);
/* The same, once more than `settled` of them are met or failed, or none is waited for; an agent of another version answers at once. */
int ha_await_conditions(const char *dir, size_t settled, int timeout_ms, struct arena *a, struct ha_condition **out, size_t *n,
			struct error *err);

/* Has the agent read DIR/launch.json again, for what of it can change while the machine runs: names. */
int ha_reload(const char *dir, struct error *err);
/* Its connections into the guest are made anew: after the machine went back to a snapshot. */
int ha_resume(const char *dir, struct error *err);	/* one that stands still goes on; -1 with the driver's words */
int ha_reconnect(const char *dir, struct error *err);

/* Forwards of the running instance, by a name of the caller's: [A-Za-z0-9._-]{1,128}. */
int ha_put_forward(const char *dir, const char *id, const struct forward_rule *rule, struct error *err);
int ha_delete_forward(const char *dir, const char *id, struct error *err);	/* absent, with its agent too, is success */

struct ha_forward {
	const char *id;
	const char *rule;	/* compact JSON, as forward_rule_json() prints it */
	const char *state;	/* "listening", or "failed: WHY" */
};
int ha_forwards(const char *dir, struct arena *a, struct ha_forward **out, size_t *n, struct error *err);

/*
 * Folders of the host in the running guest, by sshfs, by a name as above. Putting
 * waits until the folder is mounted (`*state` is "mounted"), cannot be for now ("failed: WHY"), or
 * is part of what a booting guest is waited for with ("waiting"). Deleting waits until it is gone, with its agent if need be.
 */
int ha_put_mount(const char *dir, const char *id, const struct sshfs_mount *m, int timeout_ms, const volatile int *cancel,
		 struct arena *a, const char **state, struct error *err);
int ha_delete_mount(const char *dir, const char *id, const volatile int *cancel, struct error *err);

struct ha_mount {
	const char *id, *state;
	struct sshfs_mount mount;
};
int ha_mounts(const char *dir, struct arena *a, struct ha_mount **out, size_t *n, struct error *err);

/*
 * SIGTERM (the agent presses the power button and waits as launch.json says),
 * and wait for its end. 0: gone, or was not there. ETIMEDOUT, ERR_CANCELLED.
 */
int ha_stop(const char *dir, int timeout_ms, const volatile int *cancel, struct error *err);
/* SIGKILL, and wait for its end; the machine stays. */
int ha_kill(const char *dir, int timeout_ms, struct error *err);

/*
 * A connection to a command in the guest, which the guest agent runs: what is said there is guest/wire/exec_frame.h. -1: there is
 * none to be had, and why.
 */
int ha_command(const char *dir, struct error *err);

/* One request. `*status` is HTTP's; a message of the agent's is put into `err` for status >= 400. */
struct ha_request {
	const char *method, *path;
	const char *body;	/* JSON, or NULL */
	int timeout_ms;		/* 0: 10 s */
	const volatile int *cancel;
};
int ha_request(const char *socket, const struct ha_request *r, int *status, struct buf *out, struct error *err);
