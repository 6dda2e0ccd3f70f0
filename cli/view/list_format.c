#include "cli/commands/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/view/instance_value.h"
#include "cli/view/json_pretty.h"
#include "cli/view/json_yaml.h"
#include "state/desired/yq/yq.h"

bool
stdout_is_terminal(void)
{
	const char *forced = getenv("_LIMA_OUTPUT_IS_TTY");

	return (forced && *forced) || isatty(STDOUT_FILENO);
}

/* "A | B", of the values of a flag, each within before and after; in c->arena */
static const char *
list_format_joined(struct cli *c, const char *flag, const char *before, const char *after)
{
	AUTO(buf) b = BUF_INIT;
	size_t n;
	char *const *v = cli_list(c, flag, &n);

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s%s%s", i ? " | " : "", before, v[i], after);
	return arena_strdup(&c->arena, b.s);
}

static int
list_format_count(void *ctx, const char *result, struct error *err)
{
	(void)result, (void)err;
	++*(size_t *)ctx;
	return 0;
}

int
list_filter(struct look *l, struct yq **filter, struct instance *i, struct error *err)
{
	const char *expr = list_format_joined(l->cli, "filter", "select(", ")");
	AUTO(buf) json = BUF_INIT;
	size_t n = 0;

	if (!*expr)
		return 1;
	if (!*filter && !(*filter = yq_open(expr, 0, err)))
		return error_wrap(err, "failed to apply filter %s", cli_tick(l->cli, expr));
	instance_json(l, i, false, &json);
	if (yq_run(*filter, json.s, list_format_count, &n, err) < 0)
		return error_wrap(err, "failed to apply filter %s", cli_tick(l->cli, expr));
	return n > 0;
}

/* --- --yq --- */

struct printing {
	struct buf *out;
	bool yaml, color;
	int indent;
};

/* A text bare, anything else as it is. */
static int
list_format_print_result(void *ctx, const char *result, struct error *err)
{
	const struct printing *p = ctx;
	struct json_span v = json_span_of(result);
	AUTO(arena) a = { 0 };

	(void)err;
	if (p->yaml) {
		json_yaml(p->out, v);
		return 0;
	}
	if (result[0] == '"')
		buf_adds(p->out, json_text(&a, v));
	else if (p->indent || p->color)
		json_pretty(p->out, result, p->indent ? p->indent : 4, p->color);
	else
		buf_adds(p->out, result);
	buf_addc(p->out, '\n');
	return 0;
}

int
yq_print(const char *json, const char *expr, int indent, struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	struct printing p = { .out = &out, .color = stdout_is_terminal(), .indent = indent };

	if (yq_eval(json, expr, list_format_print_result, &p, err) < 0)
		return -1;
	cli_print_colored(stdout, out.s, out.len);
	return 0;
}

static int
list_format_run_yq(struct look *l, struct yq *q, struct instance *v, size_t n, bool yaml, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		AUTO(buf) json = BUF_INIT;
		AUTO(buf) out = BUF_INIT;
		struct printing p = { .out = &out, .yaml = yaml, .color = stdout_is_terminal() };

		instance_json(l, &v[i], true, &json);
		if (yaml && i)
			buf_adds(&out, "---\n");
		if (yq_run(q, json.s, list_format_print_result, &p, err) < 0)
			return -1;
		cli_print_colored(stdout, out.s, out.len);
	}
	return 0;
}

static int
print_yq(struct look *l, struct instance *v, size_t n, const char *format, struct error *err)
{
	const char *expr = list_format_joined(l->cli, "yq", "", "");
	struct yq *q;
	int r;

	if (cli_bool(l->cli, "quiet"))
		expr = arena_printf(&l->cli->arena, "%s | .name", expr);
	q = yq_open(expr, 0, err);
	if (!q)
		return -1;
	r = list_format_run_yq(l, q, v, n, strcmp(format, "yaml") == 0, err);
	yq_close(q);
	return r;
}

/* --- the formats by themselves --- */

static int
list_format_print_json(struct look *l, struct instance *v, size_t n)
{
	bool color = stdout_is_terminal();
	AUTO(buf) line = BUF_INIT;
	AUTO(buf) json = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		buf_truncate(&line, 0);
		buf_truncate(&json, 0);
		instance_json(l, &v[i], true, &json);
		if (color)
			json_pretty(&line, json.s, 4, true);
		else
			buf_add(&line, json.s, json.len);
		buf_addc(&line, '\n');
		cli_print_colored(stdout, line.s, line.len);
	}
	return 0;
}

static int
print_yaml(struct look *l, struct instance *v, size_t n)
{
	bool color = stdout_is_terminal();
	AUTO(buf) out = BUF_INIT;
	AUTO(buf) shown = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		AUTO(buf) json = BUF_INIT;

		instance_json(l, &v[i], true, &json);
		if (i || color)
			buf_adds(&out, "---\n");
		json_yaml(&out, json_span_of(json.s));
	}
	if (color)
		yaml_color(&shown, out.s);
	cli_print_colored(stdout, color ? shown.s : out.s, color ? shown.len : out.len);
	return 0;
}

/* A line each. Nothing is printed for an instance that fails, nor for those behind it. */
static int
print_template(struct look *l, struct instance *v, size_t n, const char *text, struct error *err)
{
	const struct gotmpl_opts opts = { .funcs = instance_funcs };
	AUTO(buf) line = BUF_INIT;

	if (gotmpl_check(text, strlen(text), &opts, err) < 0)
		return error_wrap(err, "invalid go template");
	for (size_t i = 0; i < n; i++) {
		struct gotmpl_value data = instance_value(l, &v[i]);

		buf_truncate(&line, 0);
		if (gotmpl_run(&line, &v[i].arena, text, strlen(text), &data, &opts, err) < 0)
			return -1;
		buf_addc(&line, '\n');
		cli_print(stdout, line.s, line.len);
	}
	return 0;
}

int
list_print(struct look *l, struct instance *v, size_t n, const char *format, struct error *err)
{
	size_t nyq;

	cli_list(l->cli, "yq", &nyq);
	if (nyq)
		return print_yq(l, v, n, format, err);
	if (strcmp(format, "json") == 0)
		return list_format_print_json(l, v, n);
	if (strcmp(format, "yaml") == 0)
		return print_yaml(l, v, n);
	return print_template(l, v, n, format, err);
}
