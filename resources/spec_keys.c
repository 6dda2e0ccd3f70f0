#include "resources/spec_keys.h"

#include <stdbool.h>

#include "state/desired/spec/spec.h"

static enum cost
judge_keys(const char *have, const char *want, enum cost cost)
{
	return *have && spec_part_differs(have, want) ? cost : COST_NONE;
}

enum cost
judge_keys_update(const char *have, const char *want)
{
	return judge_keys(have, want, COST_UPDATE);
}

enum cost
judge_keys_replace(const char *have, const char *want)
{
	return judge_keys(have, want, COST_REPLACE);
}

enum cost
judge_keys_refuse(const char *have, const char *want)
{
	return judge_keys(have, want, COST_REFUSE);
}

struct keys_say {
	detail_say *say;
	void *ctx;
};

static void
keys_say(void *ctx, const char *path, const char *have, const char *want)
{
	const struct keys_say *k = ctx;

	k->say(k->ctx, &(struct detail){ .what = path, .have = have, .want = want });
}

void
keys_each(const char *have, const char *want, detail_say *say, void *ctx)
{
	if (*have)
		spec_part_diff(have, want, keys_say, &(struct keys_say){ say, ctx });
}
