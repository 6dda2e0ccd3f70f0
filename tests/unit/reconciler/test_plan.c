/*
 * The planner from text: every file of tests/plan is a list of cases.
 *
 *	== a sentence that says what is shown
 *	type disk precious size=grow        attributes: none update replace refuse grow
 *	type image shared at_once=2         host-wide, and kept; `used`: while it is used
 *	have image i                        present; behind ':' what it was made on
 *	have disk a size=1 : build image i
 *	half disk a                         a step on it did not end
 *	want disk a size=2 : build image i  declared; behind ':' what it needs
 *	type dir guarded                    what has protected=yes is not removed
 *	type disk size=live                 size=grow, under those who need it fresh while it has live=yes
 *	type cidata late                    what has late=yes is made anew when what was made of it comes down and up again
 *	type vm rests                       what has state=asleep rests
 *	flag vm a remake                    or again, may_lose, target (only this and what it needs); the same with what becomes of one that is used: stood_on, refused, stays
 *	user network n b                    the instance b, which this run is not about, stands on it; `names`: it only names it
 *	--
 *	~ disk a | size: 1 -> 2             the verdict, in any order; a reason may be left out
 *	before -vm a, ~disk a               one step before another: + and ~ the up, - the down
 *	refused size: 2 -> 1                the plan fails with these words
 *	nothing
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "reconciler/plan.h"

struct test_case {
	const char *title, *text;
	const char *file;
};

struct world {
	struct graph g;
	struct plan p;
	struct arena a;
	struct graph_need recorded[32];
	size_t nrecorded;
	struct resource_type *types;
	size_t ntypes;
	struct error err;
	int result;
	bool planned, nothing, refused;
	size_t expected;
};

static enum cost
judge_grow(const char *have, const char *want)
{
	return atoi(want) > atoi(have) ? COST_UPDATE : COST_REFUSE;
}

static char *
word(char **line)
{
	char *w = strsep(line, " ");

	while (w && !*w)
		w = strsep(line, " ");
	return w;
}

static struct attr
parse_attr(char *text)
{
	static const char *const costs[] = { "none", "update", "replace", "refuse" };
	char *cost = strchr(text, '=');
	struct attr at = { .name = text };

	*cost++ = '\0';
	for (size_t i = 0; i < ARRAY_LEN(costs); i++)
		if (!strcmp(cost, costs[i]))
			at.cost = (enum cost)i;
	if (!strcmp(cost, "grow") || !strcmp(cost, "live"))
		at.judge = judge_grow;
	if (!strcmp(cost, "live"))
		at.live = "live";
	return at;
}

static const char *
guard_yes(const struct resource *r)
{
	const char *yes = facts_get(&r->have, "protected");

	return r->present && yes && !strcmp(yes, "yes") ? "it is protected" : NULL;
}

/* What is shared is wanted by those who need it where there is a way to make it; it is never called here. */
static int
no_ensure(const struct env *env, const struct resource *r, struct facts *have, struct arena *a, struct error *err)
{
	(void)env, (void)r, (void)have, (void)a, (void)err;
	return -1;
}

static const char *
rests_asleep(const struct resource *r, struct arena *a)
{
	const char *state = facts_get(&r->have, "state");

	return state && !strcmp(state, "asleep") ? arena_printf(a, "%s is asleep", r->name) : NULL;
}

static void
add_type(struct world *w, char *line)
{
	struct resource_type *t = &w->types[w->ntypes++];
	struct attr *attrs = arena_alloc(&w->a, 16 * sizeof *attrs);
	size_t n = 0;
	char *s;

	t->name = word(&line);
	t->attrs = attrs;
	while ((s = word(&line))) {
		if (!strcmp(s, "precious"))
			t->precious = "it holds data, so only `limactl delete` or `factory-reset` of its instance removes it";
		else if (!strcmp(s, "shared"))
			t->lifetime = SHARED_KEPT, t->ensure = no_ensure;
		else if (!strcmp(s, "used"))
			t->lifetime = SHARED_WHILE_USED, t->ensure = no_ensure;
		else if (!strcmp(s, "guarded"))
			t->guard = guard_yes;
		else if (!strcmp(s, "late"))
			t->late = "late";
		else if (!strcmp(s, "rests"))
			t->rests = rests_asleep;
		else
			attrs[n++] = parse_attr(s);
	}
}

static struct resource *
node(struct world *w, char **line, bool wanted)
{
	const char *type = word(line), *name = word(line);

	for (size_t i = 0; i < w->ntypes; i++)
		if (!strcmp(w->types[i].name, type))
			return graph_declare(&w->g, &w->types[i], "", name, wanted);
	fail_msg("no such type: %s", type);
	return NULL;
}

