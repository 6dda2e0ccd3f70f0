#include "tests/engine/world.h"

#include <pthread.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "reconciler/explain.h"
#include "reconciler/graph.h"
#include "state/observed/state.h"
#include "tests/engine/memory_vfs.h"

struct world *world;
static char home[64];
static struct buf empty;		/* a database as it is when it was made: making one is dearer than most tests */

static enum cost
judge_growth(const char *have, const char *want)
{
	return atoi(want) > atoi(have) ? COST_UPDATE : COST_REFUSE;
}

static const struct attr part_attrs[] = {
	{ .name = "u", .cost = COST_UPDATE },
	{ .name = "r", .cost = COST_REPLACE },
	{ .name = "edges", .cost = COST_REPLACE },
	{ 0 },
};
static const struct attr data_attrs[] = {
	{ .name = "size", .cost = COST_UPDATE, .judge = judge_growth },
	{ 0 },
};
static const struct attr shared_attrs[] = {
	{ .name = "u", .cost = COST_UPDATE },
	{ 0 },
};

void
world_node_name(char out[WORLD_NAME], const struct design *d, int node)
{
	if (d->node[node].kind == KIND_SHARED)
		snprintf(out, WORLD_NAME, "s%d", d->node[node].r);
	else
		snprintf(out, WORLD_NAME, "%.8s-%d", d->name, node);
}

struct object *
world_find(enum kind kind, const char *name)
{
	for (size_t i = 0; i < WORLD_OBJECTS; i++)
		if (world->object[i].kind == kind && !strcmp(world->object[i].name, name))
			return &world->object[i];
	return NULL;
}

static enum kind
kind_of(const struct resource_type *t)
{
	for (enum kind k = 0; k < KINDS; k++)
		if (world_types[k] == t)
			return k;
	abort();
}

static struct object *
object_of(const struct resource *r)
{
	return world_find(kind_of(r->type), r->name);
}

static struct object *
object_add(const struct resource *r)
{
	for (size_t i = 0; i < WORLD_OBJECTS; i++)
		if (!*world->object[i].name) {
			struct object *o = &world->object[i];

			*o = (struct object){ .kind = kind_of(r->type) };
			snprintf(o->name, sizeof o->name, "%s", r->name);
			return o;
		}
	abort();
}

static void
broken(const char *what, const struct resource *r)
{
	if (!*world->broken)
		snprintf(world->broken, sizeof world->broken, "%s %s: %s", r->type->name, r->name, what);
}

/* where a crash leaves half of a thing */
static void
half_done(void)
{
	if (world->die_in && --world->die_in == 0)
		kill(getpid(), SIGKILL);
}

static bool
is_as_it_was(const struct made_on *on)
{
	const struct object *o = world_find(on->kind, on->name);

	return on->need == NEED_BUILD || (o && o->born == on->born && (on->need == NEED_LIVE || o->version == on->version));
}

bool
world_is_fresh(const struct object *o)
{
	for (int i = 0; i < o->non; i++)
		if (!is_as_it_was(&o->on[i]))
			return false;
	return true;
}

bool
world_is_there(const struct object *o)
{
	if (!*o->name)
		return false;
	for (int i = 0; o->kind == KIND_LIVE && i < o->non; i++) {
		const struct object *on = world_find(o->on[i].kind, o->on[i].name);

		if (o->on[i].need != NEED_BUILD && (!on || on->born != o->on[i].born))
			return false;
	}
	return true;
}

static void
edges_text(char out[64], const struct design *d, const struct node *n)
{
	size_t len = 0;

	*out = '\0';
	for (int i = 0; i < n->nneeds; i++) {
		char name[WORLD_NAME];

		world_node_name(name, d, n->needs[i].node);
		len += (size_t)snprintf(out + len, 64 - len, "%d%d%s ", n->needs[i].need, d->node[n->needs[i].node].kind, name);
	}
}

