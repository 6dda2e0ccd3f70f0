#include <string.h>

#include "base/os/news.h"

struct news_of {
	const char *name;
	bool seen;
};

static void
news_of_event(void *ctx, const struct os_event *e)
{
	struct news_of *o = ctx;

	o->seen |= !e->name || strcmp(e->name, o->name) == 0;
}

bool
os_news_take_of(struct os_news *n, const char *name)
{
	struct news_of o = { .name = name };

	os_news_take(n, news_of_event, &o);
	return o.seen;
}
