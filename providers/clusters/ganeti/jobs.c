/* Jobs of Ganeti: one is begun by a question, has an id, and goes on when nobody looks. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/clock.h"
#include "base/error.h"
#include "providers/clusters/ganeti/engine.h"

enum { FIRST_PAUSE_MS = 100, LAST_PAUSE_MS = 2000, CANCEL_TICK_MS = 50, MAX_LINE = 300 };

int
ganeti_begin(const struct cluster *c, const char *method, const char *path, const char *key, const cJSON *body, struct arena *a,
	     const char **id, struct error *err)
{
	auto_json *json = NULL;
	const char *asked = key ? arena_printf(a, "%s%creason=%s", path, strchr(path, '?') ? '&' : '?', key) : path;

	if (rapi_ask(ganeti_rapi(c), method, asked, body, &json, err) < 0)
		return -1;
	if (cJSON_IsNumber(json) && json->valuedouble > 0 && json->valuedouble < 1e15)
		*id = arena_printf(a, "%.0f", json->valuedouble);
	else if (cJSON_IsString(json) && *json->valuestring && strlen(json->valuestring) < 16 &&
		 strspn(json->valuestring, "0123456789") == strlen(json->valuestring))
		*id = arena_strdup(a, json->valuestring);
	else
		return error_set(err, EIO, "%s%s: the answer is no job", c->conf->url, path);
	return 0;
}

int
ganeti_look_at_job(const struct cluster *c, const char *id, struct arena *a, cJSON **json, struct ganeti_job *out, struct error *err)
{
	AUTO(arena) path = { 0 };

	if (rapi_ask(ganeti_rapi(c), "GET", arena_printf(&path, "/2/jobs/%s", id), NULL, json, err) < 0)
		return -1;
	return ganeti_read_job(*json, a, out) ? 0 : error_set(err, EIO, "%s: what it says of job %s is of no shape", c->conf->url, id);
}

/* [serial, [s, us], "message", "words"]: those behind `told` of them. */
static void
ganeti_tell_log(const cJSON *log, int *told, cluster_tell *tell, void *ctx)
{
	int at = 0;
	const cJSON *entry;

	if (!tell || !cJSON_IsArray(log))
		return;
	cJSON_ArrayForEach(entry, log) {
		const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(entry, 3));
		char line[MAX_LINE];
		size_t n = 0;

		if (at++ < *told || !text)
			continue;
		for (; n < sizeof line - 1 && text[n]; n++)
			line[n] = text[n] < ' ' || text[n] > '~' ? ' ' : text[n];
		line[n] = '\0';
		tell(ctx, &(struct cluster_event){ EVENT_SAID, line });
	}
	*told = at;
}

/* False: cancelled, or too late. */
static bool
ganeti_pause(const struct cluster *c, int *pause_ms, long long end)
{
	long long until = clock_ms() + *pause_ms, left;

	*pause_ms = *pause_ms * 3 / 2 < LAST_PAUSE_MS ? *pause_ms * 3 / 2 : LAST_PAUSE_MS;
	while (!(c->cancel && *c->cancel) && (left = until - clock_ms()) > 0)
		poll(NULL, 0, left < CANCEL_TICK_MS ? (int)left : CANCEL_TICK_MS);
	return !(c->cancel && *c->cancel) && clock_ms() < end;
}

int
ganeti_wait(const struct cluster *c, const char *id, int timeout_ms, cluster_tell *tell, void *ctx, struct arena *a, struct ganeti_job *out,
	    struct error *err)
{
	long long end = timeout_ms ? clock_ms() + timeout_ms : LLONG_MAX;
	int pause_ms = FIRST_PAUSE_MS, told = 0;

	for (;;) {
		auto_json *json = NULL;

		if (ganeti_look_at_job(c, id, a, &json, out, err) < 0)
			return -1;
		ganeti_tell_log(out->log, &told, tell, ctx);
		out->log = NULL;
		if (out->state != GANETI_JOB_WAITS)
			return 0;
		if (!ganeti_pause(c, &pause_ms, end))
			break;
	}
	if (c->cancel && *c->cancel)
		return error_set(err, ERR_CANCELLED, "cancelled; job %s goes on, on the cluster", id);
	return error_set(err, ETIMEDOUT, "job %s is not done after %d s; look at it by `gnt-job info %s`", id, timeout_ms / 1000, id);
}

/* What is said of a job that failed, and what it means for who asked for it. */
static int
ganeti_failed(struct cluster *c, const struct cluster_job *job, const char *id, const struct ganeti_job *j, struct error *err)
{
	AUTO(arena) a = { 0 };
	auto_json *json = NULL;
	struct ganeti_instance i;

	/* Who was there first: this very job, or another operator? */
	if (!strcmp(j->kind, "already_exists") && ganeti_instance(c, job->name, &a, &json, &i, err) == 1) {
		if (ganeti_tags_won(&i, job))
			return 0;
		return error_set(err, ERR_STALE, "`%s` is of generation %lld by now, by %s", job->name, i.machine.generation,
				 *i.machine.by ? i.machine.by : "somebody who does not use limactl");
	}
	return error_set(err, ERR_CHILD, "`%s`: job %s of the cluster failed: %s", job->name, id, j->why);
}

int
ganeti_poll(struct cluster *c, const struct cluster_job *job, const char *id, cluster_tell *tell, void *ctx, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct error why = { 0 };
	struct ganeti_job j;

	/* There was nothing to be done. */
	if (!*id)
		return 0;
	if (ganeti_wait(c, id, job->timeout_ms, tell, ctx, &a, &j, &why) < 0) {
		if (why.code == ENOENT)
			error_set(&why, ENOENT, "the cluster does not know job %s of `%s` any more; apply again", id, job->name);
		if (err)
			*err = why;
		return -1;
	}
	return j.state == GANETI_JOB_DONE ? 0 : ganeti_failed(c, job, id, &j, err);
}
