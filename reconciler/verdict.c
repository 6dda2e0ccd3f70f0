/* What a plan has decided of one resource. */
#include <string.h>

#include "reconciler/plan.h"

enum cost
attr_differs(const struct resource *r, const struct attr *a)
{
	const char *want = facts_get(&r->want, a->name);
	const char *have = facts_get(&r->have, a->name);

	if (!want || (have && !strcmp(want, have)))
		return COST_NONE;
	return a->judge ? a->judge(have ? have : "", want) : a->cost;
}

enum sign
resource_sign(const struct resource *r)
{
	if (r->down)
		return r->up ? SIGN_REMAKE : SIGN_REMOVE;
	if (!r->up)
		return SIGN_NONE;
	return r->present ? SIGN_CHANGE : SIGN_CREATE;
}
