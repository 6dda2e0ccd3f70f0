/*
 * reconciler/resource.h - what a resource type is.
 *
 * The only header of the reconciler that a file in resources/ needs (env.h apart).
 * A type says what is wanted (declare), what is there (observe) and how to get
 * from one to the other (ensure, remove). Whether to act, in what order and at
 * what price is not its business: the planner reads that from the tables below.
 *
 * resources/NAME.c defines `const struct resource_type resource_NAME`. The build
 * collects them; adding a type edits no other file.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/change_class.h"
#include "base/facts.h"

struct arena;
struct env;
struct error;
struct graph;
struct resource;
struct spec;
struct step;

/* What it costs to change an attribute, in rising order: the dearest wins. */
enum cost {
	COST_NONE,		/* recorded and shown, never compared: a pid */
	COST_UPDATE,		/* ensure() changes it in place */
	COST_REPLACE,		/* remove(), then ensure() */
	COST_REFUSE,		/* no way from here to there: the plan fails */
};

/* A difference in the user's own words: a key of lima.yaml. NULL: unset. */
struct detail {
	const char *what, *have, *want;
	const char *cost;	/* what it means for the instance; NULL: its resource's sign says that */
	bool moot;		/* it does nothing now */
	enum change_class cls;	/* CLASS_NOTHING, where nobody says */
	const char *had, *wanted;	/* the whole values, where `have` and `want` are shortened; NULL: unset, or they are not */
};
typedef void detail_say(void *ctx, const struct detail *d);

/* A download that is not here; bytes -1: nobody knows how many. `digest` "": none is known. */
typedef void lack_say(void *ctx, const char *location, const char *digest, int64_t bytes);

struct attr {
	const char *name;
	enum cost cost;
	/* where the values matter: a disk may grow but not shrink */
	enum cost (*judge)(const char *have, const char *want);
	const char *refusal;	/* why a COST_REFUSE is one, in words for the user; or NULL */
	bool once;		/* only a command wants it, in its own run: it is not recorded as wanted */
	enum attr_show { SHOW_TEXT, SHOW_BYTES, SHOW_DIGEST, SHOW_NEVER } show;
	/* The value is one of many parts: tells each that differs. `have` "": nothing is known. */
	void (*each)(const char *have, const char *want, detail_say *say, void *ctx);
	const char *key;	/* of lima.yaml, whose value this is: what type->detail tells of it is not told again */
	/*
	 * What was found is another than what was left: the yq expression by which lima.yaml says so too, in `a`; NULL: it cannot. And
	 * why it stays as it was found, where nothing brings it back; else NULL.
	 */
	const char *(*adopt)(const struct resource *r, struct arena *a);
	const char *stays;
	/*
	 * The attribute of `have` that is there while an update of this one is none for who needs it fresh: ensure() changes it under
	 * those, and they stay as they are. NULL: it never does.
	 */
	const char *live;
};

/* What follows for a resource when one that it needs is touched. */
enum need {
	NEED_BUILD,		/* wanted only while this is being made: disk on image */
	NEED_LIVE,		/* this falls when that falls: forward on vm */
	NEED_FRESH,		/* this is remade on any change of that: vm on cidata */
};

struct edge {
	struct resource *to;
	enum need need;
};

/* How long a thing lasts. The planner keeps it; who uses a thing is found by users.h. */
enum lifetime {
	OWNED,			/* an instance's: made and removed with it */
	SHARED_KEPT,		/* host-wide: wanted while a wanted one needs it, and stays when none does, until it is asked to go */
	SHARED_WHILE_USED,	/* host-wide: goes with the last that stands on it */
};

/* An instance that this run is not about, and that needs a thing. */
struct user {
	const char *owner;
	bool stands;		/* it would fall with it, now; else it only names it: it is stopped, or needs it while something is made */
};

/* May a thing that is asked to go be in use? */
enum if_used {
	USED_GOES,		/* whoever uses it */
	USED_REFUSED_STOOD_ON,	/* not while something stands on it */
	USED_REFUSED,		/* nor while an instance names it */
	USED_STAYS,		/* the same, but that is no error */
};

struct resource {
	const struct resource_type *type;
	const char *owner;	/* the instance it belongs to; "" for a host-wide one */
	const char *name;	/* unique in its type */
	const struct spec *spec;	/* of its instance; NULL when lima.yaml was not read: then no step is taken on it */
	struct facts want;	/* from lima.yaml */
	struct facts have;	/* from the world */
	struct facts how;	/* parameters of this run alone, for ensure() and observe(): never compared, never stored */
	bool wanted, present;
	bool unfinished;	/* a step on it began and never ended */
	bool looked;		/* it is observed in this run; what it needs, before it */
	bool told;		/* ... and not found as it was recorded */
	bool remake;		/* the goal asks for a new one: restart, factory-reset */
	bool again;		/* a command asks for a step on it, though it is as wanted */
	enum { TARGET_NOT, TARGET_NEEDED, TARGET_NAMED } target;	/* where only some is to be done: for whose sake this is */
	bool may_lose;		/* the goal gave up a precious thing in so many words */
	enum if_used if_used;	/* of a host-wide one that is asked to go */
	const struct user *users;	/* of one that may go: each instance once, those that stand on it first; in the graph's arena */
	size_t nusers;
	const struct error *wrong;	/* why nothing can be planned for its instance: it cannot be looked at, or is refused */

