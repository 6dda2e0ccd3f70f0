/* Templates: running the tree. */
#include "base/gotmpl.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/gotmpl_tree.h"
#include "base/mem.h"

enum { MAX_STEPS = 1000000, MAX_BYTES = 16 << 20, MAX_ARGS_BYTES = 1 << 20, MAX_VARS = 200 };
enum flow { FLOW_FAILED = -1, FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

struct var {
	const char *name;
	struct gotmpl_value value;
};

struct run {
	struct buf *out;
	size_t counted;			/* of `out` */
	struct gotmpl_spent *spent;
	struct arena *a;
	const struct gotmpl_opts *opts;
	struct error *err;
	struct var vars[MAX_VARS];
	size_t nvars;
};

static const struct gotmpl_value missing = { GOTMPL_MISSING };

static int eval_pipe(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot, struct gotmpl_value *out);

static int
gotmpl_tick(struct run *r, const struct tmpl *t)
{
	r->spent->bytes += r->out->len - r->counted;
	r->counted = r->out->len;
	if (++r->spent->steps > MAX_STEPS || r->spent->bytes > MAX_BYTES)
		return tmpl_fail(r->err, t->line, "the template takes too long or prints too much");
	return 0;
}

static struct var *
find_var(struct run *r, const char *name)
{
	for (size_t i = r->nvars; i--;)
		if (!strcmp(r->vars[i].name, name))
			return &r->vars[i];
	return NULL;
}

static int
set_var(struct run *r, const struct tmpl *pipe, const char *name, const struct gotmpl_value *v)
{
	struct var *var = pipe->assign ? find_var(r, name) : NULL;

	if (!var) {
		if (r->nvars == MAX_VARS)
			return tmpl_fail(r->err, pipe->line, "too many variables");
		var = &r->vars[r->nvars++];
		var->name = name;
	}
	var->value = *v;
	return 0;
}

/* "Param.x" of {{.Param.x}} */
static const char *
gotmpl_path_of(struct arena *a, const struct tmpl *t)
{
	if (!t->of || t->of->kind != TMPL_FIELD)
		return t->s;
	return arena_printf(a, "%s.%s", gotmpl_path_of(a, t->of), t->s);
}

static int
eval_field(struct run *r, const struct tmpl *t, const struct gotmpl_value *of, struct gotmpl_value *out)
{
	static const char *const names[] = { "nothing", "a boolean", "an integer", "a number", "a text", "a list" };

	*out = missing;
	if (of->kind == GOTMPL_MISSING && !r->opts->missing_is_error)
		return 0;
	if (of->kind == GOTMPL_MISSING)
		return tmpl_fail(r->err, t->line, "no entry for key \"%s\"", t->s);
	if (of->kind < GOTMPL_MAP)
		return tmpl_fail(r->err, t->line, "can't evaluate field %s in %s", t->s, names[of->kind]);
	if (of->ops->get(r->a, of->p, t->s, out))
		return 0;
	if (of->kind == GOTMPL_RECORD)
		return tmpl_fail(r->err, t->line, "can't evaluate field %s", t->s);
	if (r->opts->missing)
		r->opts->missing(r->opts->ctx, gotmpl_path_of(r->a, t));
	if (r->opts->missing_is_error)
		return tmpl_fail(r->err, t->line, "map has no entry for key \"%s\"", t->s);
	*out = missing;
	return 0;
}

static int eval_call(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot, const struct gotmpl_value *last,
		     struct gotmpl_value *out);

static int
gotmpl_eval(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot, struct gotmpl_value *out)
{
	struct gotmpl_value of;

	if (gotmpl_tick(r, t) < 0)
		return -1;
	switch (t->kind) {
	case TMPL_DOT:
		*out = *dot;
		return 0;
	case TMPL_FIELD:
		if (!t->of)
			return eval_field(r, t, dot, out);
		if (gotmpl_eval(r, t->of, dot, &of) < 0)
			return -1;
		return eval_field(r, t, &of, out);
	case TMPL_VAR:
		*out = find_var(r, t->s)->value;
		return 0;
	case TMPL_CONST:
		*out = t->value;
		return 0;
	case TMPL_CALL:
		return eval_call(r, t, dot, NULL, out);
	case TMPL_PIPE:
		return eval_pipe(r, t, dot, out);
	default:
		*out = missing;
		return t->kind == TMPL_NIL ? tmpl_fail(r->err, t->line, "nil is not a command") : 0;
	}
}

/* `and` and `or` look no further than they must */
static int
eval_until(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot, const struct gotmpl_value *last, bool stop,
	   struct gotmpl_value *out)
{
	for (const struct tmpl *arg = t->args; arg; arg = arg->next) {
		if (gotmpl_eval(r, arg, dot, out) < 0)
			return -1;
		if (gotmpl_true(out) == stop)
			return 0;
	}
	if (last)
		*out = *last;
	return 0;
}

static size_t
text_bytes(const struct gotmpl_value *v, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += v[i].kind == GOTMPL_TEXT ? v[i].len : 0;
	return bytes;
}

static int
gotmpl_call(struct run *r, const struct tmpl *t, const struct gotmpl_func *f, const struct gotmpl_value *args, size_t n, struct gotmpl_value *out)
{
	size_t bytes = text_bytes(args, n);
	struct error why;

	if (bytes > MAX_ARGS_BYTES)
		return tmpl_fail(r->err, t->line, "error calling %s: more than 1 MiB of text", t->s);
	*out = missing;
	if (f->call(r->a, args, n, out, &why) < 0)
		return tmpl_fail(r->err, t->line, "error calling %s: %s", t->s, why.msg);
	r->spent->bytes += bytes + text_bytes(out, 1);
	return 0;
}

static int
eval_call(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot, const struct gotmpl_value *last,
	  struct gotmpl_value *out)
{
	const struct gotmpl_func *f = r->opts->funcs;
	struct gotmpl_value args[32];
	size_t n = 0, count = last != NULL;

