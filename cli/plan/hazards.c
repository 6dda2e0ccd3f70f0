#include "cli/plan/hazards.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os/host.h"
#include "base/size.h"
#include "cli/cli.h"
#include "providers/listeners.h"
#include "reconciler/engine.h"
#include "state/desired/fleet/fleet.h"

/* The machines that the plan starts, and whose lima.yaml was read. */
struct starts {
	struct fleet_member *member;
	struct spec **spec;
	const struct resource **vm;
	size_t n;
};

static void
starts_release(struct starts *s)
{
	free(s->member);
	free(s->spec);
	free(s->vm);
}

static void
starts_gather(struct starts *s, const struct engine *e)
{
	s->member = xcalloc(e->nrequests + 1, sizeof *s->member);
	s->spec = xcalloc(e->nrequests + 1, sizeof *s->spec);
	s->vm = xcalloc(e->nrequests + 1, sizeof *s->vm);
	for (size_t i = 0; i < e->plan.n; i++) {
		const struct resource *r = e->plan.v[i]->res;
		const struct request *a = e->plan.v[i]->verb == ENSURE && r->type->runs ? engine_request(e, r->owner) : NULL;

		if (!a || !(a->spec ? a->spec : a->loaded))
			continue;
		s->member[s->n] = (struct fleet_member){ .name = a->name };
		s->spec[s->n] = a->spec ? a->spec : a->loaded;
		s->vm[s->n++] = r;
	}
}

/* The one that holds it is another's, and stays up. */
static int
hazard_of_disk(const struct engine *e, const struct spec *s, const char *disk, struct error *err)
{
	const struct resource *d = graph_find(&e->graph, "data-disk", disk), *holder;
	const char *lock = d && d->present ? facts_get(&d->have, "lock") : NULL, *name = lock ? strrchr(lock, '/') : NULL;

	name = name ? name + 1 : "";
	if (!*name || !strcmp(name, s->name) || e->as_it_is(e->env, name) != GOAL_RUNNING)
		return 0;
	holder = graph_find(&e->graph, "vm", name);
	if (holder && holder->down)
		return 0;
	return error_set(err, ERR_REFUSED, "%s: additionalDisks: disk `%s` is in use by the running instance `%s`; stop that first", s->name, disk, name);
}

/* Ports that an instance is to have, and by which key it says so. */
struct hazard_ports {
	struct cli *c;
	const struct engine *e;
	const struct spec *s;
	const char *what, *key, *ip;
	struct error *err;
};

/* A machine of this home that stays up has that port; one that goes down in this plan lets go of it. */
static int
hazard_of_listener(void *ctx, const struct listener *who)
{
	const struct hazard_ports *p = ctx;
	const char *name = *who->path ? who->path + strlen(p->c->env.home) + 1 : "";
	const struct resource *holder;

	/* Its agent's arguments have a path in the folder of its instance. */
	name = arena_memdup(&p->c->arena, name, strcspn(name, "/"));
	if (!*name || !strcmp(name, p->s->name))
		return 0;
	holder = graph_find(&p->e->graph, "vm", name);
	if (holder && holder->down)
		return 0;
	error_set(p->err, EADDRINUSE, "%s: %s port %d of %s is in use by the instance `%s`; stop that, or set %s to another", p->s->name, p->what,
		  who->port, p->ip, name, p->key);
	return 1;
}

static int
hazard_of_range(struct hazard_ports p, int first, int last)
{
	return listeners_each(p.ip, first, last, !strcmp(p.what, "udp"), p.c->env.home, hazard_of_listener, &p) > 0 ? -1 : 0;
}

static int
hazard_of_ports(struct cli *c, const struct engine *e, const struct spec *s, struct error *err)
{
	struct hazard_ports ssh = { c, e, s, "ssh", "ssh.localPort", "127.0.0.1", err };

	if (s->ssh.local_port && hazard_of_range(ssh, s->ssh.local_port, s->ssh.local_port) < 0)
		return -1;
	for (size_t i = 0; i < s->nforwards; i++) {
		const struct spec_forward *f = &s->forwards[i];

		if (!f->is_static || f->ignore || f->reverse || !f->host_port[0])
			continue;
		if (hazard_of_range((struct hazard_ports){ c, e, s, f->proto == PROTO_UDP ? "udp" : "tcp", "`hostPort`", f->host_ip, err }, f->host_port[0],
				    f->host_port[1]) < 0)
			return -1;
	}
	return 0;
}

static void
hazard_of_memory(struct cli *c, const struct starts *s)
{
	uint64_t available = os_host_memory(true), wanted = 0;

	for (size_t i = 0; i < s->n; i++)
		wanted += s->vm[i]->down ? 0 : s->spec[i]->memory_bytes;
	if (available && s->n > 1 && wanted > available && !*s->spec[0]->fleet)
		cli_say(&c->env, SAY_WARN, "the machines that are started want %s of memory, and %s is free", size_text(&c->arena, wanted),
			size_text(&c->arena, available));
}

int
hazards_check(struct cli *c, const struct engine *e, struct error *err)
{
	struct spec_opts opts = cli_spec_opts(c);
	struct fleet all = { .file = "", .home_file = "" };
	AUTO(starts) s = { 0 };

	starts_gather(&s, e);
	for (size_t i = 0; i < s.n; i++)
		if (hazard_of_ports(c, e, s.spec[i], err) < 0)
			return -1;
	for (size_t i = 0; i < s.n; i++)
		for (size_t k = 0; k < s.spec[i]->ndisks; k++)
			if (hazard_of_disk(e, s.spec[i], s.spec[i]->disks[k].name, err) < 0)
				return -1;
	hazard_of_memory(c, &s);
	all.members = s.member;
	all.nmembers = s.n;
	return s.n > 1 ? fleet_check_claims(&all, s.spec, NULL, &opts, err) : 0;
}
