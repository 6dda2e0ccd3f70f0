#include "usernet/denied.h"

#include <stdio.h>
#include <string.h>

#include "usernet/frame.h"

static void
denied_goal_count(struct denied *d, const struct denied_goal *g)
{
	d->count++;
	for (size_t i = 0; i < d->n; i++)
		if (d->goals[i].ip == g->ip && d->goals[i].port == g->port && d->goals[i].proto == g->proto &&
		    !strcmp(d->goals[i].name, g->name)) {
			d->goals[i].count++;
			return;
		}
	d->goals[d->next] = *g;
	d->next = (d->next + 1) % DENIED_KEPT;
	if (d->n < DENIED_KEPT)
		d->n++;
}

void
denied_flow(struct denied *d, const struct frame *f)
{
	struct denied_goal g = {.ip = f->to, .port = f->to_port, .proto = f->proto, .count = 1};

	if (f->type != ETH_TYPE_IP || f->fragment || (f->proto == PROTO_TCP_IP && !f->syn))
		return;
	denied_goal_count(d, &g);
}

void
denied_name(struct denied *d, const char *name)
{
	struct denied_goal g = {.count = 1};

	snprintf(g.name, sizeof g.name, "%s", name);
	denied_goal_count(d, &g);
}