	while (f && f->name && strcmp(f->name, t->s))
		f++;
	if (!f || !f->name)
		f = tmpl_builtin(t->s, strlen(t->s));
	for (const struct tmpl *arg = t->args; arg; arg = arg->next)
		count++;
	if (count < (size_t)f->min || (f->max >= 0 && count > (size_t)f->max) || count > ARRAY_LEN(args))
		return tmpl_fail(r->err, t->line, "wrong number of args for %s: got %zu", t->s, count);
	if (!f->call)
		return eval_until(r, t, dot, last, !strcmp(f->name, "or"), out);
	for (const struct tmpl *arg = t->args; arg; arg = arg->next, n++)
		if (arg->kind == TMPL_NIL)
			args[n] = missing;
		else if (gotmpl_eval(r, arg, dot, &args[n]) < 0)
			return -1;
	if (last)
		args[n++] = *last;
	return gotmpl_call(r, t, f, args, n, out);
}

/* The variables of the range are not set here. */
static int
eval_commands(struct run *r, const struct tmpl *pipe, const struct gotmpl_value *dot, struct gotmpl_value *out)
{
	const struct gotmpl_value *last = NULL;
	struct gotmpl_value v = missing, next = missing;

	for (const struct tmpl *c = pipe->commands; c; c = c->next) {
		int rc = last ? eval_call(r, c->args, dot, last, &next) : gotmpl_eval(r, c->args, dot, &next);

		if (rc < 0)
			return -1;
		v = next;
		last = &v;
	}
	*out = v;
	return 0;
}

static int
eval_pipe(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot, struct gotmpl_value *out)
{
	if (gotmpl_tick(r, t) < 0 || eval_commands(r, t, dot, out) < 0)
		return -1;
	return t->vars[0] ? set_var(r, t, t->vars[0], out) : 0;
}

static enum flow exec_list(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot);

static enum flow
exec_branch(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot)
{
	struct gotmpl_value v;

	if (eval_pipe(r, t->pipe, dot, &v) < 0)
		return FLOW_FAILED;
	if (!gotmpl_true(&v))
		return exec_list(r, t->otherwise, dot);
	return exec_list(r, t->body, t->kind == TMPL_WITH ? &v : dot);
}

static enum flow
exec_turn(struct run *r, const struct tmpl *t, const struct gotmpl_value *key, const struct gotmpl_value *v)
{
	const struct tmpl *pipe = t->pipe;
	size_t vars = r->nvars;
	enum flow flow;

	if (gotmpl_tick(r, t) < 0)
		return FLOW_FAILED;
	if (pipe->vars[1] && (set_var(r, pipe, pipe->vars[0], key) < 0 || set_var(r, pipe, pipe->vars[1], v) < 0))
		return FLOW_FAILED;
	if (pipe->vars[0] && !pipe->vars[1] && set_var(r, pipe, pipe->vars[0], v) < 0)
		return FLOW_FAILED;
	flow = exec_list(r, t->body, v);
	r->nvars = vars;
	return flow;
}

static enum flow
exec_range(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot)
{
	struct gotmpl_value over, key, v;
	size_t n;

	if (eval_commands(r, t->pipe, dot, &over) < 0)
		return FLOW_FAILED;
	if (over.kind == GOTMPL_INT)
		n = over.i > 0 ? (size_t)over.i : 0;
	else if (over.kind == GOTMPL_MISSING)
		n = 0;
	else if (over.kind >= GOTMPL_LIST)
		n = over.ops->count(over.p);
	else
		return tmpl_fail(r->err, t->line, "range can't iterate over a single value");
	for (size_t i = 0; i < n; i++) {
		const char *name = NULL;
		enum flow flow;

		key = v = gotmpl_int((int64_t)i);
		if (over.kind >= GOTMPL_LIST)
			over.ops->at(r->a, over.p, i, &name, &v);
		if (name)
			key = gotmpl_text(name);
		flow = exec_turn(r, t, &key, &v);
		if (flow == FLOW_FAILED)
			return flow;
		if (flow == FLOW_BREAK)
			break;
	}
	return n ? FLOW_ON : exec_list(r, t->otherwise, dot);
}

static enum flow
gotmpl_exec(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot)
{
	struct gotmpl_value v;
	size_t vars = r->nvars;
	enum flow flow;

	if (gotmpl_tick(r, t) < 0)
		return FLOW_FAILED;
	switch (t->kind) {
	case TMPL_TEXT:
		buf_add(r->out, t->s, t->len);
		return FLOW_ON;
	case TMPL_ACTION:
		if (eval_pipe(r, t->pipe, dot, &v) < 0)
			return FLOW_FAILED;
		if (!t->pipe->vars[0] && !(v.kind == GOTMPL_MISSING && r->opts->missing_is_empty))
			gotmpl_print(r->out, r->a, &v);
		return FLOW_ON;
	case TMPL_BREAK:
		return FLOW_BREAK;
	case TMPL_CONTINUE:
		return FLOW_CONTINUE;
	default:
		flow = t->kind == TMPL_RANGE ? exec_range(r, t, dot) : exec_branch(r, t, dot);
		r->nvars = vars;
		return flow;
	}
}

static enum flow
exec_list(struct run *r, const struct tmpl *t, const struct gotmpl_value *dot)
{
	for (; t; t = t->next) {
		enum flow flow = gotmpl_exec(r, t, dot);

		if (flow != FLOW_ON)
			return flow;
	}
	return FLOW_ON;
}

int
gotmpl_check(const char *text, size_t len, const struct gotmpl_opts *opts, struct error *err)
{
	AUTO(arena) a = { 0 };

	return tmpl_parse(&a, text, len, opts ? opts->funcs : NULL, err) ? 0 : -1;
}

int
gotmpl_run(struct buf *out, struct arena *a, const char *text, size_t len, const struct gotmpl_value *data,
	   const struct gotmpl_opts *opts, struct error *err)
{
	static const struct gotmpl_opts none;
	struct gotmpl_spent own = { 0 };
	struct run r = { .out = out, .counted = out->len, .a = a, .opts = opts ? opts : &none, .err = err };
	struct tmpl *t;

	r.spent = r.opts->spent ? r.opts->spent : &own;
	if (!memmem(text, len, "{{", 2)) {
		buf_add(out, text, len);
		return 0;
	}
	t = tmpl_parse(a, text, len, r.opts->funcs, err);
	if (!t)
		return -1;
	r.vars[r.nvars++] = (struct var){ "$", *data };
	return exec_list(&r, t->body, data) == FLOW_FAILED ? -1 : 0;
}
