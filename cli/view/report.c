#include "cli/view/report.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/view/junit.h"
#include "hostagent/protocol/ha_client.h"
#include "reconciler/engine.h"

const struct flag report_flags[] = {
	{"junit", 0, FLAG_STRING, .about = "Write the steps, and what the guests were waited for with, to this file as JUnit XML", .complete = "@file"},
	{0},
};

static void
report_release(struct report *r)
{
	cJSON_Delete(r->steps);
	cJSON_Delete(r->instances);
	*r = (struct report){0};
}

static const char *
report_step_status(struct report *r, const struct step *s)
{
	if (s->status == DONE)
		return r->done++, "done";
	if (s->status == FAILED && s->err.code == ERR_CANCELLED)
		return r->cancelled++, "cancelled";
	if (s->status == FAILED)
		return r->failed++, "failed";
	return r->skipped++, "skipped";
}

/* "error", and "lines" of what stands behind its first line. */
static void
report_add_error(cJSON *o, const char *msg)
{
	auto_free char *copy = xstrdup(msg);
	char *rest = copy, *line = strsep(&rest, "\n");
	cJSON *lines = NULL;

	cJSON_AddStringToObject(o, "error", line);
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		if (!lines)
			lines = cJSON_AddArrayToObject(o, "lines");
		cJSON_AddItemToArray(lines, cJSON_CreateString(line));
	}
}

static void
report_add_step(struct report *r, const struct step *s)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "instance", s->res->owner);
	cJSON_AddStringToObject(o, "type", s->res->type->name);
	cJSON_AddStringToObject(o, "name", s->res->name);
	cJSON_AddStringToObject(o, "action", s->verb == REMOVE ? "remove" : "ensure");
	cJSON_AddStringToObject(o, "status", report_step_status(r, s));
	cJSON_AddNumberToObject(o, "seconds", (double)s->took_ms / 1e3);
	if (s->status == FAILED)
		report_add_error(o, s->err.msg);
	cJSON_AddItemToArray(r->steps, o);
}

/* What its host agent says that the guest is waited for with; of one that does not run, nothing. */
static void
report_add_conditions(cJSON *o, const struct engine *e, const struct request *a)
{
	auto_free char *dir = xasprintf("%s/%s", e->env->home, a->name);
	cJSON *list = cJSON_AddArrayToObject(o, "conditions");
	struct ha_condition *v;
	AUTO(arena) mem = {0};
	size_t n;

	if (a->goal != GOAL_RUNNING || ha_conditions(dir, &mem, &v, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		cJSON *k = cJSON_CreateObject();

		cJSON_AddStringToObject(k, "group", v[i].group);
		cJSON_AddStringToObject(k, "what", v[i].what);
		cJSON_AddStringToObject(k, "hint", v[i].hint);
		cJSON_AddBoolToObject(k, "probe", v[i].probe);
		cJSON_AddStringToObject(k, "state", v[i].state);
		cJSON_AddNumberToObject(k, "seconds", v[i].seconds);
		if (*v[i].said)
			cJSON_AddStringToObject(k, "said", v[i].said);
		cJSON_AddItemToArray(list, k);
	}
}

static void
report_add_instance(struct report *r, const struct engine *e, const struct request *a)
{
	cJSON *o = cJSON_CreateObject(), *old;

	/* `start --foreground` ends with a second plan, which has no word about what was waited for */
	cJSON_ArrayForEach(old, r->instances)
	{
		if (!strcmp(cjson_text(old, "name"), a->name))
			return cJSON_Delete(o);
	}

	cJSON_AddStringToObject(o, "name", a->name);
	if (a->wrong)
		report_add_error(o, a->wrong->msg);
	report_add_conditions(o, e, a);
	cJSON_AddItemToArray(r->instances, o);
}

void
report_take(struct report *r, const struct engine *e)
{
	auto_free struct request **order = engine_in_order(e);

	if (!r->steps) {
		r->steps = cJSON_CreateArray();
		r->instances = cJSON_CreateArray();
	}
	for (size_t i = 0; i < e->plan.n; i++)
		report_add_step(r, e->plan.v[i]);
	for (size_t i = 0; order[i]; i++)
		report_add_instance(r, e, order[i]);
	for (size_t i = 0; i < e->nwrong; i++)
		report_add_instance(r, e, &e->requests[e->nrequests + i]);
}

static const char *
report_status(int status, const struct error *err)
{
	return status >= 0 ? "done" : err && err->code == ERR_CANCELLED ? "cancelled" : "failed";
}

static cJSON *
report_counts(const struct report *r)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "done", (double)r->done);
	cJSON_AddNumberToObject(o, "failed", (double)r->failed);
	cJSON_AddNumberToObject(o, "cancelled", (double)r->cancelled);
	cJSON_AddNumberToObject(o, "skipped", (double)r->skipped);
	return o;
}

static void
report_print(const struct cli *c, const struct report *r, int status, const struct error *err)
{
	cJSON *root = cJSON_CreateObject(), *o = cJSON_AddObjectToObject(root, "result");
	char *text;

	cJSON_AddStringToObject(o, "status", report_status(status, err));
	cJSON_AddNumberToObject(o, "exitStatus", status < 0 ? cli_failed_status(c, err) : status);
	cJSON_AddNumberToObject(o, "seconds", (double)(clock_ms() - r->began_ms) / 1e3);
	if (status < 0)
		report_add_error(o, err->msg);
	cJSON_AddItemToObject(o, "counts", report_counts(r));
	cJSON_AddItemToObject(o, "steps", r->steps ? cJSON_Duplicate(r->steps, true) : cJSON_CreateArray());
	cJSON_AddItemToObject(o, "instances", r->instances ? cJSON_Duplicate(r->instances, true) : cJSON_CreateArray());
	text = cJSON_PrintUnformatted(root);
	cli_print_line(text);
	cJSON_free(text);
	cJSON_Delete(root);
}

static int
report_finish(struct cli *c, struct report *r, int status, struct error *err)
{
	const char *path = cli_str(c, "junit");
	struct error own = {0}, why = {0};
	AUTO(buf) xml = BUF_INIT;

	if (status < 0)
		own = err ? *err : own;
	if (cli_bool(c, "json"))
		report_print(c, r, status, &own);
	if (!*path)
		return status;
	junit_text(&xml, r, status < 0 ? &own : NULL);
	if (fs_rewrite(path, xml.s, xml.len, 0644, &why) == 0)
		return status;
	if (status >= 0) {
		error_wrap(&why, "--junit");
		if (err)
			*err = why;
		return -1;
	}
	cli_say(&c->env, SAY_ERROR, "--junit: %s", why.msg); /* what the command ends with is what went wrong with it */
	return status;
}

int
report_run(struct cli *c, int (*go)(struct cli *c, struct error *err), struct error *err)
{
	AUTO(report) r = {.began_ms = clock_ms()};
	int status;

	/* Each host agent would be asked for it. */
	if (!cli_bool(c, "json") && !*cli_str(c, "junit"))
		return go(c, err);
	c->report = &r;
	status = go(c, err);
	c->report = NULL;
	return report_finish(c, &r, status, err);
}
