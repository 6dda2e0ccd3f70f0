/* hostagent/forward/transport_tunnel.c - a connection as a tunnel of the guest agent's: no encryption, no log-in, any kind of target. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_client.h"
#include "hostagent/agent.h"
#include "hostagent/forward/transport.h"
#include "hostagent/forward/endpoint.h"

struct tunnel_transport {
	struct transport c;
	struct agent *agent;
	struct ga_tunnel *t;
};

static void
transport_tunnel_on_data(void *ctx, const uint8_t *p, size_t len)
{
	struct tunnel_transport *t = ctx;

	t->c.user->data(t->c.ctx, (const char *)p, len);
}

static void
on_eof(void *ctx)
{
	struct tunnel_transport *t = ctx;

	t->c.user->eof(t->c.ctx);
}

static void
transport_tunnel_on_drained(void *ctx)
{
	struct tunnel_transport *t = ctx;

	t->c.user->drained(t->c.ctx);
}

static void
transport_tunnel_on_closed(void *ctx, const struct grpc_status *why)
{
	struct tunnel_transport *t = ctx;
	const struct transport_user *user = t->c.user;
	void *user_ctx = t->c.ctx;

	if (why->code)
		log_debug("tunnel: %s", why->text);
	free(t);
	user->closed(user_ctx, false);
}

static bool
tunnel_write(struct transport *c, const char *p, size_t len)
{
	struct tunnel_transport *t = (struct tunnel_transport *)c;
	bool more = ga_tunnel_send(t->t, p, len);

	ga_flush(t->agent);
	return more;
}

static bool
tunnel_shutdown(struct transport *c)
{
	struct tunnel_transport *t = (struct tunnel_transport *)c;

	bool told = ga_tunnel_shutdown(t->t);

	ga_flush(t->agent);
	return told;
}

static void
tunnel_pause(struct transport *c, bool paused)
{
	struct tunnel_transport *t = (struct tunnel_transport *)c;

	ga_tunnel_pause(t->t, paused);
	ga_flush(t->agent);
}

static void
tunnel_close(struct transport *c)
{
	struct tunnel_transport *t = (struct tunnel_transport *)c;
	struct agent *a = t->agent;

	ga_tunnel_close(t->t);
	free(t);
	ga_flush(a);
}

static struct transport *
transport_tunnel_tunnel(struct agent *a, const char *proto, const char *addr, const struct transport_user *user, void *ctx)
{
	static const struct transport_ops ops = { tunnel_write, tunnel_shutdown, tunnel_pause, tunnel_close };
	static const struct ga_tunnel_ops tunnel_ops = { transport_tunnel_on_data, on_eof, transport_tunnel_on_drained, transport_tunnel_on_closed };
	struct ga_client *client = ga_alive(a);
	struct tunnel_transport *t;
	struct error e;

	if (!client)
		return NULL;
	t = xcalloc(1, sizeof *t);
	*t = (struct tunnel_transport){ .c = { .ops = &ops, .user = user, .ctx = ctx, .ready = true }, .agent = a };
	t->t = ga_tunnel_open(client, proto, addr, &tunnel_ops, t, &e);
	if (!t->t) {
		log_debug("%s: %s", addr, e.msg);
		free(t);
		return NULL;
	}
	ga_flush(a);
	return &t->c;
}

struct transport *
transport_tunnel(struct agent *a, const struct endpoint *to, const struct transport_user *user, void *ctx)
{
	char text[PLACE_TEXT];

	return transport_tunnel_tunnel(a, to->proto == GA_UDP ? "udp" : to->port ? "tcp" : "unix", endpoint_text(to, text), user, ctx);
}

struct transport *
transport_exec(struct agent *a, const struct transport_user *user, void *ctx)
{
	return transport_tunnel_tunnel(a, GA_TUNNEL_EXEC, "", user, ctx);
}

struct transport *
transport_accepted(struct agent *a, uint64_t id, const struct transport_user *user, void *ctx)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, id);
	return transport_tunnel_tunnel(a, "accepted", text, user, ctx);
}
