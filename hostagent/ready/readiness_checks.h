/*
 * hostagent/ready/readiness_checks.h - the conditions of a guest that is ready, by what the machine was launched with, and the
 * commands by which the guest tells of them.
 *
 * Three groups, as upstream has them: essential (it can be worked with), optional (probes of the user, containerd), final
 * (the boot scripts are through). In the order of checking; probes come before the final group.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/mem.h"

struct cJSON;
struct launch;
struct launch_probe;

struct item {
	const char *group, *what, *hint;
	const char *marker;	/* a file that must hold the instance id; or */
	const char *condition;	/* a command of a POSIX shell that must succeed; or neither: a probe, or the connection */
	const struct launch_probe *probe;
	const char *command;	/* the probe's, once it was made */
	enum { TOLD_NOT, TOLD_SSH, TOLD_SESSION, TOLD_DONE } told;	/* what a guest agent may tell of it */
	bool agent;		/* the guest agent must have answered */
	bool copies;		/* copyToHost is done, when nothing else is missing */
	bool once;		/* a condition that will not change: no waiting for it */
	bool mounts;		/* the mounts that limactl put are settled, one way or the other */
	const char *errors;	/* a file with a line for each thing that went wrong until `marker` was there */
	const char *check;	/* definitions of a function `shared`, which must succeed, or says why not in $why */
	bool met, failed;
	int status;		/* how the probe ended last; 0 where it was not asked yet, too */
	uint64_t met_ms;	/* so long after the waiting began */
};

struct require_items {
	struct item items[12];
	struct item *probes;
	size_t nitems, nprobes;
	struct arena mem;	/* the caller's to release */
};

/* `by_driver`: the driver knows by itself when its guest is ready (hostagent/machine/runtime.h): nothing is asked in it. */
void require_items(struct require_items *r, const struct launch *l, bool by_driver);
/* Other probes than before, by copies; one whose script is as it was keeps its answer. */
void require_probes(struct require_items *r, const struct launch_probe *v, size_t n);
bool require_settled(const struct item *it);
/* The first that is still waited for; NULL. */
const struct item *require_pending(const struct require_items *r);
bool require_essential_settled(const struct require_items *r);
size_t require_count_settled(const struct require_items *r);
bool require_any_failed(const struct require_items *r);
bool require_script_needed(const struct require_items *r);	/* is there anything for it to wait for? */
/*
 * For the guest's login shell: waits for what is not settled yet, and says on lines "met N" as it comes true, "never N
 * WHY" where it cannot, "wrong WHAT" for what went wrong in the boot scripts. In the arena.
 */
const char *require_script(struct require_items *r, const char *iid);
/*
 * [{"group","what","hint","probe","id","status","state","seconds","said"}], in the order of checking: state is "met", after so many seconds,
 * "failed" or "waiting"; `said` is what the probe that is waited for said last, `id` and `status` are of probes (protocol/probe.h).
 */
struct cJSON *require_conditions(const struct require_items *r, const char *said);
/* A probe, whose script the command reads on its standard input. */
const char *require_probe_command(struct require_items *r, const char *script);
