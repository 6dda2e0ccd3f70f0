/*
 * providers/cluster.h - an engine: what runs the members of a fleet on other hosts than this one. The seam between a fleet and its cluster.
 *
 * One folder an engine, providers/clusters/NAME, with `const struct cluster_engine cluster_NAME`. It is named by `engine.type` of a
 * fleet file. Six verbs, and no policy: the resource type `remote` decides what is to be, the engine knows how. (The reconciler's
 * engine is another thing: so all names in here say `cluster`.)
 *
 * What each engine promises:
 *	- a node, or a whole cluster, that does not answer is *unknown*, never absent: observe() says so of the node;
 *	- a job is known by its key: the same job submitted twice is done once, whoever was killed in between;
 *	- with the machine, where it runs, is kept whose it is: fleet, generation, digest, key. So nothing of it need be known here;
 *	- a job that rests on an older generation than there is now is refused (ERR_STALE), with what moved and by whom;
 *	- every call ends: within `deadline_ms` for an answer, or when `*cancel` is set.
 * Calls may come from several threads, each with a `struct cluster` of its own.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/engine_conf.h"
#include "base/mem.h"

struct buf;
struct error;

struct cluster {
	const struct cluster_engine *engine;
	const struct engine_conf *conf;
	const char *home;		/* $LIMA_HOME: its folder CLUSTER_FOLDER is the engines' */
	const char *version;		/* of us: with an older one nobody speaks */
	int deadline_ms;		/* of an answer; 0: the usual, CLUSTER_DEADLINE_MS */
	const volatile int *cancel;	/* or NULL */
	void *own;			/* the engine's, from open() to close() */
};

enum { CLUSTER_DEADLINE_MS = 10000 };
#define CLUSTER_FOLDER "_engines"

struct cluster_hello {
	const char *version;		/* of the oldest that answers; "": none does */
	bool waits;			/* jobs go on when we are gone: poll() finds them again by their id */
};

struct cluster_node {
	const char *name;
	bool answers;
	const char *why;		/* it does not answer, in words; else "" */
	const char *version;		/* "": unknown */
	uint64_t memory;		/* for members, all of it; 0: unknown */
	uint64_t memory_free, disk_free;
	const struct engine_label *labels;
	size_t nlabels;
};

enum cluster_status { MACHINE_IS_STOPPED, MACHINE_IS_RUNNING, MACHINE_IS_BROKEN };

/* An instance on a node; what has no `fleet` is somebody's own. */
struct cluster_machine {
	const char *name, *node;
	enum cluster_status status;
	uint64_t memory;
	const char *fleet, *digest, *key, *by;	/* "": nothing was noted */
	long long generation;			/* 0: nothing was noted */
	const char *off;			/* its node is said to be dead, in words: so it runs nowhere; or NULL */
	const char *told;			/* what its guest was told when it was made, cluster_told.digest; "" or NULL: nobody knows */
};

/* What there is; strings are the arena's. */
struct cluster_view {
	struct arena arena;
	struct cluster_node *nodes;		/* all of the configuration, in its order, whether they answer or not */
	size_t nnodes;
	struct cluster_machine *machines;	/* of those that answer, by node */
	size_t nmachines;
	struct cluster_node *lost;		/* which nobody waits for, since somebody has said that they are dead: `why` says since when */
	size_t nlost;
};

void cluster_view_release(struct cluster_view *v);
const struct cluster_node *cluster_view_node(const struct cluster_view *v, const char *name);	/* NULL: none */
/* The first of that name; `after` NULL, or the one that was found last. */
const struct cluster_machine *cluster_view_machine(const struct cluster_view *v, const char *name, const struct cluster_machine *after);

/* A machine that is to be; place() says where one goes that is nowhere yet. */
struct cluster_want {
	const char *name;
	const char *pin;		/* the node it must be on; "": any */
	const char *group;		/* with `spread`: no two of a group on a node, as long as there are nodes */
	bool spread;
	uint64_t memory;
	const struct engine_label *labels;	/* that a node must have */
	size_t nlabels;
	const char *node;		/* out; NULL: nowhere. One that is given is kept, and counts for its group */
	const char *why;		/* out: why nowhere, in the view's arena */
};

enum cluster_verb { CLUSTER_RUN, CLUSTER_STOP, CLUSTER_REMOVE };

/* What the guest of a new machine is told, where no limactl is on its node: who is to log in, by which keys, and what it is to do. */
struct cluster_told {
	const char *volume;	/* an ISO 9660 that cloud-init finds by its label, by gzip. The guest's host key and what its scripts hold are in it: a secret */
	size_t len, unpacked;	/* bytes of that, and of the ISO */
	const char *mac;	/* of its interface, as the volume has it */
	const char *user;	/* who logs in */
	const char *host_key;	/* "ssh-ed25519 AAAA...": by which it is known */
	const char *digest;	/* of what its configuration says of it; short, and of no secret that could be guessed */
};

struct cluster_job {
	const char *key;		/* what makes it the same job again */
	enum cluster_verb verb;		/* made, if need be, and running; the same, and stopped; gone */
	const char *name, *node, *fleet, *digest;
	long long expects;		/* the generation that this rests on; 0: there is no such machine */
	long long generation;		/* what it becomes */
	const char *by;			/* who asks: user@host */
	const char *text;		/* its lima.yaml, embedded; NULL to remove */
	size_t len;
	const char *const *after;	/* members of its fleet, wherever they are, that it depends on */
	size_t nafter;