static bool
node_wanted(const struct design *d, const struct node *n, enum goal goal)
{
	return goal != GOAL_ABSENT && (goal == GOAL_RUNNING || !n->when_running) && *d->name;
}

static void
declare_node(const struct spec *spec, struct graph *g, const struct design *d, int at)
{
	const struct node *n = &d->node[at];
	bool shared = n->kind == KIND_SHARED;
	char name[WORLD_NAME], edges[64];
	struct resource *r;

	world_node_name(name, d, at);
	r = graph_declare(g, world_types[n->kind], shared ? "" : spec->name, name, !shared && node_wanted(d, n, spec->goal));
	if (n->kind != KIND_DATA)
		resource_wantf(g, r, "u", "%d", n->u);
	if (n->kind == KIND_DATA)
		resource_wantf(g, r, "size", "%d", n->size);
	if (n->kind == KIND_PART || n->kind == KIND_LIVE) {
		edges_text(edges, d, n);
		resource_wantf(g, r, "r", "%d", n->r);
		resource_want(g, r, "edges", edges);
	}
	for (int i = 0; i < n->nneeds; i++) {
		world_node_name(name, d, n->needs[i].node);
		resource_need(g, r, world_types[d->node[n->needs[i].node].kind]->name, name, n->needs[i].need);
	}
}

static int
declare_kind(const struct spec *spec, struct graph *g, enum kind kind)
{
	const struct design *d = world_design(spec->name);

	for (int i = 0; i < DESIGN_NODES; i++)
		if (d->node[i].used && d->node[i].kind == kind)
			declare_node(spec, g, d, i);
	return 0;
}

#define DECLARE(name, kind) \
	static int \
	name(const struct spec *spec, const struct env *env, struct graph *g, struct error *err) \
	{ \
		(void)env, (void)err; \
		return declare_kind(spec, g, kind); \
	}
DECLARE(declare_part, KIND_PART)
DECLARE(declare_live, KIND_LIVE)
DECLARE(declare_data, KIND_DATA)
DECLARE(declare_shared, KIND_SHARED)

static int
observe(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	const struct object *o = object_of(r);

	(void)env, (void)err;
	if (*world->sleeper && !strcmp(world->sleeper, r->name))
		poll(NULL, 0, world->sleep_ms);
	if (!o || !world_is_there(o))
		return 0;
	if (o->kind == KIND_DATA) {
		facts_setf(have, a, "size", "%d", o->size);
		return 1;
	}
	facts_setf(have, a, "u", "%d", o->u);
	if (o->kind != KIND_SHARED) {
		facts_setf(have, a, "r", "%d", o->r);
		facts_set(have, a, "edges", o->edges);
	}
	return 1;
}

static int
wanted_int(const struct resource *r, const char *name)
{
	return (int)facts_int(&r->want, name, 0);
}

static void
object_build(struct object *o, const struct resource *r)
{
	const char *edges = facts_get(&r->want, "edges");

	o->born = ++world->clock;
	o->version = 0;
	o->r = wanted_int(r, "r");
	snprintf(o->edges, sizeof o->edges, "%s", edges ? edges : "");
	o->non = 0;
	for (size_t i = 0; i < r->nneeds && o->non < DESIGN_EDGES; i++) {
		const struct object *on = object_of(r->needs[i].to);

		if (!on || (r->needs[i].to->type != world_types[KIND_SHARED] && !world_is_there(on))) {
			broken("made before what it needs is there", r);
			continue;
		}
		o->on[o->non] = (struct made_on){ .kind = on->kind, .need = r->needs[i].need, .born = on->born, .version = on->version };
		snprintf(o->on[o->non].name, sizeof o->on[o->non].name, "%s", on->name);
		o->non++;
	}
}

static void
object_change(struct object *o, const struct resource *r)
{
	int was = o->kind == KIND_DATA ? o->size : o->u;

	o->u = wanted_int(r, "u");
	if (o->kind == KIND_DATA && o->size < wanted_int(r, "size"))
		o->size = wanted_int(r, "size");
	o->version += was != (o->kind == KIND_DATA ? o->size : o->u);
}