/* name=value ... : kind type name, kind type name */
static void
describe(struct world *w, struct resource *r, struct facts *f, char *line, bool recorded)
{
	char *edges = line ? strchr(line, ':') : NULL, *s;

	if (edges)
		*edges++ = '\0';
	while (line && (s = word(&line))) {
		char *value = strchr(s, '=');

		*value++ = '\0';
		facts_set(f, &w->g.arena, s, value);
	}
	while (edges && (s = strsep(&edges, ","))) {
		const char *kind = word(&s), *type, *name;
		enum need need = !strcmp(kind, "build") ? NEED_BUILD : !strcmp(kind, "live") ? NEED_LIVE : NEED_FRESH;

		type = arena_strdup(&w->a, word(&s));
		name = arena_strdup(&w->a, word(&s));
		if (recorded) {
			assert_true(w->nrecorded < ARRAY_LEN(w->recorded));
			w->recorded[w->nrecorded++] = (struct graph_need){ r, type, name, need };
		} else {
			resource_need(&w->g, r, type, name, need);
		}
	}
}

/* Those that stand on it come first, in the order of the lines. */
static void
add_user(struct world *w, struct resource *r, const char *owner, bool stands)
{
	struct user *v = arena_alloc(&w->a, (r->nusers + 1) * sizeof *v);

	for (size_t i = 0; i < r->nusers; i++)
		v[i] = r->users[i];
	v[r->nusers++] = (struct user){ arena_strdup(&w->a, owner), stands };
	r->users = v;
}

static void
given(struct world *w, char *line)
{
	char *verb = word(&line);
	struct resource *r;

	if (!strcmp(verb, "type")) {
		add_type(w, line);
	} else if (!strcmp(verb, "have")) {
		r = node(w, &line, false);
		r->present = true;
		describe(w, r, &r->have, line, true);
	} else if (!strcmp(verb, "want")) {
		r = node(w, &line, true);
		describe(w, r, &r->want, line, false);
	} else if (!strcmp(verb, "maybe")) {
		r = node(w, &line, false);
		describe(w, r, &r->want, line, false);
	} else if (!strcmp(verb, "half")) {
		node(w, &line, false)->unfinished = true;
	} else if (!strcmp(verb, "flag")) {
		r = node(w, &line, false);
		if (!strcmp(line, "remake"))
			r->remake = true;
		else if (!strcmp(line, "again"))
			r->again = true;
		else if (!strcmp(line, "target"))
			r->target = TARGET_NAMED;
		else
			r->may_lose = true;
		if (!strcmp(line, "refused"))
			r->if_used = USED_REFUSED;
		else if (!strcmp(line, "stood_on"))
			r->if_used = USED_REFUSED_STOOD_ON;
		else if (!strcmp(line, "stays"))
			r->if_used = USED_STAYS;
	} else if (!strcmp(verb, "user") || !strcmp(verb, "names")) {
		r = node(w, &line, false);
		add_user(w, r, line, !strcmp(verb, "user"));
	} else {
		fail_msg("no such line: %s", verb);
	}
}

static struct resource *
find(struct world *w, char *text)
{
	const char *type = word(&text), *name = word(&text);
	struct resource *r = graph_find(&w->g, type, name);

	if (!r)
		fail_msg("no such resource: %s %s", type, name);
	return r;
}

static size_t
place(struct world *w, char *text)
{
	struct resource *r;
	struct step *s;

	while (*text == ' ')
		text++;
	r = find(w, text + 1);
	s = *text == '-' ? r->down : r->up;
	assert_non_null(s);
	for (size_t i = 0; i < w->p.n; i++)
		if (w->p.v[i] == s)
			return i;
	fail_msg("a step that is not in the plan");
	return 0;
}

/* must `a` wait for `b`, directly or not? */
static bool
leads_to(const struct step *a, const struct step *b)
{
	for (size_t i = 0; i < a->nthen; i++)
		if (a->then[i] == b || leads_to(a->then[i], b))
			return true;
	return false;
}

static void
expect_before(struct world *w, char *line)
{
	char *second = strchr(line, ',');
	size_t a, b;

	*second++ = '\0';
	a = place(w, line);
	b = place(w, second);
	assert_true(a < b);
	assert_true(leads_to(w->p.v[a], w->p.v[b]));
}

static const char *const sign_text[] = {
	[SIGN_NONE] = "=", [SIGN_CREATE] = "+", [SIGN_CHANGE] = "~", [SIGN_REMAKE] = "-/+", [SIGN_REMOVE] = "-",
};

static void
expect_verdict(struct world *w, const char *sign, char *line)
{
	char *why = strchr(line, '|');
	struct resource *r;

	if (why) {
		*why++ = '\0';
		while (*why == ' ')
			why++;
	}
	r = find(w, line);
	assert_string_equal(sign_text[resource_sign(r)], sign);
	if (why)
		assert_string_equal(reason_text(&w->a, r, &(r->down ? r->down : r->up)->why), why);
	w->expected += resource_sign(r) == SIGN_REMAKE ? 2 : 1;
}

