/*
 * hostagent/protocol/status.h - is the machine of an instance folder running?
 *
 * Told from processes (pid files whose owner is alive, providers/pidfile.h) and
 * from the host agent's own answer, never from a file alone. Exactly the words
 * that clients of lima-vm/lima know: detail goes elsewhere.
 */
#pragma once
#include <sys/types.h>
#include "hostagent/protocol/ha_client.h"

struct arena;

struct status {
	const char *word;		/* "Running", "Suspended", "Stopped" or "Broken" */
	pid_t agent, hypervisor;	/* 0: not running */
	int ssh_port;			/* the agent's, else the one that ssh.config keeps; 0: none yet */
	struct ha_info info;		/* of a running agent; phase HA_UNKNOWN: none */
	const char *error;		/* why it is Broken; NULL */
};

/*
 * `dir` absolute; `vm_type` as in lima.yaml. Strings in `a`. With no process there this
 * costs a few system calls; with one, a request to the agent (at most 3 s).
 */
void status_look(const char *dir, const char *vm_type, struct arena *a, struct status *out);
