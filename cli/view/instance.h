/*
 * cli/view/instance.h - an instance as it is shown: what its folder, its lima.yaml and its
 * processes say now.
 *
 * Cheap by design, for `list` over a thousand of them: the filled configuration comes as
 * text from the state database as long as its stamp fits, and is only read where a
 * value is asked for.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "base/jsonspan.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "hostagent/protocol/status.h"

struct buf;
struct error;
struct state;

/* What many looks share. */
struct look {
	struct cli *cli;
	struct spec_opts opts;
	struct state *state;		/* NULL: cannot be opened; then each lima.yaml is read */
	char *common_stamp;
};

void look_begin(struct look *l, struct cli *c);
void look_release(struct look *l);

struct instance {
	struct arena arena;		/* of all below */
	const char *name, *dir;
	const char *hostname;		/* "" without a lima.yaml */
	const char *config;		/* filled, compact JSON; NULL: no lima.yaml, or a wrong one */
	const char *vm_type, *arch;	/* "" without config */
	struct status status;
	const char *message;		/* NULL: not evaluated yet; see instance_message() */
	const char **errors;
	size_t nerrors;
	bool has_yaml;
	const char *node;		/* of one that the engine of a fleet runs: the host that it is on, and its memory; NULL: it is of this host */
	unsigned long long node_memory;
	const char *proxy;		/* of the guest of such a one: what ssh runs to get there; NULL: it listens on this host */
	bool is_unknown;		/* its folder does not answer: nothing is known but what was recorded, and `errors` say so */
};

/* Never fails: what is wrong is in `errors`. There is a folder of that name. */
void instance_look(struct look *l, const char *name, struct instance *out);
/* For a command that looks at one. */
void instance_look_one(struct cli *c, const char *name, struct instance *out);
void instance_release(struct instance *i);
/* Looks where instance_look() would, in a process that may hang there. */
void instance_touch(struct look *l, const char *name);
/* Fails with one whose folder does not answer: what a command would have to look at first. */
int instance_check_known(const struct instance *i, struct error *err);
bool instance_is(const struct instance *i, const char *status);
/* Stopped, as clients are told, but never made to its end: it has a lima.yaml, and no disk yet. */
bool instance_is_half_made(const struct instance *i);

/* Of the configuration, by path: "ssh.localPort". */
struct json_span instance_config(const struct instance *i, const char *path);
/* "memory", "disk": in bytes; 0: none */
unsigned long long instance_bytes(struct instance *i, const char *key);
/* lima-version, trimmed; "" */
const char *instance_version(struct instance *i);
bool instance_protected(struct instance *i);
/* The message of lima.yaml with its expressions evaluated; "" */
const char *instance_message(struct look *l, struct instance *i);
/* One more thing that is wrong with it: it becomes Broken. */
void instance_fail(struct instance *i, const char *why);

/* Its errors as a JSON list of texts. */
void instance_errors_json(const struct instance *i, struct buf *out);
/*
 * One line of JSON, without the line's end, as `limactl list --json` prints it;
 * `deprecated`: with the keys HostOS, HostArch, LimaHome, IdentityFile.
 */
void instance_json(struct look *l, struct instance *i, bool deprecated, struct buf *out);
