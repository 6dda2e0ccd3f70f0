/*
 * equivalence [SEQUENCES [FIRST]]: wherever a series of edits, kills, failures and losses went, it ends where one apply of
 * the last version from nothing ends.
 *
 * Each sequence draws a graph of one instance or two, edits it a few times, and applies each version or does not come to
 * the end of it: the process is killed at a boundary of the journal or in the middle of a step. Then the last version is
 * applied once, and must leave: nothing to plan; nothing that stands on something older than what is there; the objects
 * that the same version makes in an empty world. `equivalence 1 N` runs sequence N alone and tells what it does.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "tests/engine/world.h"

enum { SEQUENCES = 10000, MAX_EDITS = 3, SHARED_NAMES = 3, WENT = 0, WAS_REFUSED = 10, STOPPED = 11 };

static bool loud;
static uint64_t dice;

static unsigned
draw(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice >> 33) % n;
}

static void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
tell(const char *fmt, ...)
{
	va_list ap;

	if (!loud)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* What it needs: parts of any kind, those that hold data only what they are built of. */
static void
draw_needs(struct design *d, int at)
{
	struct node *n = &d->node[at];

	n->nneeds = 0;
	if (n->kind == KIND_SHARED)
		return;
	for (int i = 0; i < at && n->nneeds < DESIGN_EDGES; i++) {
		const struct node *to = &d->node[i];

		if (!to->used || draw(3) || (n->kind == KIND_DATA && to->kind != KIND_SHARED) ||
		    (to->when_running && !n->when_running))
			continue;
		n->needs[n->nneeds++] = (struct node_need){ i, n->kind == KIND_DATA ? NEED_BUILD : (enum need)draw(3) };
	}
}

static void
draw_node(struct design *d, int at)
{
	static const enum kind odds[] = { KIND_PART, KIND_PART, KIND_PART, KIND_LIVE, KIND_LIVE, KIND_DATA, KIND_SHARED };
	struct node *n = &d->node[at];

	*n = (struct node){ .used = true, .kind = odds[draw(7)], .u = (int)draw(3), .r = (int)draw(3), .size = 1 + (int)draw(3) };
	n->when_running = n->kind != KIND_DATA && n->kind != KIND_SHARED && draw(2);
	if (n->kind == KIND_SHARED)
		n->u = 0;
	draw_needs(d, at);
}

/* Nobody may need what is not there, or what goes down earlier. */
static void
mend_needs(struct design *d)
{
	for (int i = 0; i < DESIGN_NODES; i++) {
		struct node *n = &d->node[i];
		int kept = 0;

		for (int j = 0; j < n->nneeds; j++) {
			const struct node *to = &d->node[n->needs[j].node];

			if (to->used && !(to->when_running && !n->when_running) &&
			    (n->kind != KIND_DATA || to->kind == KIND_SHARED))
				n->needs[kept++] = n->needs[j];
		}
		n->nneeds = kept;
	}
}

static int
draw_used(const struct design *d)
{
	for (int tries = 0; tries < 16; tries++) {
		int i = (int)draw(DESIGN_NODES);

		if (d->node[i].used)
			return i;
	}
	return -1;
}

/* of a thing that all name alike */
static void
share_value(struct design *d, const struct node *from)
{
	for (int i = 0; i < DESIGN_NODES; i++)
		if (d->node[i].kind == KIND_SHARED && d->node[i].r == from->r)
			d->node[i].u = from->u;
}

static void
edit_node(struct design *d, int at, bool alone)
{
	struct node *n = &d->node[at];

	switch (draw(6)) {
	case 0:
		n->u += 1;
		if (n->kind == KIND_SHARED && !alone)
			n->u = 0;
		if (n->kind == KIND_SHARED)
			share_value(d, n);
		break;
	case 1:
		if (n->kind != KIND_SHARED)
			n->r += 1;
		break;
	case 2:
		n->size += draw(4) ? 1 : -1;
		break;
	case 3:
		draw_needs(d, at);
		break;
	case 4:
		n->when_running = n->kind != KIND_DATA && n->kind != KIND_SHARED && !n->when_running;
		break;
	case 5:
		draw_node(d, at);
		break;
	}
}

/* true: something was taken out, which only the database knows of from now on */
static bool
edit(struct design *d, bool alone)
{
	bool gone = false;

	for (unsigned n = 1 + draw(2); n; n--) {
		int at = draw_used(d);

		switch (draw(8)) {
		case 0:
			if (at >= 0)
				gone = d->node[at].used = false, gone = true;
			break;
		case 1:
		case 2:
			at = (int)draw(DESIGN_NODES);
			gone |= d->node[at].used;
			draw_node(d, at);
			if (d->node[at].kind == KIND_SHARED)
				share_value(d, &(struct node){ .r = d->node[at].r, .u = 0 });
			break;
		case 3:
			d->goal = draw(3) ? GOAL_RUNNING : GOAL_STOPPED;
			break;
		case 4:
			d->goal = draw(4) ? GOAL_RUNNING : GOAL_ABSENT;
			break;
		default:
			if (at >= 0)
				edit_node(d, at, alone), gone = true;
		}
	}
	mend_needs(d);
	return gone;
}

