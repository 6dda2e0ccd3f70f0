/*
 * tests/engine/world.h - a world in memory for the engine: resources of fake types, in pages that a child shares.
 *
 * What is wanted of an instance is a `struct design`; what is there is a `struct object` each. A child that is
 * killed in the middle of a step leaves the world as that step had it by then, as a real one would.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "reconciler/engine.h"
#include "reconciler/resource.h"

enum { DESIGN_NODES = 8, DESIGN_EDGES = 4, WORLD_OBJECTS = 48, WORLD_DESIGNS = 4, WORLD_NAME = 20 };

/*
 * KIND_PART can be changed in place and be replaced; KIND_LIVE ends by itself when what it lives on does; KIND_DATA is
 * precious and can only grow; KIND_SHARED is host-wide and kept.
 */
enum kind { KIND_PART, KIND_LIVE, KIND_DATA, KIND_SHARED, KINDS };

struct node {
	bool used;
	enum kind kind;
	bool when_running;	/* wanted only while the instance is to run */
	int u, r, size;		/* what costs an update, what a replacement, what can grow */
	struct node_need {
		int node;
		enum need need;
	} needs[DESIGN_EDGES];	/* of nodes in front of it */
	int nneeds;
};

struct design {
	char name[WORLD_NAME];	/* of the instance */
	enum goal goal;
	struct node node[DESIGN_NODES];
};

struct object {
	char name[WORLD_NAME];	/* "": free */
	enum kind kind;
	int u, r, size;
	unsigned born, version;	/* when it was made; how often it was changed since */
	char edges[64];		/* what it was made on, as the fact says it */
	struct made_on {
		char name[WORLD_NAME];
		enum kind kind;
		enum need need;
		unsigned born, version;
	} on[DESIGN_EDGES];
	int non;
};

struct world {
	struct design design[WORLD_DESIGNS];
	struct object object[WORLD_OBJECTS];
	unsigned clock;
	unsigned ensured, removed;	/* calls of the types' functions */
	int die_in;			/* the n-th half-done step from now kills the process; 0: none */
	bool fail_next;			/* the next ensure() fails */
	char sleeper[WORLD_NAME];	/* looking at the resource of that name takes so long; "": none */
	int sleep_ms;			/* -1: for ever */
	char broken[160];		/* the first rule of the engine that a call was found to break; "": none */
};

extern struct world *world;		/* one a test program: the types are constant tables */
extern const struct resource_type *const world_types[];

/* Maps `world`. A temporary folder for the database of each run; in memory where the host has such. */
void world_start(void);
void world_end(void);
/* No objects, no designs, no database. */
void world_reset(void);
void world_forget_database(void);
const char *world_home(void);

struct design *world_design(const char *name);		/* made if there is none yet */
struct object *world_find(enum kind kind, const char *name);	/* NULL: not there */
/* Ends without the engine's doing, as a process that dies. */
void world_lose(struct object *o);
/* Is it in use, and did what it lives on not end? */
bool world_is_there(const struct object *o);
/* Is what it was made on as it was then, as far as that matters? */
bool world_is_fresh(const struct object *o);
/* "vm-3" of node 3: how the resource of a node is called; shared ones are not the instance's. */
void world_node_name(char out[WORLD_NAME], const struct design *d, int node);

struct world_run {
	const struct design *design;	/* goal and name */
	const struct design *beside;	/* another one in the same run; or NULL */
	int look_ms;			/* as in struct engine */
	bool may_lose, remake;
	int kill_at;			/* as in engine_walk; only in a child */
	size_t jobs;
	bool dry;
	bool replan;			/* plan again behind the walk */
	size_t steps, left;		/* out: in the plan; in the one behind it */
	size_t unknown;			/* out: instances that did not answer */
	bool want_text;
	char *text;			/* out: explain_plan() of the last one, if wanted; to free */
};
/* Prepares, and unless it is dry walks, as cli/run.c does. -1 with the reason. */
int world_apply(struct world_run *r, struct error *err);
