/*
 * All that a host is to do in one: `limactl engine-apply` there plans and walks it, with the jobs on its standard input. What it says
 * comes back as its log does, an object of JSON a line: events of steps, and one for each job that is over. Of what is said nothing is believed that is not of a job.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "providers/clusters/hosts/hosts.h"

enum { STALE = 3 /* the exit status of limactl where something has moved */, TEXT_MOST = 4096 };

struct shard_talk {
	const struct cluster_shard *shard;
	bool *over;
	size_t left;
};

/* --- what is asked --- */

static void
shard_job_text(const struct cluster_job *j, struct buf *b)
{
	buf_addc(b, '{');
	quote_json_member(b, "name", j->name);
	quote_json_member(b, "goal", j->verb == CLUSTER_RUN ? "running" : j->verb == CLUSTER_STOP ? "stopped" : "absent");
	quote_json_member(b, "key", j->key);
	quote_json_member(b, "digest", j->digest);
	quote_json_member(b, "by", j->by);
	buf_addf(b, ",\"expects\":%lld,\"generation\":%lld,\"after\":[", j->expects, j->generation);
	for (size_t i = 0; i < j->nafter; i++) {
		if (i)
			buf_addc(b, ',');
		quote_json(b, j->after[i], true);
	}
	buf_addc(b, ']');
	if (j->text)
		quote_json_member(b, "text", j->text);
	buf_addc(b, '}');
}

static void
shard_text(const struct cluster_shard *s, struct buf *b)
{
	buf_addc(b, '{');
	quote_json_member(b, "fleet", s->jobs[0].fleet);
	buf_adds(b, ",\"jobs\":[");
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			buf_addc(b, ',');
		shard_job_text(&s->jobs[i], b);
	}
	buf_adds(b, "]}\n");
}

/* --- what is said --- */

static void
shard_job_over(struct shard_talk *t, const cJSON *o)
{
	const char *job = cjson_text_or(o, "job", ""), *end = cjson_text_or(o, "end", "");
	const struct cluster_shard *s = t->shard;
	struct error why;
	size_t i = 0;

	while (i < s->n && strcmp(s->jobs[i].name, job) != 0)
		i++;
	if (i == s->n || t->over[i])
		return;
	t->over[i] = true;
	t->left--;
	if (!strcmp(end, "done") || !strcmp(end, "left")) {
		s->over(s->ctx, i, !strcmp(end, "done") ? SHARD_DONE : SHARD_LEFT, NULL);
		return;
	}
	error_set(&why, !strcmp(end, "stale") ? ERR_STALE : ERR_CHILD, "host `%s`: %.*s", s->node, TEXT_MOST, cjson_text_or(o, "error", "it failed there"));
	s->over(s->ctx, i, SHARD_FAILED, &why);
}

/* Of whose job is that? "web", "web:ssh". */
static bool
shard_has(const struct cluster_shard *s, const char *instance)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->jobs[i].name, instance))
			return true;
	return false;
}

static void
shard_step(struct shard_talk *t, const cJSON *o, const char *action)
{
	static const char *const goes_on[] = { "begun", "doing", "waiting" };
	const cJSON *seconds = cjson_get(o, "seconds");
	bool failed = !strcmp(action, "failed") || !strcmp(action, "cancelled");
	struct cluster_event e = {
		.kind = EVENT_STEP, .type = cjson_text_or(o, "type", "?"), .name = cjson_text_or(o, "name", "?"), .removes = !failed && strcmp(action, "done") != 0,
		.text = failed ? cjson_text_or(o, "error", action) : NULL, .took_ms = cJSON_IsNumber(seconds) && seconds->valuedouble >= 0 && seconds->valuedouble < 1e7 ?
		(long long)(seconds->valuedouble * 1e3) : 0,
	};

	for (size_t i = 0; i < ARRAY_LEN(goes_on); i++)
		if (!strcmp(action, goes_on[i]))
			return;
	if (*cjson_text_or(o, "instance", "") && !shard_has(t->shard, cjson_text_or(o, "instance", "")))
		return;
	t->shard->tell(t->shard->ctx, &e);
}

static void
shard_line(void *ctx, const char *text, size_t len)
{
	struct shard_talk *t = ctx;
	cJSON *o = len && *text == '{' ? cJSON_ParseWithLength(text, len) : NULL;
	const char *action = cjson_text(o, "action"), *level = cjson_text_or(o, "level", ""), *msg = cjson_text_or(o, "msg", "");

	if (cjson_text(o, "job"))
		shard_job_over(t, o);
	else if (action)
		shard_step(t, o, action);
	else if (*msg && strcmp(level, "fatal") != 0)
		t->shard->tell(t->shard->ctx, &(struct cluster_event){ .kind = !strcmp(level, "warning") ? EVENT_WARNED : EVENT_SAID, .text = msg });
	cJSON_Delete(o);
}

int
hosts_submit_all(struct cluster *c, const struct cluster_shard *s, struct error *err)
{
	static const char *const words[] = { "limactl", "--log-format", "json", "--tty=false", "engine-apply", NULL };
	const struct engine_host *h = host_find(c, s->node);
	auto_free bool *over = xcalloc(s->n, sizeof *over);
	struct shard_talk talk = { s, over, s->n };
	AUTO(buf) in = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	AUTO(arena) a = { 0 };
	struct error why = { 0 };
	const char *said;
	int status = 0;

	if (!h)
		return error_set(err, ENOENT, "there is no host `%s`", s->node);
	shard_text(s, &in);
	if (host_ask(c, h, &(struct host_ask){ .words = words, .input = in.s, .input_len = in.len, .out = &out, .talk = true, .line = shard_line, .ctx = &talk },
		     &status, &why) < 0)
		return why.code == ERR_CANCELLED ? error_set(err, why.code, "%s", why.msg) : error_set(err, why.code, "host `%s` %s", s->node, why.msg);
	if (!talk.left)
		return 0;
	said = host_fatal(&a, &out);
	return error_set(err, status == STALE ? ERR_STALE : ERR_CHILD, "host `%s`: %s", s->node, said ? said : "limactl failed there");
}
