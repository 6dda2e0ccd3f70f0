#include "cli/plan/plan_save.h"

#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/when.h"
#include "cli/plan/plan_expect.h"
#include "cli/plan/plan_file.h"
#include "cli/plan/plan_words.h"
#include "cli/view/plan_view.h"

enum { MAX_TOLD = 20 };

static void
save_add_made(cJSON *body)
{
	char text[WHEN_MAX];

	cJSON_AddStringToObject(body, "made", when_utc(time(NULL), text));
}

int
plan_save(struct cli *c, const struct run *r, struct engine *e, struct error *err)
{
	cJSON *body = cJSON_CreateObject();
	AUTO(buf) text = BUF_INIT;
	int done;

	cJSON_AddStringToObject(body, "format_version", "1.0");
	cJSON_AddStringToObject(body, "limactl_version", c->env.version);
	save_add_made(body);
	cJSON_AddStringToObject(body, "home", c->env.home);
	plan_view_text(c, r, e, false, &text);
	cJSON_AddStringToObject(body, "text", text.s);
	cJSON_AddItemToObject(body, "plan", plan_view_json(c, r, e));
	cJSON_AddItemToObject(body, "expect", expect_make(e, expect_salt(&c->arena)));
	done = plan_words_keep(c, body, err) < 0 ? -1 : plan_file_write(r->out, body, err);
	cJSON_Delete(body);
	if (done == 0)
		cli_say(&c->env, SAY_INFO, "The plan is in %s: `limactl show` shows it, `limactl apply` walks it", r->out);
	return done;
}

struct told_moves {
	struct cli *c;
	size_t n;
};

static void
told_move(void *ctx, const char *line)
{
	struct told_moves *t = ctx;

	if (t->n++ < MAX_TOLD)
		cli_say(&t->c->env, SAY_ERROR, "%s", line);
}

int
plan_check(struct cli *c, const cJSON *body, const struct engine *e, struct error *err)
{
	const cJSON *then = cjson_get(body, "expect"), *steps = cjson_get(then, "resources");
	cJSON *now = expect_make(e, cjson_text_or(then, "salt", ""));
	struct told_moves t = { .c = c };
	size_t n = expect_compare(e, then, now, told_move, &t);

	cJSON_Delete(now);
	if (!n)
		return 0;
	if (t.n > MAX_TOLD)
		cli_say(&c->env, SAY_ERROR, "... and %zu more", t.n - MAX_TOLD);
	if (!e->plan.n && cJSON_GetArraySize(steps) && !e->nwrong)
		return error_set(err, ERR_STALE, "the plan was walked already, or somebody else did the same: there is nothing left to do");
	return error_set(err, ERR_STALE, "the world has moved since this plan was made (%s), and nothing was done; make another one with `limactl plan --out`",
			 cjson_text_or(body, "made", "?"));
}
