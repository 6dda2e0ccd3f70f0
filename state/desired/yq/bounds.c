/* What an evaluation may take, and its texts and lists. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/eval.h"

void
eval_fail(struct eval *e, const char *fmt, ...)
{
	va_list ap;
	char msg[sizeof e->why.msg];

	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	error_set(&e->why, ERR_INVALID, "%s", msg);
	longjmp(*e->out, 1);
}

void
eval_fail_at(struct eval *e, size_t line, size_t col, const char *what)
{
	e->input_is_bad = e->input != NULL;
	eval_fail(e, "%.200s%s%zu:%zu: %s", e->input ? e->input : "", e->input ? ":" : "",
		  line + 1 + (e->input ? e->input_lines : 0), col + 1, what);
}

void
eval_refuse(struct eval *e, const char *what)
{
	error_set(&e->why, ERR_REFUSED, "%s", what);
	longjmp(*e->out, 1);
}

void
eval_step(struct eval *e)
{
	struct timespec now;

	if (++e->steps % 512)
		return;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	if (now.tv_sec > e->end.tv_sec || (now.tv_sec == e->end.tv_sec && now.tv_nsec >= e->end.tv_nsec))
		eval_fail(e, "takes more than %d s of the processor; does it ever end?", EVAL_SECONDS);
}

void
eval_enter(struct eval *e)
{
	if (++e->tree_depth > EVAL_TREE_DEPTH)
		eval_fail(e, "what it makes is nested too deeply (more than %d levels)", EVAL_TREE_DEPTH);
}

void *
eval_alloc(struct eval *e, size_t n)
{
	if (n > e->limit || e->used > e->limit - n)
		eval_fail(e, "takes more than %zu MiB of memory", e->limit >> 20);
	e->used += n + 16;
	eval_step(e);
	return arena_alloc(e->arena, n);
}

void *
eval_grow(struct eval *e, void *v, size_t n, size_t *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 4;
	more = eval_alloc(e, *cap * size);
	if (n)
		memcpy(more, v, n * size);
	return more;
}

char *
eval_dup(struct eval *e, const char *s, size_t len)
{
	char *p = eval_alloc(e, len + 1);

	if (len)
		memcpy(p, s, len);
	return p;
}

char *
eval_printf(struct eval *e, const char *fmt, ...)
{
	va_list ap, again;
	char *s;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = eval_alloc(e, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	return s;
}

void
text_add(struct text *t, const char *s, size_t len)
{
	if (t->len + len + 1 > t->cap) {
		size_t cap = t->cap ? t->cap : 64;
		char *p;

		while (cap < t->len + len + 1)
			cap *= 2;
		p = eval_alloc(t->e, cap);
		if (t->len)
			memcpy(p, t->s, t->len);
		t->s = p;
		t->cap = cap;
	}
	if (len)
		memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void
text_adds(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_addc(struct text *t, char c)
{
	text_add(t, &c, 1);
}

void
text_addf(struct text *t, const char *fmt, ...)
{
	char room[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room, sizeof room, fmt, ap);
	va_end(ap);
	text_add(t, room, (size_t)n < sizeof room ? (size_t)n : sizeof room - 1);
}

const char *
text_end(struct text *t)
{
	if (!t->s)
		text_add(t, "", 0);
	return t->s;
}

void
text_chomp(struct text *t, size_t most)
{
	while (most-- && t->len && t->s[t->len - 1] == '\n')
		t->s[--t->len] = '\0';
}

struct ynode *
text_node(struct text *t, struct ynode *at)
{
	struct ynode *n = ynode_text(t->e, text_end(t), t->len);

	return at ? ynode_replace(t->e, at, n) : n;
}

struct nodes *
nodes_new(struct eval *e)
{
	return eval_alloc(e, sizeof(struct nodes));
}

void
nodes_push(struct eval *e, struct nodes *l, struct ynode *n)
{
	EVAL_GROW(e, l->v, l->n, l->cap);
	l->v[l->n++] = n;
}

void
nodes_push_all(struct eval *e, struct nodes *l, const struct nodes *more)
{
	size_t n = more->n;

	for (size_t i = 0; i < n; i++)
		nodes_push(e, l, more->v[i]);
}

struct context
context_with(struct eval *e, const struct context *c, struct nodes *at)
{
	struct context r = *c;

	r.at = at;
	r.scope = eval_alloc(e, sizeof *r.scope);
	if (c->scope)
		*r.scope = *c->scope;
	return r;
}

struct context
context_one(struct eval *e, const struct context *c, struct ynode *n)
{
	struct nodes *l = nodes_new(e);

	nodes_push(e, l, n);
	return context_with(e, c, l);
}

struct context
context_one_read_only(struct eval *e, const struct context *c, struct ynode *n)
{
	struct context r = context_one(e, c, n);

	r.read_only = true;
	return r;
}

struct context
context_read_only(struct eval *e, const struct context *c)
{
	struct context r = context_with(e, c, c->at);

	r.read_only = true;
	return r;
}

struct nodes *
context_variable(const struct context *c, const char *name)
{
	for (const struct variable *v = c->scope ? c->scope->head : NULL; v; v = v->next)
		if (strcmp(v->name, name) == 0)
			return v->value;
	return NULL;
}

void
context_set(struct eval *e, struct context *c, const char *name, struct nodes *value)
{
	struct variable *v = eval_alloc(e, sizeof *v);

	if (!c->scope)
		c->scope = eval_alloc(e, sizeof *c->scope);
	*v = (struct variable){ name, value, c->scope->head };
	c->scope->head = v;
}
