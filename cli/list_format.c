#include "cli/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"

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

int
list_print(struct look *l, struct instance *v, size_t n, const char *format, struct error *err)
{
	AUTO(buf) line = BUF_INIT;

	if (strcmp(format, "json") != 0)
		return error_set(err, ERR_UNSUPPORTED, "format %s is not supported by this version", format);
	for (size_t i = 0; i < n; i++) {
		buf_truncate(&line, 0);
		instance_json(l, &v[i], true, &line);
		buf_addc(&line, '\n');
		fwrite(line.s, 1, line.len, stdout);
	}
	return 0;
}
