#include "cli/view/steps_told.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "reconciler/plan.h"

#define QUICK_S 0.5		/* what takes less shares a line */

/* Quick steps of one instance with the same outcome share a line. */
struct quick {
	char *owner;
	const char *word;
	struct buf types;
	double seconds;
};

struct steps_told {
	const struct cli *cli;
	enum level level;
	size_t failed;
	struct quick *v;
	size_t n, cap;
};

struct steps_told *
steps_told_new(const struct cli *c, enum level level)
{
	struct steps_told *t = xcalloc(1, sizeof *t);

	t->cli = c;
	t->level = level;
	return t;
}

/* What has become of it, in a word of its kind: a machine stops, a file is removed. */
static const char *
step_outcome(const struct step *s)
{
	if (s->verb != REMOVE)
		return "done";
	return s->res->type->gone ? s->res->type->gone : "removed";
}

/* Whether the machine runs is what everybody looks for: it has its own line. */
static bool
step_is_small(const struct step *s)
{
	return *s->res->owner && !s->res->type->boots;
}

static void
quick_say(struct steps_told *t, struct quick *q)
{
	cli_say_with(t->cli, t->level, NULL, "%s: %s %s (%.1fs)", q->owner, q->types.s, q->word, q->seconds);
	buf_release(&q->types);
	free(q->owner);
}

/* Those of `owner` (NULL: all) are told now. */
static void
quick_flush(struct steps_told *t, const char *owner)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++)
		if (owner && strcmp(t->v[i].owner, owner) != 0)
			t->v[kept++] = t->v[i];
		else
			quick_say(t, &t->v[i]);
	t->n = kept;
}

static bool
quick_has_type(const struct quick *q, const char *type)
{
	size_t n = strlen(type);

	for (const char *p = q->types.s; (p = strstr(p, type)); p += n)
		if ((p == q->types.s || p[-1] == ' ') && (!p[n] || p[n] == ','))
			return true;
	return false;
}

static void
quick_add(struct steps_told *t, const struct step *s, const char *word, double seconds)
{
	const char *type = s->res->type->name;
	struct quick *q = t->v;

	while (q < t->v + t->n && (strcmp(q->owner, s->res->owner) != 0 || strcmp(q->word, word) != 0))
		q++;
	if (q == t->v + t->n) {
		GROW(t->v, t->n, t->cap);
		q = &t->v[t->n++];
		*q = (struct quick){ .owner = xstrdup(s->res->owner), .word = word, .types = BUF_INIT };
	}
	if (!quick_has_type(q, type))
		buf_addf(&q->types, "%s%s", q->types.len ? ", " : "", type);
	q->seconds += seconds;
}

/* An event for programs: its fields are the contract, the message is for who reads along. */
static void
step_event(const struct steps_told *t, enum level level, const struct step *s, const char *word, double seconds, const char *error,
	   const char *doing)
{
	AUTO(arena) a = { 0 };
	cJSON *why = reason_json(&s->why);
	char *reason = cJSON_PrintUnformatted(why);
	struct say_field f[9] = { { "action", word, false } };
	size_t n = 1;

	if (doing)
		f[n++] = (struct say_field){ "doing", doing, false };
	if (error)	/* its first line: the others are the message's `lines` */
		f[n++] = (struct say_field){ "error", arena_memdup(&a, error, strcspn(error, "\n")), false };
	f[n++] = (struct say_field){ "instance", s->res->owner, false };
	f[n++] = (struct say_field){ "name", s->res->name, false };
	f[n++] = (struct say_field){ "reason", reason, true };
	f[n++] = (struct say_field){ "seconds", arena_printf(&a, "%.1f", seconds), true };
	f[n++] = (struct say_field){ "type", s->res->type->name, false };
	cli_say_with(t->cli, level, f, "%s %s: %s (%.1fs)%s", s->res->type->name, s->res->name, doing ? doing : word, seconds,
		     error ? error + strcspn(error, "\n") : "");
	cJSON_free(reason);
	cJSON_Delete(why);
}

void
steps_told_begun(const struct steps_told *t, const struct step *s)
{
	if (t->cli->log_json)
		step_event(t, t->level, s, "begun", 0, NULL, NULL);
}

void
steps_told_doing(const struct steps_told *t, const struct step *s, const char *doing, double seconds)
{
	if (t->cli->log_json)
		step_event(t, t->level, s, "doing", seconds, NULL, doing);
}

void
steps_told_waiting(const struct steps_told *t, const struct step *s, double seconds)
{
	if (t->cli->log_json)
		step_event(t, SAY_INFO, s, "waiting", seconds, NULL, NULL);
	else
		cli_say_with(t->cli, SAY_INFO, NULL, "%s %s: still at it after %.0f s", s->res->type->name, s->res->name, seconds);
}

static void
step_failed(struct steps_told *t, const struct step *s, double seconds)
{
	bool cancelled = s->err.code == ERR_CANCELLED;

	if (t->cli->log_json)
		step_event(t, cancelled ? SAY_INFO : SAY_ERROR, s, cancelled ? "cancelled" : "failed", seconds, s->err.msg, NULL);
	else if (!cancelled && t->failed)	/* the first failure is what the command will end with */
		cli_say_with(t->cli, SAY_ERROR, NULL, "%s", s->err.msg);
	t->failed += !cancelled;
}

/* With a machine goes what ran in it, each of its scripts: that is no news to anybody. */
static bool
step_goes_along(const struct step *s)
{
	return s->verb == REMOVE && s->res->type->folds;
}

void
steps_told_settled(struct steps_told *t, const struct step *s, double seconds)
{
	const char *word = step_outcome(s);

	if (s->status == FAILED)
		step_failed(t, s, seconds);
	if (s->status != DONE || (!t->cli->log_json && step_goes_along(s)))
		return;
	if (t->cli->log_json) {
		step_event(t, t->level, s, word, seconds, NULL, NULL);
	} else if (seconds < QUICK_S && step_is_small(s) && t->level == SAY_INFO) {
		quick_add(t, s, word, seconds);
	} else {
		quick_flush(t, s->res->owner);
		cli_say_with(t->cli, t->level, NULL, "%s %s: %s (%.1fs)", s->res->type->name, s->res->name, word, seconds);
	}
}

void
steps_told_free(struct steps_told *t)
{
	quick_flush(t, NULL);
	free(t->v);
	free(t);
}