	/* the same in parts, for who does not run limactl */
	int cpus;
	uint64_t memory, disk;
	const char *image, *image_digest;	/* location and digest of the first of its architecture; "" */
	const struct cluster_told *told;	/* of one that is new; or NULL */
	bool moves;			/* it is on another node, and is to go to this one, with what is on its disk */
	int timeout_ms;			/* for all of it; 0: as long as it takes */
	/* cpus, memory and disk 0, and no image: a machine that is there stays what it is, and runs or does not. */
};

/* What a job tells on its way. */
struct cluster_event {
	enum { EVENT_SAID, EVENT_WARNED, EVENT_STEP } kind;
	const char *text;		/* of a step: why it failed; NULL: it went well */
	const char *type, *name;	/* of a step that has ended there: what it was on */
	bool removes;
	long long took_ms;
};
typedef void cluster_tell(void *ctx, const struct cluster_event *e);

enum shard_end { SHARD_DONE, SHARD_FAILED, SHARD_LEFT };

/* Jobs of one node that are given to it in one. All make, or all remove. */
struct cluster_shard {
	const char *node;
	const struct cluster_job *jobs;
	size_t n;
	/* As soon as it is known of a job. SHARD_LEFT: not begun, since one of these that it depends on failed. `why` where it failed: ERR_STALE as of submit(). */
	void (*over)(void *ctx, size_t i, enum shard_end end, const struct error *why);
	cluster_tell *tell;		/* of all of them; of a step, whose it is stands in its name */
	void *ctx;
};

/* How the user's ssh gets to a machine. */
struct cluster_endpoint {
	const char *const *argv;	/* to a host whose limactl knows the machine by its name: ssh, its options and the destination,
					 * NULL-terminated; a command is one word behind it. NULL: the way ends in the guest, and is below */
	const char *user, *host_key;	/* who is let in; by which key it is known, and no other */
	const char *proxy, *node;	/* what ssh runs to get there (ProxyCommand), of plain words; and by which node that goes */
};

struct cluster_engine {
	const char *name;
	/* Keys of lima.yaml that it cannot keep, each with what to do instead; ends at a NULL key. Or NULL. */
	const struct cluster_lack { const char *key, *why; } *lacks;
	bool lazy;		/* it calls into the lazy half, which is to be there before open() */
	bool fetches;		/* its nodes fetch the first image themselves: by URL and digest, or not at all */
	bool moves;		/* a machine that is to be on another node goes there as it is */
	bool tells;		/* no limactl is there: a new guest is told by job->told what it is to be */

	/* Takes c->conf, which is checked here as far as no table says it; asks nobody. Optional. */
	int (*open)(struct cluster *c, struct error *err);
	void (*close)(struct cluster *c);

	/* Who is there, and what can it? -1: nobody answers. */
	int (*hello)(struct cluster *c, struct cluster_hello *out, struct arena *a, struct error *err);
	/* All nodes at once, each with its own deadline. -1 only where there is nobody to be asked; else silence is a node's. */
	int (*observe)(struct cluster *c, struct cluster_view *out, struct error *err);
	/* A dry run: fills node or why of each. Nothing is changed, nor kept. */
	int (*place)(struct cluster *c, struct cluster_view *v, struct cluster_want *wants, size_t n, struct error *err);
	/*
	 * Gives the job to who does it. `*id`, in `a`: its name there, "" where there is none; it is kept before poll() is called. The
	 * job may be done when this returns. ERR_STALE: see above. ETIMEDOUT: it is not known whether it was taken; the same again is safe.
	 */
	int (*submit)(struct cluster *c, const struct cluster_job *job, struct arena *a, const char **id, struct error *err);
	/* Until it is done; 0 as wanted. Also of a job that a run before this one has begun. */
	int (*poll)(struct cluster *c, const struct cluster_job *job, const char *id, cluster_tell *tell, void *ctx, struct error *err);
	/*
	 * In place of submit() and poll(), for who has it: one errand for all of a node. Each is done by itself, as if it came alone, but that one
	 * goes behind those of these that it depends on, and is left if they fail. 0: each was told of; -1: of the others it is
	 * known only that this came of it.
	 */
	int (*submit_all)(struct cluster *c, const struct cluster_shard *s, struct error *err);
	/* The way to one that is there. */
	int (*endpoint)(struct cluster *c, const struct cluster_machine *m, struct arena *a, struct cluster_endpoint *out, struct error *err);
};

const struct cluster_engine *cluster_find(const char *type);	/* NULL: none of that name */
/* "hosts, ganeti" */
const char *cluster_types(struct arena *a);
/* Looks the type up and opens; to be closed. */
int cluster_open(struct cluster *c, const struct engine_conf *conf, const char *home, const char *version, const volatile int *cancel,
		 struct error *err);
void cluster_release(struct cluster *c);

/*
 * Where ours is the placement (`hosts`): pins, then first fit decreasing by memory over the nodes that answer and have the labels; what is
 * on a node already counts. As place().
 */
int cluster_first_fit(struct cluster_view *v, struct cluster_want *wants, size_t n);

/* What is known of a member, and where it goes. */
struct cluster_member {
	const char *name;
	const char *recorded;			/* the node that it was on when we last knew; "" */
	bool gone;				/* it is not wanted any more: where it is, if it is */
	struct cluster_want want;
	const struct cluster_machine *found;	/* out: as it is; NULL: it is nowhere, or unknown */
	const char *node;			/* out: where it is, or goes; NULL: see why */
	const char *why;			/* out: nothing of it can be planned, in words; or NULL */
	bool unknown;				/* out: ... since what does not answer may have it */
};

/*
 * Where the members of `fleet` are, and where those go that are nowhere. No member is made twice: one that is not found is placed only
 * where nothing that does not answer can have it. Strings are the view's.
 */
int cluster_locate(struct cluster *c, struct cluster_view *v, const char *fleet, struct cluster_member *m, size_t n, struct error *err);