	struct edge *needs;	/* as just declared: orders what goes up. In the graph's arena, as the next */
	size_t nneeds, needs_cap;
	struct edge *stands_on;	/* as recorded when it was made: orders what comes down; `needs` itself while they are the same */
	size_t nstands_on, stands_on_cap;

	uint64_t at_stake;	/* of what is precious and goes: the bytes that are lost */
	struct step *down, *up;	/* the planner's verdict; NULL: nothing to do */
	bool decided;		/* ... is final, but for what follows from others */
	struct resource *next;	/* in the graph's index */
	unsigned mark;		/* the planner's */

	/* the engine's: what the database says */
	bool stale;		/* recorded, and nothing declares it any more */
	bool was_present;
	const char *was;	/* the facts, packed; NULL: no record */
	size_t was_len;
	/* of one that is declared anew: what was declared when it was recorded; in the graph's arena */
	bool was_wanted;
	const char *was_want;
	size_t was_want_len;
	struct edge *was_needs;
	size_t nwas_needs, was_needs_cap;
};

/* A step that was taken elsewhere, for one of ours. */
struct far_step {
	const char *place, *type, *name;
	bool removes;
	const char *error;	/* NULL: it went well */
	long long took_ms;
};

enum many_end { MANY_DONE, MANY_FAILED, MANY_LEFT };

/* Steps of a type that are begun together. */
struct many {
	const struct many_one {
		const struct resource *r;
		struct facts *have;	/* as for ensure(), in `a`; filled before it is told to be done */
		struct arena *a;
	} *v;
	size_t n;
	bool removes;		/* they go; else they are ensured */
	/*
	 * What became of one of them, as soon as that is known; `why` where it failed. MANY_LEFT: not begun, since one of these that it needs
	 * failed. In the thread of many(). Those that are not told of have ended as all of it.
	 */
	void (*over)(struct many *m, size_t i, enum many_end end, const struct error *why);
	void (*far)(struct many *m, const struct far_step *s);
};

static inline const char *
or_unset(const char *value)
{
	return value ? value : "unset";
}

struct resource_type {
	const char *name;
	const char *about;		/* what one is, as the end of "NAME is ..."; for `limactl explain` */
	const struct attr *attrs;	/* ends at a NULL name */
	size_t at_once;			/* steps of this type at the same time; 0: any number */
	const char *precious;		/* it holds the user's data: never removed or replaced unasked; this says who may ask */
	const char *forced_by;		/* host-wide: how it is taken away though an instance names it; for the user */
	/*
	 * It rests: what it lives on may come and go, and it holds what would be lost with it, as if it were precious. Then
	 * this says who may ask, in `a`; NULL: it does not. Optional.
	 */
	const char *(*rests)(const struct resource *r, struct arena *a);
	/* Why `r` may not be removed even when that is asked for; NULL: it may. What is precious and stands on it stays too. */
	const char *(*guard)(const struct resource *r);
	/*
	 * The attribute of `have` that is there while what was made of it keeps to it as it is, though another one is wanted: it is made
	 * anew when that comes down, and not before. Optional.
	 */
	const char *late;
	bool folds;			/* an instance may have many: those that are alike are one line of a plan */
	bool boots;			/* its steps up are an instance's boot, of which only so many are on their way at a time (walk.boots) */
	bool runs;			/* a restart makes it anew; one that runs stays up until it is asked to go */
	const char *known_by;		/* the attribute of `have` by which one that runs is told from an earlier one: believe.h. Or NULL */
	bool is_instance;		/* an instance begins and ends with it */
	const char *gone;		/* what has become of one that was removed, in a word; NULL: "removed" */
	bool kept_by_reset;		/* a factory-reset leaves it as it is */
	bool as_found;			/* no lima.yaml speaks of it: it is wanted where it is found, until a command says otherwise */
	bool away;			/* it is declared of instances that are on other hosts (spec->away), and of no others */
	bool fetches;			/* its steps may download */
	bool asks;			/* it is looked at by asking a process, which may take its time: many are asked at once */
	enum lifetime lifetime;
	const char *users;		/* the attribute of `have` that tells which instances use it, in a list "a, b": what the thing itself knows. NULL: none */