/* In a child that dies there, or comes to its end. */
static int
apply_killed(struct world_run run, bool half)
{
	pid_t pid;
	int status;

	if (half)
		world->die_in = 1 + (int)draw(6);
	else
		run.kill_at = 1 + (int)draw(16);
	tell("   killed at %s %d", half ? "half of step" : "boundary", half ? world->die_in : run.kill_at);
	pid = fork();
	if (pid == 0) {
		struct error err = { 0 };

		_exit(world_apply(&run, &err) == 0 ? WENT : err.code == ERR_REFUSED ? WAS_REFUSED : STOPPED);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	world->die_in = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STOPPED;
}

static int
apply(struct world_run run)
{
	struct error err = { 0 };

	if (world_apply(&run, &err) == 0)
		return WENT;
	tell("   %s", err.msg);
	return err.code == ERR_REFUSED ? WAS_REFUSED : STOPPED;
}

static void
lose_something(bool shared)
{
	struct object *o = &world->object[draw(WORLD_OBJECTS)];

	if (!*o->name || o->kind == KIND_DATA || (o->kind == KIND_SHARED && !shared))
		return;
	tell("   %s ends by itself", o->name);
	world_lose(o);
}

static void
tell_design(const struct design *d)
{
	static const char *const kinds[] = { "part", "live", "data", "shared" }, *const needs[] = { "build", "live", "fresh" };

	tell(" %s, goal %d", d->name, (int)d->goal);
	for (int i = 0; i < DESIGN_NODES; i++) {
		const struct node *n = &d->node[i];
		AUTO(buf) b = BUF_INIT;

		if (!n->used)
			continue;
		for (int j = 0; j < n->nneeds; j++)
			buf_addf(&b, " %s %d", needs[n->needs[j].need], n->needs[j].node);
		tell("   %d %s%s u=%d r=%d size=%d%s", i, kinds[n->kind], n->when_running ? " when running" : "", n->u, n->r, n->size, b.s ? b.s : "");
	}
}

struct progress {
	bool settled;		/* the last apply came to its end */
	bool may_lose;		/* somebody has said so, and may not have come to the end of it */
	bool blind;		/* the database is lost, and nothing has been looked at to the end since */
};

/* One version of one instance; what is refused was never wanted. */
static void
version(struct design *d, bool alone, struct progress *p)
{
	struct design before = *d;
	struct world_run run = { .design = d, .jobs = 1 + draw(3), .may_lose = draw(8) == 0 };
	bool gone = edit(d, alone);
	int how;

	if (p->blind && gone)
		*d = before;	/* nobody knows what was taken out */
	run.may_lose |= d->goal == GOAL_ABSENT;
	tell_design(d);
	for (unsigned n = draw(4) ? 0 : 1 + draw(2); n; n--)
		lose_something(alone);
	if (p->settled && alone && !gone && draw(4) == 0) {
		tell("   the database is lost");
		world_forget_database();
		p->blind = true;
	}
	world->fail_next = draw(8) == 0;
	how = draw(2) ? apply(run) : apply_killed(run, draw(2));
	world->fail_next = false;
	tell("   %s", how == WENT ? "done" : how == WAS_REFUSED ? "refused" : "not to the end");
	p->settled = how == WENT;
	p->blind &= how != WENT;
	if (how == WAS_REFUSED)
		*d = before;
	else
		p->may_lose |= run.may_lose;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Who needs it: 0 nobody, 1 only what is built of it, which may have been built before it went; 2 who must have it. */
static int
needed(const struct object *o)
{
	int most = 0;

	for (const struct design *d = world->design; d < world->design + WORLD_DESIGNS; d++)
		for (int i = 0; *d->name && d->goal != GOAL_ABSENT && i < DESIGN_NODES; i++)
			for (int j = 0; d->node[i].used && j < d->node[i].nneeds; j++) {
				const struct node_need *n = &d->node[i].needs[j];
				int much = n->need == NEED_BUILD ? 1 : 2;
				char name[WORLD_NAME];

				world_node_name(name, d, n->node);
				if (!strcmp(name, o->name) && much > most && (d->goal == GOAL_RUNNING || !d->node[i].when_running))
					most = much;
			}
	return most;
}

static bool
must_be_there(const struct object *o)
{
	int n = needed(o);

	return world_is_there(o) && (o->kind == KIND_SHARED ? n == 2 : n != 1);
}

/* What is there, a line each, sorted; to free. */
static char *
picture(void)
{
	char *line[WORLD_OBJECTS];
	AUTO(buf) b = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < WORLD_OBJECTS; i++) {
		const struct object *o = &world->object[i];

		if (must_be_there(o))
			line[n++] = xasprintf("%d %s u=%d r=%d size=%d %s", o->kind, o->name, o->u, o->kind == KIND_PART || o->kind == KIND_LIVE ? o->r : 0,
					      o->size, o->edges);
	}
	qsort(line, n, sizeof *line, by_text);
	for (size_t i = 0; i < n; i++) {
		buf_addf(&b, "%s\n", line[i]);
		free(line[i]);
	}
	return b.len ? buf_detach(&b) : xstrdup("");
}

/* The last version of each, to the end; NULL: as it should be. */
static char *
settle_all(const struct progress *p)
{
	for (size_t i = 0; i < WORLD_DESIGNS && *world->design[i].name; i++) {
		struct design *d = &world->design[i];
		struct world_run run = { .design = d, .jobs = 2, .may_lose = p[i].may_lose || d->goal == GOAL_ABSENT, .replan = true,
					 .want_text = loud };
		auto_free char *text = NULL;
		struct error err = { 0 };
		int r = world_apply(&run, &err);

		text = run.text;
		if (r < 0)
			return xasprintf("the last apply of %s fails: %s", d->name, err.msg);
		if (run.left)
			return xasprintf("the last apply of %s leaves %zu steps: %s", d->name, run.left, text ? text : "");
	}
	for (size_t i = 0; i < WORLD_OBJECTS; i++)
		if (world_is_there(&world->object[i]) && world->object[i].kind != KIND_SHARED && !world_is_fresh(&world->object[i]))
			return xasprintf("%s stands on something older than what is there", world->object[i].name);
	return *world->broken ? xstrdup(world->broken) : NULL;
}

static void
draw_designs(unsigned n)
{
	static const char *const names[] = { "a", "b" };

	for (unsigned i = 0; i < n; i++) {
		struct design *d = world_design(names[i]);

		for (int k = 0; k < DESIGN_NODES; k++)
			if (draw(3))
				draw_node(d, k);
		mend_needs(d);
	}
}

/* NULL: all is well; else what is wrong, to free. */
static char *
sequence(uint64_t number)
{
	struct progress progress[WORLD_DESIGNS] = { 0 };
	struct design last[WORLD_DESIGNS];
	auto_free char *went = NULL, *straight = NULL;
	unsigned n;
	char *wrong;

	dice = (number + 1) * 0x9e3779b97f4a7c15u;
	for (int i = 0; i < 8; i++)
		draw(2);
	world_reset();
	n = draw(4) ? 1 : 2;
	draw_designs(n);
	for (unsigned edits = 1 + draw(MAX_EDITS); edits; edits--) {
		unsigned which = draw(n);

		version(&world->design[which], n == 1, &progress[which]);
	}
	tell("the last version");
	if ((wrong = settle_all(progress)))
		return wrong;
	went = picture();
	memcpy(last, world->design, sizeof last);
	world_reset();
	memcpy(world->design, last, sizeof last);
	tell("the same from nothing");
	if ((wrong = settle_all(progress)))
		return wrong;
	straight = picture();
	return strcmp(went, straight) ? xasprintf("ends with\n%sand from nothing with\n%s", went, straight) : NULL;
}

/* Every `step`-th from `first` on, in a world of its own. */
static int
share(uint64_t first, uint64_t end, uint64_t step)
{
	int bad = 0;

	world_start();
	for (uint64_t i = first; i < end && bad < 3; i += step) {
		auto_free char *wrong = sequence(i);

		if (!wrong)
			continue;
		printf("sequence %llu: %s\n", (unsigned long long)i, wrong);
		bad++;
	}
	world_end();
	fflush(stdout);
	return bad != 0;
}

int
main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : SEQUENCES, first = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	long jobs = sysconf(_SC_NPROCESSORS_ONLN);
	int bad = 0, status;

	loud = n == 1;
	if (n <= 1 || jobs < 2)
		return share(first, first + n, 1);
	for (long j = 0; j < jobs; j++)
		if (fork() == 0)
			exit(share(first + (uint64_t)j, first + n, (uint64_t)jobs));
	while (wait(&status) > 0)
		bad += !WIFEXITED(status) || WEXITSTATUS(status);
	printf("equivalence: %llu sequences of edits: %s\n", (unsigned long long)n, bad ? "not all end where one apply ends" : "each ends where one apply ends");
	printf("%d passed, %d failed\n", bad == 0, bad != 0);
	return bad != 0;
}
