#include "cli/view/refused.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "reconciler/explain.h"
#include "reconciler/graph.h"
#include "reconciler/plan.h"

enum { MOST = 200 };

/* ":12" at `p`: the number, and where it ends; 0: there is none. */
static long
refused_number(const char *p, const char **end)
{
	char *after;
	long n = *p == ':' && isdigit((unsigned char)p[1]) ? strtol(p + 1, &after, 10) : 0;

	if (n > 0)
		*end = after;
	return n;
}

/* FILE:LINE:COLUMN: WORDS. False: it is words alone. */
static bool
refused_place(const char *text, cJSON *o, const char **words)
{
	for (const char *p = strchr(text, ':'); p; p = strchr(p + 1, ':')) {
		const char *at = p;
		long line = refused_number(p, &at), column = line ? refused_number(at, &at) : 0;
		auto_free char *file = NULL;
		cJSON *range, *start;

		if (!column || strncmp(at, ": ", 2) != 0)
			continue;
		file = xstrndup(text, (size_t)(p - text));
		range = cJSON_AddObjectToObject(o, "range");
		cJSON_AddStringToObject(range, "filename", file);
		start = cJSON_AddObjectToObject(range, "start");
		cJSON_AddNumberToObject(start, "line", (double)line);
		cJSON_AddNumberToObject(start, "column", (double)column);
		*words = at + 2;
		return true;
	}
	return false;
}

/* Each line with a place is one; others belong to the one before. */
static cJSON *
refused_diagnostics(const char *message)
{
	cJSON *list = cJSON_CreateArray(), *last = NULL;
	auto_free char *copy = xstrdup(message);
	char *rest = copy;
	AUTO(buf) detail = BUF_INIT;

	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *words = line;
		cJSON *o = cJSON_CreateObject();

		if (!*line || (!refused_place(line, o, &words) && last) || cJSON_GetArraySize(list) >= MOST) {
			cJSON_Delete(o);
			if (*line && last)
				buf_addf(&detail, "%s%s", detail.len ? "\n" : "", line);
			continue;
		}
		if (last && detail.len)
			cJSON_AddStringToObject(last, "detail", detail.s);
		buf_truncate(&detail, 0);
		cJSON_AddStringToObject(o, "severity", "error");
		cJSON_AddStringToObject(o, "summary", words);
		cJSON_AddItemToArray(list, last = o);
	}
	if (last && detail.len)
		cJSON_AddStringToObject(last, "detail", detail.s);
	return list;
}

/* The error has the first of several that are wrong in a text; those have a line each. */
static const char *
refused_text(struct cli *c, const struct error *err)
{
	size_t first = c->complaints ? strcspn(c->complaints, "\n") : 0;

	if (!first)
		return err->msg;
	return strncmp(err->msg, c->complaints, first) == 0 ? c->complaints : arena_printf(&c->arena, "%s%s", c->complaints, err->msg);
}

void
refused_print(struct cli *c, const struct error *err)
{
	const struct plan nothing = { 0 };
	const struct graph none = { 0 };
	cJSON *j = explain_json(&nothing, &none);
	char *text;

	cJSON_AddStringToObject(j, "limactl_version", c->env.version);
	cJSON_AddFalseToObject(j, "applyable");
	cJSON_AddFalseToObject(j, "complete");
	cJSON_AddTrueToObject(j, "errored");
	cJSON_AddNumberToObject(j, "bytes_at_risk", 0);
	cJSON_AddArrayToObject(j, "downtime");
	cJSON_AddNullToObject(j, "estimate_ms");
	cJSON_AddObjectToObject(j, "reach");
	cJSON_AddNumberToObject(j, "status", cli_failed_status(c, err));
	cJSON_AddItemToObject(j, "diagnostics", refused_diagnostics(refused_text(c, err)));
	secrets_hide_json(&c->secrets, j, NULL);
	text = cJSON_PrintUnformatted(j);
	cli_print_line(text);
	cJSON_free(text);
	cJSON_Delete(j);
}