/* Is it something else than an update makes of it? A step that was cut off may have left that; the planner sees to the rest. */
static bool
must_be_replaced(const struct object *o, const struct resource *r)
{
	if (o->kind == KIND_DATA || o->kind == KIND_SHARED ||
	    (o->r == wanted_int(r, "r") && !strcmp(o->edges, facts_get(&r->want, "edges"))))
		return false;
	broken("is to be changed in place where that costs a replacement", r);
	return true;
}

static int
ensure_object(const struct resource *r, struct error *err)
{
	struct object *o = object_of(r);
	bool fresh;

	world->ensured++;
	if (world->fail_next) {
		world->fail_next = false;
		return error_set(err, ERR_CHILD, "was told to fail");
	}
	fresh = !o || !world_is_there(o) || must_be_replaced(o, r);
	if (!o)
		o = object_add(r);
	if (fresh)
		object_build(o, r);
	half_done();
	object_change(o, r);
	return 0;
}

/* Workers take turns: what is tested is the order of steps, and what a crash leaves. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int
ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	int done;

	pthread_mutex_lock(&turn);
	done = ensure_object(r, err);
	if (done == 0 && observe(env, r, have, a, err) != 1)
		done = error_set(err, ERR_CHILD, "is not there after it was made");
	pthread_mutex_unlock(&turn);
	return done;
}

static int
remove_object(const struct env *env, const struct resource *r, struct error *err)
{
	struct object *o;

	(void)env, (void)err;
	pthread_mutex_lock(&turn);
	o = object_of(r);
	world->removed++;
	if (o && o->kind == KIND_DATA && !r->may_lose)
		broken("precious, and removed unasked", r);
	half_done();
	if (o)
		*o = (struct object){ 0 };
	pthread_mutex_unlock(&turn);
	return 0;
}

void
world_lose(struct object *o)
{
	*o = (struct object){ 0 };
}

#define TYPE(id, declares, attributes, ...) \
	static const struct resource_type id = { .name = #id, .attrs = attributes, .declare = declares, .observe = observe, \
						 .ensure = ensure, .remove = remove_object, __VA_ARGS__ }
TYPE(part, declare_part, part_attrs, .at_once = 2);
TYPE(live, declare_live, part_attrs, .runs = true);
TYPE(data, declare_data, data_attrs, .precious = "it holds data");
TYPE(shared, declare_shared, shared_attrs, .lifetime = SHARED_KEPT);
const struct resource_type *const world_types[] = { [KIND_PART] = &part, [KIND_LIVE] = &live, [KIND_DATA] = &data,
						    [KIND_SHARED] = &shared, NULL };

void
world_start(void)
{
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR");

	world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(home, sizeof home, "%.40s/lima-test.XXXXXX", tmp ? tmp : "/tmp");
	if (world == MAP_FAILED || !mkdtemp(home)) {
		perror("a world for tests");
		abort();
	}
	memory_vfs_start();
}

/*
 * One connection for all that this process does: SQLite sees by the file's counter what a child has written, or that
 * the database is another one. A child has its own.
 */
static struct state *connection;
static pid_t connected;

void
world_end(void)
{
	if (connected == getpid())
		state_close(connection);
	memory_vfs_end();
	fs_remove_tree(home, NULL);
	buf_release(&empty);
	munmap(world, sizeof *world);
}

const char *
world_home(void)
{
	return home;
}

/* The file is there, so that its folder looks as it should, and stays empty: what is in it is in memory. */
static void
keep_empty(const char *path)
{
	auto_free char *dir = xasprintf("%s/_state", home);
	struct state *s = NULL;
	const void *p;
	size_t len;
	struct error err;

	memory_vfs_reset(NULL, 0);
	if (fs_mkdirs(dir, 0700, &err) < 0 || fs_write(path, "", 0, 0600, &err) < 0)
		abort();
	if (state_open(&s, home, &(struct state_opts){ 0 }, &err) < 0)
		abort();
	state_close(s);
	p = memory_vfs_database(&len);
	buf_add(&empty, p, len);
}

