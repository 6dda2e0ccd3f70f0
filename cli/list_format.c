#include "cli/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/instance_value.h"
#include "cli/json_yaml.h"

bool
stdout_is_terminal(void)
{
	const char *forced = getenv("_LIMA_OUTPUT_IS_TTY");

	return (forced && *forced) || isatty(STDOUT_FILENO);
}

int
list_filter(struct look *l, struct instance *i, struct error *err)
{
	size_t n;

	(void)i;
	cli_list(l->cli, "filter", &n);
	return n ? error_set(err, ERR_UNSUPPORTED, "--filter is not supported by this version") : 1;
}

static int
print_json(struct look *l, struct instance *v, size_t n)
{
	AUTO(buf) line = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		buf_truncate(&line, 0);
		instance_json(l, &v[i], true, &line);
		buf_addc(&line, '\n');
		fwrite(line.s, 1, line.len, stdout);
	}
	return 0;
}

static int
print_yaml(struct look *l, struct instance *v, size_t n)
{
	AUTO(buf) out = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		AUTO(buf) json = BUF_INIT;

		instance_json(l, &v[i], true, &json);
		if (i)
			buf_adds(&out, "---\n");
		json_yaml(&out, json_span_of(json.s));
	}
	fwrite(out.s, 1, out.len, stdout);
	return 0;
}

/* A line each. Nothing is printed for an instance that fails, nor for those behind it. */
static int
print_template(struct look *l, struct instance *v, size_t n, const char *text, struct error *err)
{
	const struct gotmpl_opts opts = { .funcs = instance_funcs };
	AUTO(buf) line = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		struct gotmpl_value data = instance_value(l, &v[i]);

		buf_truncate(&line, 0);
		if (gotmpl_run(&line, &v[i].arena, text, strlen(text), &data, &opts, err) < 0)
			return -1;
		buf_addc(&line, '\n');
		fwrite(line.s, 1, line.len, stdout);
	}
	return 0;
}

int
list_print(struct look *l, struct instance *v, size_t n, const char *format, struct error *err)
{
	if (strcmp(format, "json") == 0)
		return print_json(l, v, n);
	if (strcmp(format, "yaml") == 0)
		return print_yaml(l, v, n);
	return print_template(l, v, n, format, err);
}
