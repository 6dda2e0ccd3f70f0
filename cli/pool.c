#include "cli/pool.h"

#include <stdint.h>

#include "base/os/host.h"
#include "cli/cli.h"
#include "providers/driver.h"
#include "reconciler/engine.h"

enum { BOOTS_A_CORE = 4 };

static bool
pool_emulates(const struct spec *s)
{
	const struct driver *d = driver_find(s->vm_type);

	return d && d->emulates && d->emulates(s->arch);
}

size_t
pool_boots(const struct engine *e)
{
	uint64_t free = os_host_memory(true), most = 1;
	bool emulated = false, known = false;
	size_t boots, fit;

	for (size_t i = 0; i < e->plan.n; i++) {
		const struct resource *r = e->plan.v[i]->res;

		if (e->plan.v[i]->verb != ENSURE || !r->type->boots || !r->spec)
			continue;
		most = r->spec->memory_bytes > most ? r->spec->memory_bytes : most;
		emulated = emulated || (!known && pool_emulates(r->spec));
		known = true;
	}
	boots = (size_t)os_host_processors() * (emulated ? 1 : BOOTS_A_CORE);
	fit = (size_t)(free / most);
	boots = free && fit < boots ? fit : boots;
	return boots ? boots : 1;
}