void
world_forget_database(void)
{
	auto_free char *path = xasprintf("%s/_state/state.db", home);

	if (!empty.len)
		keep_empty(path);
	memory_vfs_reset(empty.s, empty.len);
}

void
world_reset(void)
{
	*world = (struct world){ 0 };
	world_forget_database();
}

struct design *
world_design(const char *name)
{
	for (size_t i = 0; i < WORLD_DESIGNS; i++) {
		struct design *d = &world->design[i];

		if (!strcmp(d->name, name))
			return d;
		if (!*d->name) {
			snprintf(d->name, sizeof d->name, "%s", name);
			d->goal = GOAL_RUNNING;
			return d;
		}
	}
	abort();
}

static enum goal
as_it_is(const struct env *env, const char *name)
{
	(void)env, (void)name;
	return GOAL_STOPPED;
}

static void
say(const struct env *env, enum level level, const char *fmt, ...)
{
	(void)env, (void)level, (void)fmt;
}

static void
plan_text(struct world_run *r, const struct engine *e)
{
	AUTO(buf) b = BUF_INIT;

	if (!r->want_text)
		return;
	free(r->text);
	explain_plan(&b, &e->plan, false);
	r->text = buf_detach(&b);
}

/* One plan, and its walk unless `walk` is NULL. */
static int
engine_pass(struct world_run *r, struct engine *e, const struct engine_walk *walk, size_t *steps, struct error *err)
{
	const struct design *design[] = { r->design, r->beside };
	struct spec *spec[2] = { 0 };
	struct request request[2] = { 0 };
	size_t n = r->beside ? 2 : 1;
	int done;

	for (size_t i = 0; i < n; i++) {
		spec[i] = spec_bare(design[i]->name, e->spec_opts);
		request[i] = (struct request){ .name = design[i]->name, .goal = design[i]->goal, .spec = spec[i], .may_lose = r->may_lose,
				       .restart = r->remake, .meets_delete = true };
	}
	done = engine_prepare(e, request, n, err);
	if (done == 0) {
		*steps = e->plan.n;
		plan_text(r, e);
	}
	r->unknown = 0;
	for (size_t i = 0; i < n; i++)
		r->unknown += request_is_unknown(&request[i]);
	if (done == 0 && walk)
		done = engine_apply(e, walk, err);
	engine_release(e);
	for (size_t i = 0; i < n; i++)
		spec_free(spec[i]);
	return done;
}

static int
world_connect(struct state **out, bool only_read, struct error *err)
{
	if (connected == getpid() && !only_read) {
		*out = connection;
		return 0;
	}
	if (state_open(out, home, &(struct state_opts){ .flags = only_read ? STATE_READ : 0 }, err) < 0)
		return -1;
	if (only_read)
		return 0;
	connection = *out;
	connected = getpid();
	return 0;
}

int
world_apply(struct world_run *r, struct error *err)
{
	const struct env env = { .home = home, .say = say };
	const struct spec_opts opts = { .home = home };
	struct engine e = { .env = &env, .types = world_types, .spec_opts = &opts, .as_it_is = as_it_is, .look_ms = r->look_ms };
	const struct engine_walk w = { .jobs = r->jobs ? r->jobs : 1, .command = "test", .kill_at = r->kill_at };
	int done = world_connect(&e.state, r->dry, err);

	if (done == 0)
		done = engine_pass(r, &e, r->dry ? NULL : &w, &r->steps, err);
	if (done == 0 && r->replan)
		done = engine_pass(r, &e, NULL, &r->left, err);
	if (r->dry)
		state_close(e.state);
	return done;
}
