#include "resources/member.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "reconciler/resource.h"
#include "state/desired/spec/spec.h"

/* "db, cache (restarts with it)"; "none" */
static const char *
member_depends(struct arena *a, const struct spec_depend *v, size_t n)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s%s%s", i ? ", " : "", v[i].name, v[i].restart ? " (restarts with it)" : "");
	return arena_strdup(a, b.len ? b.s : "none");
}

void
member_want(struct graph *g, struct resource *r, const struct spec *spec)
{
	if (!*spec->fleet)
		return;
	resource_want(g, r, "fleet", spec->fleet);
	resource_want(g, r, "fleet file", spec->fleet_file);
	resource_want(g, r, "short name", spec->short_name);
	resource_want(g, r, "depends on", member_depends(graph_arena(g), spec->depends, spec->ndepends));
}

int
member_observe(const struct resource *r, const char *dir, struct facts *have, struct arena *a, struct error *err)
{
	struct spec_member m;

	if (!facts_get(&r->want, "fleet"))
		return 0;
	if (spec_fleet_read(a, dir, &m, err) < 0)
		return -1;
	facts_set(have, a, "fleet", *m.fleet ? m.fleet : NULL);
	facts_set(have, a, "fleet file", *m.fleet ? m.file : NULL);
	facts_set(have, a, "short name", *m.fleet ? m.short_name : NULL);
	facts_set(have, a, "depends on", *m.fleet ? member_depends(a, m.depends, m.ndepends) : NULL);
	return 0;
}

int
member_write(const char *dir, const struct spec *spec, struct error *err)
{
	auto_free char *path = xasprintf("%s/" SPEC_FLEET_FILE, dir);
	AUTO(buf) text = BUF_INIT;

	if (!*spec->fleet)
		return 0;
	spec_fleet_text(spec, &text);
	return fs_make_room(path, err) < 0 ? -1 : fs_write(path, text.s, text.len, 0600, err);
}
