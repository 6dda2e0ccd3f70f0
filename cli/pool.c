#include "cli/pool.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "providers/driver.h"
#include "reconciler/engine.h"

enum { BOOTS_A_CORE = 4, MAX_MEMINFO = 64 * 1024 };

uint64_t
pool_memory(const char *key)
{
	AUTO(buf) text = BUF_INIT;
	const char *line;
	uint64_t kib = 0;

	if (fs_read_if("/proc/meminfo", &text, MAX_MEMINFO, NULL) != 1)
		return 0;
	line = strstr(text.s, key);
	if (line)
		sscanf(line + strlen(key), ": %" SCNu64, &kib);
	return kib << 10;
}

static size_t
pool_cores(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

static bool
pool_emulates(const struct spec *s)
{
	const struct driver *d = driver_find(s->vm_type);

	return d && d->emulates && d->emulates(s->arch);
}

size_t
pool_boots(const struct engine *e)
{
	uint64_t free = pool_memory("MemAvailable"), most = 1;
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
	boots = pool_cores() * (emulated ? 1 : BOOTS_A_CORE);
	fit = (size_t)(free / most);
	boots = free && fit < boots ? fit : boots;
	return boots ? boots : 1;
}