	/*
	 * Add the resources of this type that `spec` asks for, or that may exist for
	 * it: what could be there and is not wanted by spec->goal is declared with
	 * wanted = false, so that it is looked for. Strings must be the graph's
	 * (graph_arena), not spec's.
	 */
	int (*declare)(const struct spec *spec, const struct env *env, struct graph *g, struct error *err);
	/*
	 * Look, never touch, in a process that ends behind it: all that stays is `have`. 1 with it filled, 0 when absent, -1. On entry `have`
	 * holds the facts recorded last time: an unchanged stamp saves a second look. What
	 * `r` needs has been looked at before: see resource_needed().
	 */
	int (*observe)(const struct env *env, const struct resource *r,
		       struct facts *have, struct arena *a, struct error *err);
	/*
	 * Make it as r->want says, from whatever is there: nothing, something else, or
	 * what a crash left. Doing it twice is doing it once. Fills `have` as observe
	 * would. Runs in a worker thread; `a` is the worker's. NULL: one is never wanted, it can only go.
	 */
	int (*ensure)(const struct env *env, const struct resource *r,
		      struct facts *have, struct arena *a, struct error *err);
	/*
	 * Has this host what ensure() will need? Asked when the plan has it: to make it, to make it anew (`r->down`: before the old
	 * one goes) or to change it in place (`r->present`). `r->spec` is there. Looks, never touches. Optional.
	 */
	int (*check)(const struct env *env, const struct resource *r, struct error *err);
	/*
	 * Which files of the user's its step would read, by path, each with words that change with its bytes: a saved plan is
	 * stale when they have. Looks, never touches. Optional.
	 */
	void (*reads)(const struct env *env, const struct resource *r, struct facts *files, struct arena *a);
	/*
	 * What ensure() of it, which goes on meanwhile, is at just now, in a few words, in `a`; NULL: nobody knows. Looks, within a second. In
	 * a thread of its own. Optional.
	 */
	const char *(*doing)(const struct env *env, const struct resource *r, struct arena *a);
	/* Make it absent; already absent is success. In a worker thread. */
	int (*remove)(const struct env *env, const struct resource *r, struct error *err);
	/*
	 * Are both of one type better done in one? Then many() does in place of ensure() and remove(): all of them that may begin, and behind
	 * them those that need nothing else, which it is to keep in their order. An equivalence; one without mates at all is none of itself.
	 * They need the same shared things. Optional, both.
	 */
	bool (*together)(const struct resource *a, const struct resource *b, bool removes);
	int (*many)(const struct env *env, struct many *m, struct error *err);
	/* How many bytes of the user's are gone when it is removed. Looks, never touches. Of what is precious. */
	uint64_t (*at_stake)(const struct env *env, const struct resource *r);
	/*
	 * Of what `fetches`: calls `say` for each file that ensure() would have to download, and for none when all it needs is on
	 * this host. Bytes that nobody has checked are. Looks, never touches. Optional.
	 */
	int (*lacks)(const struct env *env, const struct resource *r, lack_say *say, void *ctx, struct error *err);
	const struct resource_type *ahead;	/* of an OWNED one that `fetches`: the host-wide type that stands for such a file, by its location, when it is fetched ahead */
	/* What the plan's readers want to know besides attrs: calls `say` for each difference. Looks, never touches. Optional. */
	void (*detail)(const struct resource *r, detail_say *say, void *ctx);
};

/* For declare(). The graph copies owner and name. Declared twice is one node, wanted if either says so. */
struct resource *graph_declare(struct graph *g, const struct resource_type *type,
			       const char *owner, const char *name, bool wanted);
struct arena *graph_arena(struct graph *g);
/* What `r` should be; copied. `value` NULL is ignored: no opinion. */
void resource_want(struct graph *g, struct resource *r, const char *attr, const char *value);
/* A parameter of this run; copied. */
void resource_how(struct graph *g, struct resource *r, const char *name, const char *value);
void resource_wantf(struct graph *g, struct resource *r, const char *attr, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Needs are by name and are resolved when all is declared; a need of something that nobody declares is an error. */
void resource_need(struct graph *g, struct resource *r, const char *type, const char *name, enum need need);
/* The same, if this run declares that at all: what another instance has, which may not be asked about. */
void resource_need_if(struct graph *g, struct resource *r, const char *type, const char *name, enum need need);

/* The same of all of a type that belong to that instance, whatever their names. */
void resource_need_each_if(struct graph *g, struct resource *r, const char *type, const char *owner, enum need need);

/* The resource of a type that `r` needs: its facts, for ensure(), and whether it is there. NULL if there is none. */
const struct resource *resource_needed(const struct resource *r, const char *type);

/* For observe(): the same as was recorded? Then have[stamp] is up to date and so is all the rest. */
bool facts_same_stamp(const struct facts *have, const char *stamp);
