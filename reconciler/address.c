#include "reconciler/address.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "reconciler/graph.h"

const char *
address_of(struct arena *a, const struct resource *r)
{
	return arena_printf(a, "%s.%s", r->type->name, r->name);
}

static struct resource *
address_unknown(const struct graph *g, const char *address, struct error *err)
{
	struct nearest near = nearest_begin(address, strlen(address));
	AUTO(arena) a = { 0 };

	for (size_t i = 0; i < g->n; i++) {
		const char *one = address_of(&a, g->v[i]);

		nearest_offer(&near, one, strlen(one));
	}
	error_set(err, ENOENT, "there is no resource `%s` in what was named%s", address, nearest_hint(&a, nearest_found(&near, &a)));
	return NULL;
}

struct resource *
address_find(const struct graph *g, const char *address, struct error *err)
{
	const char *dot = strchr(address, '.');
	AUTO(arena) a = { 0 };
	struct resource *r;

	if (!dot || dot == address || !dot[1]) {
		error_set(err, ERR_INVALID, "`%s` is no address: that is TYPE.NAME, as `disk.web`; `limactl plan --json` has each", address);
		return NULL;
	}
	r = graph_find(g, arena_memdup(&a, address, (size_t)(dot - address)), dot + 1);
	return r ? r : address_unknown(g, address, err);
}

int
error_of(const struct resource *r, struct error *err)
{
	if (err && !strncmp(err->msg, r->name, strlen(r->name)) && err->msg[strlen(r->name)] == ':')
		return error_wrap(err, "%s", r->type->name);
	return error_wrap(err, "%s %s", r->type->name, r->name);
}
