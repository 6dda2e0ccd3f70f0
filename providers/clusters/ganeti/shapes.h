/*
 * providers/clusters/ganeti/shapes.h - what Ganeti's answers mean, and the questions in its words. Pure: no network, no clock.
 *
 * An answer is the word of a stranger: what is of another type is as if it were absent, a name that is no name is passed over.
 *
 * Whose a machine is stands in its tags, of which a change adds the new ones before it takes the old ones away, so each but the first has
 * its generation in it, and the highest counts:
 *	lima:fleet:FLEET   lima:GENERATION:digest:DIGEST   lima:GENERATION:key:KEY   lima:GENERATION:by:WHO
 * What a machine has from when it was made on has none:
 *	lima:user:NAME   lima:hostkey:BASE64   lima:told:DIGEST
 */
#pragma once
#include <cjson/cJSON.h>
#include "providers/cluster.h"

struct ganeti_instance {
	struct cluster_machine machine;
	bool known;			/* its node answers, or is said to be dead */
	bool off;			/* its node is marked offline */
	const char *mac, *link;		/* of its first interface, and the bridge of the node that it is on; "": Ganeti does not say */
	const char *user, *host_key;	/* of its guest: who logs in, and by what it is known, as "ssh-ed25519 AAAA..."; "": it was not told by us */
	int cpus;
	uint64_t memory;
	uint64_t running_memory;	/* what it was started with; 0: it does not run */
	uint64_t disk;			/* of the first */
	const char *image_digest;	/* what it was made of */
	const cJSON *tags;		/* all of them; as long as the answer */
};

/* False: this is no instance. */
bool ganeti_read_instance(const cJSON *json, struct arena *a, struct ganeti_instance *out);
/* Without those that are marked offline: somebody has said that they are dead, so nothing waits for them. */
void ganeti_read_nodes(const cJSON *json, struct cluster_view *v);
/* After the nodes: the machines on those that answer; and, as broken, those of nodes that are marked offline, which run nowhere. */
void ganeti_read_instances(const cJSON *json, struct cluster_view *v);

/* The tags of a job's generation, and those of ours that are older, or of another job. */
cJSON *ganeti_tags_new(const struct cluster_job *job);
cJSON *ganeti_tags_old(const struct ganeti_instance *i, const struct cluster_job *job);
/* Is it this job's, or one that has made the very same? The key that counts where two operators have claimed one generation at once: both come to the same. */
bool ganeti_tags_won(const struct ganeti_instance *i, const struct cluster_job *job);

/* `smallest`: what a disk of the cluster must have at least. */
cJSON *ganeti_create_body(const struct cluster_job *job, bool by_allocator, uint64_t smallest);
/* The least that a disk may have by the cluster's policy: out of what it says of itself. */
uint64_t ganeti_smallest_disk(const cJSON *info);
/* The address that an interface has on its link before anybody gave it one (RFC 4291, appendix A); false: that is no MAC. */
bool ganeti_link_local(const char *mac, char out[40]);

struct ganeti_job {
	enum { GANETI_JOB_WAITS, GANETI_JOB_DONE, GANETI_JOB_FAILED } state;
	const char *why;		/* of a failure, in Ganeti's words */
	const char *kind;		/* its kind: "already_exists"; "" */
	const char *node;		/* the first name in its result: where a dry run would put it; "" */
	const cJSON *log;		/* the entries of its first part, or NULL */
};
/* False: this is no job. */
bool ganeti_read_job(const cJSON *json, struct arena *a, struct ganeti_job *out);
/* The id of a job that is not done, and was begun for this key; NULL: none. */
const char *ganeti_find_job(const cJSON *jobs, const char *key, struct arena *a);
