/* The engine `ganeti`: machines of a Ganeti cluster, by its remote API. Here are the verbs that only look. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/error.h"
#include "providers/clusters/ganeti/engine.h"

enum { OLDEST_MAJOR = 3 };

struct ganeti {
	struct arena arena;
	struct rapi rapi;
};

static const struct cluster_lack ganeti_lacks[] = {
	{ "mounts", "the folders of this host are not on the nodes; copy by `limactl copy`, or say `remote: ignore`" },
	{ "portForwards", "ports of a machine on a cluster are reached at its own address; or say `remote: ignore`" },
	{ "additionalDisks", "a machine on a cluster has one disk; make that larger, or say `remote: ignore`" },
	{ NULL, NULL },
};

const struct rapi *
ganeti_rapi(const struct cluster *c)
{
	const struct ganeti *g = c->own;

	return &g->rapi;
}

static int
ganeti_secret(const char *name, const char *what, const char **out, struct arena *a, struct error *err)
{
	const char *value = name && *name ? getenv(name) : NULL;

	if (!name || !*name)
		return error_set(err, ERR_INVALID, "the engine `ganeti` wants `auth.%s`, the name of a variable of the environment", what);
	if (!value || !*value)
		return error_set(err, ERR_INVALID, "the engine `ganeti` wants $%s, which is not set (`auth.%s` names it)", name, what);
	*out = arena_strdup(a, value);
	return 0;
}

static int
ganeti_check_url(const char *url, struct error *err)
{
	static const char scheme[] = "https://";
	const char *host = url + sizeof scheme - 1;

	if (strncasecmp(url, scheme, sizeof scheme - 1) != 0)
		return error_set(err, ERR_INVALID, "the engine `ganeti` wants a `url` with https://, since a password goes along");
	if (!*host || strpbrk(host, "/?#@ "))
		return error_set(err, ERR_INVALID, "the engine `ganeti` wants a `url` of host and port alone, as https://cluster.example:5080");
	return 0;
}

static int
ganeti_open(struct cluster *c, struct error *err)
{
	struct ganeti g = { .rapi = { .ca_file = c->conf->ca_file ? c->conf->ca_file : "" } };

	if (ganeti_check_url(c->conf->url, err) < 0 ||
	    ganeti_secret(c->conf->user_env, "userEnv", &g.rapi.user, &g.arena, err) < 0 ||
	    ganeti_secret(c->conf->password_env, "passwordEnv", &g.rapi.password, &g.arena, err) < 0) {
		arena_release(&g.arena);
		return -1;
	}
	g.rapi.url = c->conf->url;
	g.rapi.cancel = c->cancel;
	g.rapi.deadline_ms = c->deadline_ms ? c->deadline_ms : CLUSTER_DEADLINE_MS;
	c->own = xcalloc(1, sizeof g);
	memcpy(c->own, &g, sizeof g);
	return 0;
}

static void
ganeti_close(struct cluster *c)
{
	struct ganeti *g = c->own;

	if (g)
		arena_release(&g->arena);
	free(g);
	c->own = NULL;
}

static int
ganeti_hello(struct cluster *c, struct cluster_hello *out, struct arena *a, struct error *err)
{
	auto_json *info = NULL;
	const char *version;
	int major;

	if (rapi_ask(ganeti_rapi(c), "GET", "/2/info", NULL, &info, err) < 0)
		return -1;
	version = cjson_text_or(info, "software_version", "");
	if (sscanf(version, "%d.", &major) != 1 || strlen(version) > 32)
		return error_set(err, EIO, "%s: does not say which version of Ganeti it has", c->conf->url);
	if (major < OLDEST_MAJOR)
		return error_set(err, ERR_UNSUPPORTED, "%s: has Ganeti %d, which is older than %d", c->conf->url, major, OLDEST_MAJOR);
	/* What is compared is limactl's, and there is none on the nodes. */
	*out = (struct cluster_hello){ .version = arena_strdup(a, c->version ? c->version : ""), .waits = true };
	return 0;
}

static int
ganeti_observe(struct cluster *c, struct cluster_view *out, struct error *err)
{
	AUTO(cluster_view) v = { 0 };
	auto_json *nodes = NULL, *instances = NULL;

	if (rapi_ask(ganeti_rapi(c), "GET", "/2/nodes?bulk=1", NULL, &nodes, err) < 0 ||
	    rapi_ask(ganeti_rapi(c), "GET", "/2/instances?bulk=1", NULL, &instances, err) < 0)
		return -1;
	ganeti_read_nodes(nodes, &v);
	if (!cJSON_IsArray(instances) || !v.nnodes)
		return error_set(err, EIO, "%s: the cluster's list of nodes or of machines is none", c->conf->url);
	ganeti_read_instances(instances, &v);
	*out = v;
	v = (struct cluster_view){ 0 };
	return 0;
}

int
ganeti_instance(const struct cluster *c, const char *name, struct arena *a, cJSON **json, struct ganeti_instance *out, struct error *err)
{
	AUTO(arena) path = { 0 };
	struct error why = { 0 };

	if (rapi_ask(ganeti_rapi(c), "GET", arena_printf(&path, "/2/instances/%s", name), NULL, json, &why) < 0) {
		if (why.code == ENOENT)
			return 0;
		if (err)
			*err = why;
		return -1;
	}
	return ganeti_read_instance(*json, a, out) ? 1 : error_set(err, EIO, "%s: what it says of `%s` is of no shape", c->conf->url, name);
}

/*
 * A guest is reached by its node, on the link that both are on, at the address that its interface has there without anybody's help: so no
 * network of the cluster has to know it. What the node is known by is the user's own matter (known_hosts).
 */
static const char *
ganeti_proxy(const struct cluster *c, const struct ganeti_instance *i, const char *address, struct arena *a)
{
	const char *user = c->conf->ssh_user ? c->conf->ssh_user : "";

	return arena_printf(a, "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10 -o ForwardAgent=no -o LogLevel=ERROR %s%s%s-W [%s%%%%%s]:22 -- %s",
			    *user ? "-l " : "", user, *user ? " " : "", address, i->link, i->machine.node);
}

static int
ganeti_endpoint(struct cluster *c, const struct cluster_machine *m, struct arena *a, struct cluster_endpoint *out, struct error *err)
{
	auto_json *json = NULL;
	struct ganeti_instance i;
	char address[40];
	int there = ganeti_instance(c, m->name, a, &json, &i, err);

	if (there < 0)
		return -1;
	if (!there)
		return error_set(err, ENOENT, "there is no `%s` on %s", m->name, c->conf->url);
	if (!*i.user || !*i.host_key)
		return error_set(err, ERR_UNSUPPORTED, "`%s` was made without a user of ours, so nobody can be let in; delete it, and apply makes it anew", m->name);
	if (!*i.link || !ganeti_link_local(i.mac, address))
		return error_set(err, ERR_UNSUPPORTED, "Ganeti does not say on which bridge `%s` is, so there is no way to it", m->name);
	*out = (struct cluster_endpoint){ .user = i.user, .host_key = i.host_key, .proxy = ganeti_proxy(c, &i, address, a), .node = i.machine.node };
	return 0;
}

const struct cluster_engine cluster_ganeti = {
	.name = "ganeti",
	.lacks = ganeti_lacks,
	.lazy = true,
	.fetches = true,
	.moves = true,
	.tells = true,
	.open = ganeti_open,
	.close = ganeti_close,
	.hello = ganeti_hello,
	.observe = ganeti_observe,
	.place = ganeti_place,
	.submit = ganeti_submit,
	.poll = ganeti_poll,
	.endpoint = ganeti_endpoint,
};
