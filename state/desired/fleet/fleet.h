/*
 * state/desired/fleet/fleet.h - a fleet file: one text that stands for many lima.yaml, and for what is between them.
 *
 *	fleet.yaml --fleet_read--> names, edges, networks, and of each member an ordinary template
 *
 * A member's template is text that was cut out of the fleet file: every line of it knows where it stood, so what is wrong with a
 * member is told by line and column of the fleet file. From there on it goes the way of any other template. What the keys mean:
 * fleet.yaml(5). A fleet owns all its strings (one arena); for one thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "state/desired/spec/networks.h"
#include "state/desired/spec/spec.h"
#include "state/desired/yaml/yaml.h"

struct error;
struct key;
struct template;

struct engine_conf;
struct engine_host;
struct engine_label;

/* Where an engine is to run a member; only with an engine. */
struct fleet_placement {
	const char *host;		/* the node it must be on; "": any */
	const char *group;		/* "": that of its key */
	bool spread, ephemeral;
	const struct engine_label *labels;	/* that a node must have */
	size_t nlabels;
	bool ignore;			/* `remote: ignore`: what the engine cannot keep of its lima.yaml is left out */
};

struct fleet_member {
	const char *name;		/* of the instance, with the prefix */
	const char *key;		/* as it stands in the file: "web-{1..3}" */
	const char *short_name;		/* without the prefix */
	const char *group;		/* what the members of one key are called together: "web" */
	int index, count;		/* .Index and .Count */
	bool protect, is_protect_given;
	struct spec_depend *depends;	/* by the names of instances */
	size_t ndepends;
	struct fleet_placement at;
	struct text_place place;	/* of its key */
	const struct node *text;	/* its keys of lima.yaml */
};

struct fleet {
	struct arena arena;
	const char *name;		/* with the prefix: what a member remembers */
	const char *file;		/* as in messages */
	const char *home_file;		/* absolute, to be remembered; "" for what is no file */
	struct fleet_member *members;	/* in the order of the file */
	size_t nmembers;
	struct network *networks;	/* made for the fleet; names with the prefix */
	size_t nnetworks;
	double memory_part;		/* capacity.memory: of the host's, at most; 0: not given */
	uint64_t memory_most;		/* the same in bytes */
	const struct engine_conf *engine;	/* that runs the members elsewhere; NULL: they are of this host */
	struct text_place engine_place;

	/* the rest is for state/desired/fleet only */
	const struct node *defaults;	/* of all members, or NULL */
	const char *locator;
	struct fleet_param *param;
	size_t nparam;
	size_t prefix_len;
};

/* A parameter that the command line gives, in place of the file's. */
struct fleet_param {
	const char *name, *value;
};

/* Does the text have `instances` at its top? Anything that cannot be read is no fleet. */
bool fleet_is(const char *text, size_t len);
/*
 * Reads the text of `t` (template_read). Complaints are told as those of a lima.yaml (spec_load); ERR_INVALID. `given` beats what
 * the file says; one that the file does not have is an error.
 */
int fleet_read(struct fleet *out, const struct template *t, const struct fleet_param *given, size_t ngiven,
	       const struct spec_opts *opts, struct error *err);
void fleet_release(struct fleet *f);
/* What the other members know it by, beside its own name: without namePrefix; "" where there is none. */
const char *fleet_short_name(const struct fleet *f, const struct fleet_member *m);
/* The template of a member: expressions evaluated, bases and `defaults` merged in, as template_load() leaves one. */
int fleet_template(struct template *out, const struct fleet *f, const struct fleet_member *m, const struct spec_opts *opts,
		   struct error *err);

/* Is the template of the one that of the other, to the byte: of one key, and nothing of it is said by an expression? */
bool fleet_template_is_same(const struct fleet *f, const struct fleet_member *one, const struct fleet_member *other);

/* Instances that run and are not of the fleet: what they claim is taken. `members` have only a name and a place. */
struct fleet_others {
	const struct fleet_member *members;
	struct spec *const *specs;
	size_t n;
};

/*
 * Is there something that two members claim, or one of them and another instance: a port or socket of the host, a data disk, a
 * hardware address? `specs` are the members' own, in their order; `others` may be NULL. Complaints name both lines; ERR_INVALID.
 * Also of instances that are in no fleet: with members that have a name and no key.
 */
int fleet_check_claims(const struct fleet *f, struct spec *const *specs, const struct fleet_others *others, const struct spec_opts *opts,
		       struct error *err);

/* [ssh://][USER@]ADDRESS[:PORT] to user, address and port; strings in `a`. False: it is something else. */
bool fleet_read_ssh(struct arena *a, const char *text, struct engine_host *out);
/*
 * Does a member's own text, or what was merged into it, have one of these keys (ends at NULL), which its engine cannot keep? `why` says of each
 * what to do instead. Complaints are placed; ERR_INVALID. Members with `remote: ignore` have said that it does not matter.
 */
struct fleet_lack {
	const char *key, *why;
};
int fleet_check_lacks(const struct fleet *f, struct spec *const *specs, const struct fleet_lack *lacks, const struct spec_opts *opts,
		      struct error *err);

/* --- the tables: of the file, and of what a member has besides the keys of lima.yaml */
extern const struct key fleet_root, fleet_member_key;
