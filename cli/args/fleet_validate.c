/* A fleet file for its own sake: is it right, whatever there is on this host? */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/args/fleet_args.h"
#include "cli/args/fleet_away.h"
#include "state/desired/fleet/fleet.h"
#include "state/desired/template/template.h"

static int
validate_member(struct cli *c, const struct fleet *f, const struct fleet_member *m, struct spec **out, struct error *err)
{
	struct spec_opts opts = cli_strict_opts(c);
	AUTO(template) t = { 0 };

	opts.networks = f->networks;
	opts.nnetworks = f->nnetworks;
	return fleet_template(&t, f, m, &opts, err) < 0 ? -1 : template_spec(out, m->name, &t, TEMPLATE_BARE, &opts, err);
}

static int
validate_members(struct cli *c, const struct fleet *f, struct spec **specs, struct error *err)
{
	const char *told = NULL;
	struct error first = { 0 };

	for (size_t i = 0; i < f->nmembers; i++) {
		struct error why = { 0 };

		if ((told && !strcmp(told, f->members[i].key)) || validate_member(c, f, &f->members[i], &specs[i], &why) == 0)
			continue;
		if (told && strcmp(why.msg, first.msg) != 0 && !strstr(why.msg, " more)"))
			cli_say(&c->env, SAY_ERROR, "%s", why.msg);
		if (!told)
			first = why;
		told = f->members[i].key;
	}
	if (told && err)
		*err = first;
	return told ? -1 : 0;
}

int
fleet_args_validate(struct cli *c, const struct template *t, struct buf *fill, size_t *n, struct error *err)
{
	struct spec_opts opts = cli_strict_opts(c);
	AUTO(fleet) f = { 0 };
	auto_free struct spec **specs = NULL;
	int r;

	if (fleet_read(&f, t, NULL, 0, &opts, err) < 0)
		return -1;
	specs = xcalloc(f.nmembers + 1, sizeof *specs);
	r = validate_members(c, &f, specs, err);
	if (r == 0)
		r = f.engine ? fleet_away_check(c, &f, specs, err) : fleet_check_claims(&f, specs, NULL, &opts, err);
	for (size_t i = 0; i < f.nmembers; i++) {
		if (r == 0 && fill) {
			buf_addf(fill, "---\n# %s\n", f.members[i].name);
			spec_yaml(specs[i], fill);
		}
		spec_free(specs[i]);
	}
	*n = f.nmembers;
	return r;
}
