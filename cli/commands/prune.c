/* limactl prune: the download cache emptied, or what nobody refers to taken out of it */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/jsonspan.h"
#include "base/mem.h"
#include "base/size.h"
#include "cli/run.h"
#include "cli/view/probe.h"
#include "cli/view/templates.h"
#include "providers/fetch/cache.h"
#include "providers/fetch/cache_prune.h"
#include "resources/warm_kept.h"
#include "state/desired/template/template.h"

static const struct flag flags[] = {
	{ "keep-referred", 0, FLAG_BOOL, .about = "Keep what an instance or a template refers to" },
	{ "max-size", 0, FLAG_STRING, .about = "Take only saved machines (`warmStart`) away, the longest unused first and none in use, until they fit into that size" },
	{ "dry-run", 0, FLAG_BOOL, .about = "Only show what would go" },
	{ 0 },
};

/* Folders of the cache that stay for the sake of a template. */
struct kept {
	char **v;
	size_t n, cap;
};

static void
kept_release(struct kept *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->v[i]);
	free(k->v);
}

static bool
is_kept(const struct kept *k, const char *path)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->v[i], path) == 0)
			return true;
	return false;
}

/* Every `location` in a configuration, however deep. */
static void
keep_locations(struct cli *c, struct kept *k, struct json_span v)
{
	struct json_span key = { 0 }, item;
	AUTO(arena) a = { 0 };
	size_t at = 0;

	while ((item = json_each(v, &at, &key)).p) {
		if (v.p[0] == '{' && item.p[0] == '"' && strcmp(json_text(&a, key), "location") == 0) {
			GROW(k->v, k->n, k->cap);
			k->v[k->n++] = cache_entry(c->env.cache, json_text(&a, item));
		} else {
			keep_locations(c, k, item);
		}
	}
}

/* What an instance needs the engine knows; but one that is being made has no lima.yaml yet to tell it. */
static int
prune_check_made(struct cli *c, struct error *err)
{
	AUTO(names) all = { 0 };
	int r = names_list(&all, c->env.home, err);

	for (size_t i = 0; i < all.n && r == 0; i++) {
		auto_free char *path = xasprintf("%s/%s/lima.yaml", c->env.home, all.v[i]);

		if (probe_answers(c, all.v[i]) && !fs_exists(path))
			r = error_set(err, ENOENT, "cannot safely prune while instance `%s` is being used: open %s: no such file or directory",
				      all.v[i], path);
	}
	return r;
}

/* One whose images have to be looked up, and cannot, has none to keep. */
static void
keep_templates(struct cli *c, struct kept *k)
{
	struct spec_opts opts = cli_spec_opts(c);
	size_t n;
	const struct template_entry *v = templates_list(c, &n);

	for (size_t i = 0; i < n; i++) {
		AUTO(template) t = { 0 };
		struct spec *spec;
		struct error why;

		if (template_load(&t, v[i].path, &opts, &why) < 0 ||
		    template_spec(&spec, "template", &t, TEMPLATE_BARE | TEMPLATE_UNCHECKED, &opts, &why) < 0) {
			cli_say(&c->env, SAY_WARN, "skipping template `%s`: %s", v[i].name, why.msg);
			continue;
		}
		keep_locations(c, k, json_span_of(spec->json));
		spec_free(spec);
	}
}

/* Who keeps it, for whoever wonders why it is still there. */
static void
prune_tell_stays(struct cli *c, const struct host_request *t, const struct user *users, size_t n)
{
	const char *more = n > 1 ? arena_printf(&c->arena, " and %zu more", n - 1) : "";

	cli_say(&c->env, cli_bool(c, "dry-run") ? SAY_INFO : SAY_DEBUG, "%s stays: `%s`%s would need it", t->name, users[0].owner, more);
}

struct prune {
	struct cli *c;
	const struct kept *kept;	/* by templates; NULL: all goes */
	struct host_request *v;
	size_t n, cap;
};

