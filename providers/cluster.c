#include "providers/cluster.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"

extern const struct cluster_engine cluster_hosts;
extern const struct cluster_engine cluster_ganeti __attribute__((weak));
/* Of tests only: whatever is not linked with it does not know it. */
extern const struct cluster_engine cluster_fake __attribute__((weak));

static const struct cluster_engine *const engines[] = { &cluster_hosts, &cluster_ganeti, &cluster_fake };

const struct cluster_engine *
cluster_find(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (engines[i] && !strcmp(engines[i]->name, type))
			return engines[i];
	return NULL;
}

const char *
cluster_types(struct arena *a)
{
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (engines[i])
			buf_addf(&b, "%s%s", b.len ? ", " : "", engines[i]->name);
	return arena_strdup(a, b.s);
}

int
cluster_open(struct cluster *c, const struct engine_conf *conf, const char *home, const char *version, const volatile int *cancel,
	     struct error *err)
{
	AUTO(arena) a = { 0 };

	*c = (struct cluster){ .engine = cluster_find(conf->type), .conf = conf, .home = home, .version = version, .cancel = cancel };
	if (!c->engine)
		return error_set(err, ERR_UNSUPPORTED, "there is no engine `%s`; there are %s", conf->type, cluster_types(&a));
	if (c->engine->open && c->engine->open(c, err) < 0) {
		c->engine = NULL;
		return -1;
	}
	return 0;
}

void
cluster_release(struct cluster *c)
{
	if (c->engine && c->engine->close)
		c->engine->close(c);
	c->engine = NULL;
}

void
cluster_view_release(struct cluster_view *v)
{
	arena_release(&v->arena);
	*v = (struct cluster_view){ 0 };
}

const struct cluster_node *
cluster_view_node(const struct cluster_view *v, const char *name)
{
	for (size_t i = 0; i < v->nnodes; i++)
		if (!strcmp(v->nodes[i].name, name))
			return &v->nodes[i];
	return NULL;
}

const struct cluster_machine *
cluster_view_machine(const struct cluster_view *v, const char *name, const struct cluster_machine *after)
{
	for (size_t i = after ? (size_t)(after - v->machines) + 1 : 0; i < v->nmachines; i++)
		if (!strcmp(v->machines[i].name, name))
			return &v->machines[i];
	return NULL;
}
