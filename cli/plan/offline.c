#include "cli/plan/offline.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/size.h"
#include "cli/cli.h"
#include "reconciler/engine.h"

struct offline {
	struct cli *c;
	const struct resource *r;
	size_t lacking;
	uint64_t bytes;
	bool more;		/* than these: of some nobody knows how many they are */
};

static void
offline_tell(void *ctx, const char *location, const char *digest, int64_t bytes)
{
	struct offline *o = ctx;
	struct cli *c = o->c;

	(void)digest;
	o->lacking++;
	o->more |= bytes < 0;
	o->bytes += bytes < 0 ? 0 : (uint64_t)bytes;
	cli_say(&c->env, SAY_ERROR, "%s%s%s: is not on this host%s%s", location, bytes < 0 ? "" : ", ",
		bytes < 0 ? "" : size_text(&c->arena, (uint64_t)bytes), *o->r->owner ? ", and is for " : "", o->r->owner);
}

/* The words that `fetch` is to be given: those that this command was. */
static const char *
offline_words(struct cli *c)
{
	AUTO(buf) b = BUF_INIT;

	for (int i = 0; i < c->nargs; i++)
		buf_addf(&b, " %s", c->args[i]);
	return arena_strdup(&c->arena, b.len ? b.s : "");
}

int
offline_check(struct cli *c, const struct engine *e, struct error *err)
{
	struct offline o = { .c = c };

	for (size_t i = 0; c->env.offline && i < e->plan.n; i++) {
		const struct step *s = e->plan.v[i];

		o.r = s->res;
		if (s->verb == ENSURE && s->res->type->lacks && s->res->type->lacks(&c->env, s->res, offline_tell, &o, err) < 0)
			return -1;
	}
	if (!o.lacking)
		return 0;
	return error_set(err, ERR_REFUSED, "--offline: %zu file%s (%s%s) would be downloaded, so nothing was done; where there is a network, "
			 "`limactl fetch%s` gets %s", o.lacking, o.lacking == 1 ? "" : "s", o.bytes ? size_text(&c->arena, o.bytes) : "size unknown",
			 o.bytes && o.more ? " and more" : "", offline_words(c), o.lacking == 1 ? "it" : "them");
}
