#include "reconciler/aim.h"

#include "base/error.h"
#include "reconciler/address.h"
#include "reconciler/engine.h"

static int
aim_replace(const struct aim *aim, struct resource *r, struct error *err)
{
	if (!r->wanted)
		return error_set(err, ERR_REFUSED, "--replace %s: it is not wanted, so there is nothing to make anew", aim->address);
	r->remake = true;
	r->may_lose |= aim->may_lose;
	return 0;
}

int
aims_take(struct engine *e, struct error *err)
{
	for (size_t i = 0; i < e->naims; i++) {
		const struct aim *aim = &e->aims[i];
		struct resource *r = address_find(&e->graph, aim->address, err);

		if (!r || (aim->how == AIM_REPLACE && aim_replace(aim, r, err) < 0))
			return -1;
		if (aim->how != AIM_TARGET)
			continue;
		r->target = TARGET_NAMED;
		graph_target(&e->graph, r);
	}
	return 0;
}
