#include "cli/args/fleet_same.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "cli/args/edit_flags.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "cli/view/probe.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

enum { MAX_YAML = 4 << 20 };

static bool
fleet_same_depends(const struct fleet_member *m, const struct spec_depend *v, size_t n)
{
	if (n != m->ndepends)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, m->depends[i].name) != 0 || v[i].restart != m->depends[i].restart)
			return false;
	return true;
}

static bool
fleet_same_note(struct cli *c, const struct fleet *f, const struct fleet_member *m, const char *dir)
{
	struct spec_member have;

	return spec_fleet_read(&c->arena, dir, &have, NULL) == 0 && !strcmp(have.fleet, f->name) && !strcmp(have.short_name, fleet_short_name(f, m)) &&
	       fleet_same_depends(m, have.depends, have.ndepends);
}

/* The last template that was made: a hundred members of one key have the same. */
struct fleet_made {
	const struct fleet_member *of;	/* NULL: none yet */
	struct template t;
};

/* What is wrong with its template is found again, and told, by whoever reads all of it. */
static bool
fleet_make(struct fleet_made *made, const struct fleet *f, const struct fleet_member *m, const struct spec_opts *opts)
{
	if (made->of && fleet_template_is_same(f, made->of, m))
		return true;
	template_release(&made->t);
	made->of = fleet_template(&made->t, f, m, opts, NULL) == 0 ? m : NULL;
	return made->of;
}

static bool
fleet_same_text(struct fleet_made *made, const struct fleet *f, const struct fleet_member *m, const struct spec_opts *opts, const char *dir)
{
	auto_free char *path = xasprintf("%s/lima.yaml", dir);
	AUTO(buf) text = BUF_INIT;

	return fs_read_if(path, &text, MAX_YAML, NULL) == 1 && fleet_make(made, f, m, opts) && !made->t.nhost_uses &&
	       made->t.len == text.len && !memcmp(made->t.text, text.s, text.len);
}

static bool
fleet_same_members(struct cli *c, const struct fleet *f, const struct spec_opts *opts)
{
	struct fleet_made made = { 0 };
	bool same = true;

	for (size_t i = 0; same && i < f->nmembers; i++) {
		const struct fleet_member *m = &f->members[i];
		auto_free char *dir = xasprintf("%s/%s", c->env.home, m->name);

		same = !m->is_protect_given && instance_exists(c, m->name) && probe_answers(c, m->name) && fleet_same_note(c, f, m, dir) &&
		       fleet_same_text(&made, f, m, opts, dir);
	}
	template_release(&made.t);
	return same;
}

static bool
fleet_same_networks(struct cli *c, const struct fleet *f)
{
	AUTO(networks) there = { 0 };
	bool same = f->nnetworks == 0 || networks_load(&there, c->env.home, NULL) == 0;

	for (size_t i = 0; same && i < f->nnetworks; i++) {
		const struct network *want = &f->networks[i], *have = networks_find(&there, want->name);

		same = have && !strcmp(have->mode, want->mode) && !strcmp(have->gateway, want->gateway) && !strcmp(have->netmask, want->netmask) &&
		       !strcmp(have->egress, want->egress) && have->host_loopback == want->host_loopback && !strcmp(have->fleet, f->name);
	}
	return same;
}

static void
fleet_probe(struct cli *c, const struct fleet *f)
{
	const char **names = arena_alloc(&c->arena, f->nmembers * sizeof *names);
	size_t n = 0;

	for (size_t i = 0; i < f->nmembers; i++)
		if (instance_exists(c, f->members[i].name))
			names[n++] = f->members[i].name;
	probe_all(c, names, n);
}

bool
fleet_is_as_applied(struct cli *c, const struct fleet *f)
{
	struct spec_opts opts = cli_spec_opts(c);

	/* The memory that is to be left for others is counted of all of them. */
	if (edit_given(c) || cli_bool(c, "adopt") || f->memory_most || f->memory_part > 0 || !fleet_same_networks(c, f))
		return false;
	spec_hush(&opts);
	fleet_probe(c, f);
	return fleet_same_members(c, f, &opts);
}
