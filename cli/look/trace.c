#include "cli/look/trace.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"
#include "cli/look/story.h"

enum { PATH_PID = 1, PART_PID = 2, WAIT_MS = 20 };

struct tracing {
	struct buf *out;
	const struct story *story;
	bool any;
};

/* What all events have; what is of this one alone follows, and a closing brace. */
static void
trace_event(struct tracing *t, const char *phase, const char *name, const char *category, size_t pid, size_t tid, int64_t at)
{
	buf_adds(t->out, t->any ? ",\n{" : "\n{");
	t->any = true;
	quote_json_key(t->out, "name");
	quote_json(t->out, name, false);
	quote_json_member(t->out, "cat", category);
	buf_addf(t->out, ",\"ph\":\"%s\",\"pid\":%zu,\"tid\":%zu,\"ts\":%" PRId64, phase, pid, tid, (at - t->story->began) * 1000);
}

static void
trace_name(struct tracing *t, const char *what, size_t pid, size_t tid, const char *name)
{
	trace_event(t, "M", what, "__metadata", pid, tid, t->story->began);
	buf_adds(t->out, ",\"args\":{");
	quote_json_key(t->out, "name");
	quote_json(t->out, name, false);
	buf_adds(t->out, "}}");
}

static void
trace_process(struct tracing *t, size_t pid, const char *name)
{
	trace_name(t, "process_name", pid, 0, name);
	trace_event(t, "M", "process_sort_index", "__metadata", pid, 0, t->story->began);
	buf_addf(t->out, ",\"args\":{\"sort_index\":%zu}}", pid);
}

static const char *
trace_outcome(const struct story_step *s)
{
	return *s->error ? "failed" : s->open ? "did not end" : "done";
}

static void
trace_args(struct tracing *t, const struct story_step *s)
{
	AUTO(buf) address = BUF_INIT;

	buf_addf(&address, "%s.%s", s->type, s->name);
	buf_adds(t->out, ",\"args\":{");
	quote_json_key(t->out, "address");
	quote_json(t->out, address.s, false);
	quote_json_member(t->out, "verb", s->verb);
	quote_json_member(t->out, "outcome", trace_outcome(s));
	if (*s->why)
		quote_json_member(t->out, "why", s->why);
	if (*s->error)
		quote_json_member(t->out, "error", s->error);
	buf_addf(t->out, ",\"waited_ms\":%" PRId64 ",\"critical_path\":%s", s->waited, s->chain ? "true" : "false");
	buf_addc(t->out, '}');
}

static void
trace_slice(struct tracing *t, const struct story_step *s, size_t pid, size_t tid, const char *category)
{
	AUTO(buf) name = BUF_INIT;

	buf_addf(&name, "%s%s %s", strcmp(s->verb, "remove") ? "" : "remove ", s->type, s->name);
	trace_event(t, "X", name.s, category, pid, tid, s->began);
	buf_addf(t->out, ",\"dur\":%" PRId64, (s->ended - s->began) * 1000);
	if (*s->error || s->chain)
		quote_json_member(t->out, "cname", *s->error ? "terrible" : "bad");
	trace_args(t, s);
	buf_addc(t->out, '}');
}

static void
trace_phases(struct tracing *t, const struct story_step *s, size_t pid, size_t tid)
{
	int64_t since = s->began;

	for (size_t i = 0; i < s->nphases; since = s->phase[i++].ended) {
		if (s->phase[i].ended <= since)
			continue;
		trace_event(t, "X", s->phase[i].what, "boot", pid, tid, since);
		buf_addf(t->out, ",\"dur\":%" PRId64 "}", (s->phase[i].ended - since) * 1000);
	}
}

static void
trace_wait(struct tracing *t, const struct story_step *s, size_t id, size_t pid, size_t tid)
{
	AUTO(buf) name = BUF_INIT;

	if (s->waited < WAIT_MS)
		return;
	buf_addf(&name, "%s %s waits", s->type, s->name);
	trace_event(t, "b", name.s, "wait", pid, tid, s->began - s->waited);
	buf_addf(t->out, ",\"id\":%zu,\"args\":{}}", id + 1);
	trace_event(t, "e", name.s, "wait", pid, tid, s->began);
	buf_addf(t->out, ",\"id\":%zu,\"args\":{}}", id + 1);
}

static void
trace_part(struct tracing *t, const struct story_part *p, size_t pid)
{
	AUTO(arena) a = { 0 };
	size_t *row = arena_alloc(&a, (p->n + 1) * sizeof *row), rows = story_rows(t->story, p, row);

	trace_process(t, pid, *p->name ? p->name : "host");
	for (size_t i = 0; i < rows; i++)
		trace_name(t, "thread_name", pid, i + 1, i ? "steps beside" : "steps");
	for (size_t i = 0; i < p->n; i++) {
		const struct story_step *s = &t->story->v[p->step[i]];

		trace_slice(t, s, pid, row[i] + 1, "step");
		trace_phases(t, s, pid, row[i] + 1);
		trace_wait(t, s, p->step[i], pid, row[i] + 1);
	}
}

/* One behind the other, with an arrow from each to the next. */
static void
trace_path(struct tracing *t)
{
	const struct story *s = t->story;

	trace_process(t, PATH_PID, "critical path");
	trace_name(t, "thread_name", PATH_PID, 1, "what the run lasted for");
	for (size_t i = 0; i < s->npath; i++)
		trace_slice(t, &s->v[s->path[i]], PATH_PID, 1, "critical_path");
	for (size_t i = 0; i + 1 < s->npath; i++) {
		trace_event(t, "s", "then", "critical_path", PATH_PID, 1, s->v[s->path[i]].ended);
		buf_addf(t->out, ",\"id\":%zu}", i + 1);
		trace_event(t, "f", "then", "critical_path", PATH_PID, 1, s->v[s->path[i + 1]].began);
		buf_addf(t->out, ",\"id\":%zu,\"bp\":\"e\"}", i + 1);
	}
}

void
trace_text(struct buf *out, const struct story *s)
{
	struct tracing t = { .out = out, .story = s };

	buf_addf(out, "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"run\":%" PRId64 ",\"began_ms\":%" PRId64, s->id, s->began);
	quote_json_member(out, "command", s->command);
	quote_json_member(out, "outcome", s->open ? "did not end" : s->outcome);
	buf_adds(out, "},\"traceEvents\":[");
	trace_path(&t);
	for (size_t i = 0; i < s->nparts; i++)
		trace_part(&t, &s->part[i], PART_PID + i);
	buf_adds(out, "\n]}\n");
}
