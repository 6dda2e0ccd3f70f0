#include "cli/args/fleet_host.h"

#include "base/error.h"
#include "base/size.h"
#include "cli/cli.h"
#include "cli/pool.h"
#include "providers/driver.h"
#include "state/desired/fleet/fleet.h"

struct fit {
	uint64_t all, new;		/* of all members; of those that do not run yet */
	size_t nnew;
	const struct fleet_member *largest;
	uint64_t most;
};

static void
host_count(struct fit *fit, const struct fleet *f, struct spec *const *specs)
{
	for (size_t i = 0; i < f->nmembers; i++) {
		uint64_t bytes = specs[i]->memory_bytes;
		pid_t pid;

		fit->all += bytes;
		if (bytes > fit->most) {
			fit->most = bytes;
			fit->largest = &f->members[i];
		}
		if (driver_of(specs[i]->dir, &pid))
			continue;
		fit->new += bytes;
		fit->nnew++;
	}
}

int
fleet_check_host(struct cli *c, const struct fleet *f, struct spec *const *specs, struct error *err)
{
	uint64_t total = pool_memory("MemTotal"), available = pool_memory("MemAvailable"), limit = total;
	bool given = f->memory_most || f->memory_part > 0;
	struct fit fit = { 0 };

	host_count(&fit, f, specs);
	if (!total || !fit.largest)
		return 0;
	if (f->memory_most)
		limit = f->memory_most;
	else if (f->memory_part > 0)
		limit = (uint64_t)((double)total * f->memory_part);
	if (fit.all > limit)
		return error_set(err, ERR_REFUSED, "%s: instances: all %zu together want %s of memory, and %s is %s%s; the most wants `%s` in line %u, which is %s",
				 f->file, f->nmembers, size_text(&c->arena, fit.all), given ? "`capacity.memory`" : "that of this host",
				 size_text(&c->arena, limit), given ? "" : " (`capacity: {memory: 200%}` allows more than there is)", fit.largest->name,
				 fit.largest->place.line, size_text(&c->arena, fit.most));
	if (available && fit.new > available)
		cli_say(&c->env, SAY_WARN, "%s: instances: the %zu that do not run yet want %s of memory, and %s is free", f->file, fit.nnew,
			size_text(&c->arena, fit.new), size_text(&c->arena, available));
	return 0;
}
