#include "cli/mcp/guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/proc.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/sftp.h"
#include "providers/ssh/ssh.h"

enum { ASK_MS = 30000 };

void
guest_release(struct guest *g)
{
	sftp_close(g->link);
	arena_release(&g->arena);
	*g = (struct guest){ .instance = g->instance };
}

static const char *
guest_text(const cJSON *o, const char *key)
{
	return cjson_text_or(o, key, "");
}

static int
guest_take(struct guest *g, const cJSON *o, struct error *err)
{
	const cJSON *user = cjson_get(cjson_get(o, "config"), "user");
	const cJSON *port = cjson_get(o, "sshLocalPort"), *e;

	cJSON_ArrayForEach(e, cjson_get(o, "errors"))
		if (cJSON_IsString(e))
			return error_set(err, ERR_INVALID, "instance `%s`: %s", g->instance, e->valuestring);
	if (strcmp(guest_text(o, "status"), "Running") != 0)
		return error_set(err, ENOTCONN, "expected status of instance `%s` to be `Running`, got `%s`; `limactl start %s` starts it",
				 g->instance, guest_text(o, "status"), g->instance);
	arena_release(&g->arena);
	g->user = arena_strdup(&g->arena, guest_text(user, "name"));
	g->shell = arena_strdup(&g->arena, *guest_text(user, "shell") ? guest_text(user, "shell") : "/bin/bash");
	g->dir = arena_strdup(&g->arena, guest_text(o, "dir"));
	g->key = arena_strdup(&g->arena, guest_text(o, "IdentityFile"));
	g->address = arena_strdup(&g->arena, *guest_text(o, "sshAddress") ? guest_text(o, "sshAddress") : "127.0.0.1");
	g->port = cJSON_IsNumber(port) ? port->valueint : 0;
	return *g->user && *g->key && g->port ? 0 : error_set(err, ERR_INVALID, "limactl does not tell how instance `%s` is reached",
							      g->instance);
}

int
guest_inspect(struct guest *g, struct error *err)
{
	const char *limactl = getenv("LIMACTL");
	const char *const argv[] = { limactl && *limactl ? limactl : "limactl", "list", "--json", g->instance, NULL };
	AUTO(buf) out = BUF_INIT;
	cJSON *o;
	int r;

	if (proc_run(argv, &(struct proc_opts){ .out = &out, .timeout_ms = ASK_MS }, err) < 0)
		return -1;
	o = cJSON_Parse(out.s);
	r = cJSON_IsObject(o) ? guest_take(g, o, err) : error_set(err, ERR_INVALID, "`limactl list --json %s` printed no JSON", g->instance);
	cJSON_Delete(o);
	return r;
}

struct sftp *
guest_link(struct guest *g, struct error *err)
{
	auto_free char *known = NULL;
	struct ssh_target to;

	if (g->link)
		return g->link;
	if (guest_inspect(g, err) < 0)
		return NULL;
	known = host_key_known(g->dir);
	to = (struct ssh_target){ .address = g->address, .port = g->port, .user = g->user, .keys = &g->key, .nkeys = 1,
				  .known_hosts = known };
	g->link = sftp_open(&to, NULL, err);
	return g->link;
}

void
guest_failed(struct guest *g, const struct error *err)
{
	switch (err->code) {
	case EPROTO: case ECONNRESET: case EPIPE: case ETIMEDOUT: case ENOTCONN: case ECONNREFUSED:
		sftp_close(g->link);
		g->link = NULL;
	}
}