/* what is of an instance that is not asked about is not there: nothing leads to it */
static void
link_recorded(struct world *w)
{
	for (size_t i = 0; i < w->nrecorded; i++) {
		struct resource *to = graph_find(&w->g, w->recorded[i].type, w->recorded[i].name);

		if (to)
			graph_link_made(&w->g, w->recorded[i].from, to, w->recorded[i].need);
	}
}

static void
expected(struct world *w, char *line)
{
	char *first;

	if (!w->planned) {
		link_recorded(w);
		w->result = graph_resolve(&w->g, &w->err);
		for (size_t i = 0; w->result == 0 && i < w->g.n; i++)
			if (w->g.v[i]->target == TARGET_NAMED)
				graph_target(&w->g, w->g.v[i]);
		if (w->result == 0)
			w->result = plan_make(&w->g, &w->p, &w->err);
		w->planned = true;
	}
	first = word(&line);
	if (!strcmp(first, "refused")) {
		assert_int_equal(w->result, -1);
		if (line && !strstr(w->err.msg, line))
			fail_msg("refused with \"%s\"", w->err.msg);
		w->refused = true;
		return;
	}
	if (w->result < 0)
		fail_msg("refused: %s", w->err.msg);
	if (!strcmp(first, "nothing"))
		w->nothing = true;
	else if (!strcmp(first, "before"))
		expect_before(w, line);
	else
		expect_verdict(w, first, line);
}

static void
run_case(void **state)
{
	const struct test_case *c = *state;
	struct world w = { .types = calloc(16, sizeof *w.types) };
	char *text = strdup(c->text), *at = text, *line;
	bool then = false;

	while ((line = strsep(&at, "\n"))) {
		if (!*line || *line == '#')
			continue;
		if (!strcmp(line, "--"))
			then = true;
		else if (then)
			expected(&w, line);
		else
			given(&w, line);
	}
	assert_true(w.planned);
	if (!w.refused)
		assert_int_equal(w.p.n, w.expected);
	plan_release(&w.p);
	graph_release(&w.g);
	arena_release(&w.a);
	free(w.types);
	free(text);
}

static struct CMUnitTest *tests;
static size_t ntests;

static void
add_cases(const char *file, char *text)
{
	char *title = !strncmp(text, "== ", 3) ? text : strstr(text, "\n== ");

	while (title) {
		char *body, *next;
		struct test_case *c = calloc(1, sizeof *c);

		title = strchr(title, '=');
		body = strchr(title, '\n');
		next = strstr(body, "\n== ");
		*body++ = '\0';
		if (next)
			*next++ = '\0';
		c->title = strdup(title + 3);
		c->text = strdup(body);
		c->file = file;
		tests = realloc(tests, (ntests + 1) * sizeof *tests);
		tests[ntests++] = (struct CMUnitTest){ c->title, run_case, NULL, NULL, c };
		title = next;
	}
}

/* a chain and a fan of 10,000 nodes: deep recursion or a sweep per change would show */
static void
large(void **state)
{
	static const struct resource_type t = { .name = "t" };
	struct graph g = { 0 };
	struct plan p = { 0 };
	char name[16], before[16];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct resource *r;

		snprintf(name, sizeof name, "%d", i);
		r = graph_declare(&g, &t, "", name, true);
		r->present = true;
		snprintf(before, sizeof before, "%d", i - 1);
		if (i)
			resource_need(&g, r, "t", before, NEED_FRESH);
		else
			r->remake = true;
	}
	assert_int_equal(graph_resolve(&g, NULL), 0);
	assert_int_equal(plan_make(&g, &p, NULL), 0);
	assert_int_equal(p.n, 20000);
	plan_release(&p);
	graph_release(&g);
}

int
main(void)
{
	struct dirent **v;
	int n = scandir("tests/plan", &v, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		auto_free struct dirent *entry = v[i];
		auto_free char *path = NULL;
		AUTO(buf) text = BUF_INIT;

		if (!strstr(v[i]->d_name, ".test"))
			continue;
		path = xasprintf("tests/plan/%s", v[i]->d_name);
		if (fs_read(path, &text, 1 << 20, NULL) < 0)
			return 1;
		add_cases(v[i]->d_name, text.s);
	}
	if (n >= 0)
		free(v);
	tests = realloc(tests, (ntests + 1) * sizeof *tests);
	tests[ntests++] = (struct CMUnitTest){ "large", large, NULL, NULL, NULL };
	return _cmocka_run_group_tests("plan", tests, ntests, NULL, NULL);
}