static void
prune_add(void *ctx, const char *name, const char *entry, bool has_part)
{
	struct prune *p = ctx;
	const char *whole = arena_strdup(&p->c->arena, name);

	if (!p->kept || !is_kept(p->kept, entry)) {
		GROW(p->v, p->n, p->cap);
		p->v[p->n++] = (struct host_request){ "download", whole, .may_lose = true, .if_used = p->kept ? USED_STAYS : USED_GOES };
	}
	if (!p->kept || !has_part)
		return;
	GROW(p->v, p->n, p->cap);
	p->v[p->n++] = (struct host_request){ "download", arena_printf(&p->c->arena, CACHE_PART "%s", name), .may_lose = true };
}

/* Saved machines are made again by the next start of their kind. With a budget only as many go as are beyond it, and none that is in use. */
static int
prune_add_machines(struct prune *p, uint64_t budget, struct error *err)
{
	struct warm_kept *v;
	uint64_t sum = 0;
	size_t n;

	if (warm_kept_list(p->c->env.home, &p->c->arena, &v, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		sum += v[i].bytes;
	for (size_t i = 0; i < n && (!budget || sum > budget); i++) {
		if (budget && v[i].in_use)
			continue;
		sum -= v[i].bytes;
		GROW(p->v, p->n, p->cap);
		p->v[p->n++] = (struct host_request){ "machine", v[i].key, .may_lose = true };
	}
	return 0;
}

static int
prune_walk(struct prune *p, struct error *err)
{
	struct cli *c = p->c;
	bool dry = cli_bool(c, "dry-run");

	return !p->n ? 0 : run_engine(c, &(struct run){ .host_requests = p->v, .nhost_requests = p->n, .dry = dry, .quiet = !dry, .silent = true,
							.stays = p->kept ? prune_tell_stays : NULL }, err);
}

static int
prune_to_size(struct cli *c, const char *text, struct error *err)
{
	struct prune p = { .c = c };
	uint64_t budget;
	int status;

	if (size_parse(&budget, text, err) < 0)
		return error_wrap(err, "--max-size");
	if (!budget)
		return error_set(err, EINVAL, "--max-size: more than zero, please; without it all saved machines go");
	status = prune_add_machines(&p, budget, err);
	if (status == 0)
		status = prune_walk(&p, err);
	free(p.v);
	return status;
}

/* Each as a step of its own; without `kept` the whole cache goes behind them. */
static int
prune_run(struct cli *c, const struct kept *kept, struct error *err)
{
	struct host_request all = { "cache", c->env.cache, .may_lose = true };
	struct prune p = { .c = c, .kept = kept };
	int status = cache_each(c->env.cache, prune_add, &p, err);

	for (size_t i = 0; !kept && i < p.n; i++)
		p.v[i].on = &all;
	if (!kept) {
		GROW(p.v, p.n, p.cap);
		p.v[p.n++] = all;
	}
	if (status == 0 && !kept)
		status = prune_add_machines(&p, 0, err);
	if (status == 0)
		status = prune_walk(&p, err);
	free(p.v);
	return status;
}

static int
prune(struct cli *c, struct error *err)
{
	AUTO(kept) k = { 0 };

	if (*cli_str(c, "max-size"))
		return prune_to_size(c, cli_str(c, "max-size"), err);
	if (!cli_bool(c, "keep-referred")) {
		if (!cli_bool(c, "dry-run"))
			cli_say(&c->env, SAY_INFO, "Pruning `%s`", c->env.cache);
		return prune_run(c, NULL, err);
	}
	if (prune_check_made(c, err) < 0)
		return -1;
	keep_templates(c, &k);
	return prune_run(c, &k, err);
}

const struct command command_prune = {
	.name = "prune",
	.group = GROUP_ADVANCED,
	.about = "Empty the download cache",
	.details = "What is being downloaded stays. --dry-run tells how many bytes each thing is, and with --keep-referred which instance,\n"
		   "a member of a fleet or not, would need one that stays. Without it, saved machines go, too (`warmStart`): the next start\n"
		   "of their kind saves another.",
	.example = "limactl prune\nlimactl prune --keep-referred --dry-run\nlimactl prune --max-size 10GiB",
	.flags = flags,
	.run = prune,
};
