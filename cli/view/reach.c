#include "cli/view/reach.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "cli/cli.h"
#include "reconciler/plan.h"

static void
reach_each(const struct plan *p, void (*tell)(void *ctx, const char *name, const char *text), void *ctx)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct resource *r = p->v[i]->res;
		AUTO(buf) text = BUF_INIT;

		if (p->v[i]->verb != ENSURE || r->present || !r->spec || !r->type->is_instance ||
		    (r->spec->away && r->spec->away->tells))
			continue;
		spec_reach(r->spec, getenv("HOME"), &text);
		if (text.len)
			tell(ctx, r->owner, text.s);
	}
}

static void
tell_line(void *ctx, const char *name, const char *text)
{
	buf_addf(ctx, "Of this host, %s %s.\n", name, text);
}

void
reach_text(struct buf *out, const struct plan *p)
{
	reach_each(p, tell_line, out);
}

static void
tell_json(void *ctx, const char *name, const char *text)
{
	cJSON_AddStringToObject(ctx, name, text);
}

void
reach_json(struct cJSON *root, const struct plan *p)
{
	reach_each(p, tell_json, cJSON_AddObjectToObject(root, "reach"));
}

static void
tell_log(void *ctx, const char *name, const char *text)
{
	const struct cli *c = ctx;

	cli_say(&c->env, SAY_INFO, "Of this host, `%s` %s", name, text);
}

void
reach_say(const struct cli *c, const struct plan *p)
{
	reach_each(p, tell_log, (void *)c);
}
