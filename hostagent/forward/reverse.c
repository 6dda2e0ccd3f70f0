#include "hostagent/forward/reverse.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "base/os/place.h"
#include "guest/wire/ga_client.h"
#include "hostagent/agent.h"
#include "hostagent/forward/transport.h"
#include "hostagent/forward/conn.h"
#include "hostagent/forward/endpoint.h"

enum {
	AGAIN_MS = 2000,	/* the folder in the guest may come with the next log-in */
	MAX_CONNECTIONS = 1000,
};

struct reverse {
	struct conn_list conns;	/* first: it is known by this */
	struct endpoint guest, host;
	struct ga_reverse *listener;
	uv_timer_t again;
	char trouble[256];	/* "" : it listens */
	bool closed;
};

/* One that was accepted in the guest, while the host's side is being connected. */
struct incoming {
	uv_connect_t connect;
	struct reverse *r;
	struct conn *c;
	uint64_t id;
};

static void
reverse_on_connect(uv_connect_t *u, int status)
{
	struct incoming *k = u->data;

	if (status == UV_ECANCELED)
		;	/* it is being closed already */
	else if (status < 0) {
		log_debug("%s: %s", k->r->host.name, uv_strerror(status));
		conn_close(k->c);
	} else {
		conn_use(k->c, transport_accepted(k->r->conns.agent, k->id, &conn_user, k->c));
	}
	free(k);
}

static void
reverse_trouble_one(struct reverse *r, const char *why)
{
	if (*why && strcmp(r->trouble, why) != 0)
		log_warning("%s in the guest: %s", r->guest.name, why);
	snprintf(r->trouble, sizeof r->trouble, "%s", why);
}

/*
 * To the socket itself, opened before: in a folder that the guest can write a link would lead it to any other socket of the
 * host, a container engine's for one.
 */
static void
dial_host(struct incoming *k)
{
	AUTO(guarded) g = mounts_guarded(k->r->conns.agent);
	struct error e = { 0 };
	const char *name;
	auto_close int dir = guarded_parent(&g, k->r->host.name, 0, &name, &e);
	auto_close int fd = dir < 0 ? -1 : openat(dir, name, os_place_flags);
	char path[sizeof((struct sockaddr_un *)0)->sun_path];

	if (dir >= 0 && fd < 0)
		error_errno(&e, "%s", k->r->host.name);
	if (fd >= 0 && os_place_socket(fd, NULL, path, sizeof path) < 0)
		error_set(&e, ENAMETOOLONG, "%s: too long for a socket", k->r->host.name);
	if (fd < 0 || e.code) {
		log_debug("%s", e.msg);
		conn_close(k->c);
		free(k);
		return;
	}
	/* The kernel resolves this path at once, so the descriptor may go then; a link opened this way is no socket. */
	uv_pipe_connect(&k->connect, (uv_pipe_t *)conn_stream(k->c), path, reverse_on_connect);
}

static void
on_accepted(void *ctx, uint64_t id)
{
	struct reverse *r = ctx;
	struct incoming *k;

	if (!id) {
		reverse_trouble_one(r, "");
		log_info("%s in the guest leads to %s", r->guest.name, r->host.name);
		return;
	}
	if (r->conns.n >= MAX_CONNECTIONS)
		return;
	k = xcalloc(1, sizeof *k);
	*k = (struct incoming){ .r = r, .c = conn_new(&r->conns, false), .id = id };
	k->connect.data = k;
	dial_host(k);
}

static void
reverse_on_again(uv_timer_t *t)
{
	reverse_agent_up(t->data);
}

static void
reverse_on_closed(void *ctx, const struct grpc_status *why)
{
	struct reverse *r = ctx;

	r->listener = NULL;
	reverse_trouble_one(r, *why->text ? why->text : "the guest agent ended it");
	uv_timer_start(&r->again, reverse_on_again, AGAIN_MS, 0);
}

void
reverse_agent_up(struct reverse *r)
{
	static const struct ga_reverse_ops ops = { on_accepted, reverse_on_closed };
	struct ga_client *client = ga_alive(r->conns.agent);
	struct error e;

	if (!client || r->listener)
		return;
	r->listener = ga_reverse_open(client, r->guest.name, r->conns.agent->launch.guest.uid, &ops, r, &e);
	if (!r->listener)
		reverse_trouble_one(r, e.msg);
	ga_flush(r->conns.agent);
}

static void
reverse_free_if_done(struct conn_list *l)
{
	struct reverse *r = (struct reverse *)l;

	if (r->closed && !r->conns.first)
		free(r);
}

struct reverse *
reverse_new(struct agent *a, const char *guest_socket, const char *host_socket)
{
	struct reverse *r = xcalloc(1, sizeof *r);

	r->conns = (struct conn_list){ .agent = a, .gone = reverse_free_if_done };
	r->guest = endpoint_socket(guest_socket);
	r->host = endpoint_socket(host_socket);
	snprintf(r->trouble, sizeof r->trouble, "the guest agent is not there yet");
	uv_timer_init(&a->loop, &r->again);
	r->again.data = r;
	reverse_agent_up(r);
	return r;
}

static void
reverse_on_timer_closed(uv_handle_t *h)
{
	struct reverse *r = h->data;

	r->closed = true;
	reverse_free_if_done(&r->conns);
}

void
reverse_free(struct reverse *r)
{
	if (r->listener)
		ga_reverse_close(r->listener);
	ga_flush(r->conns.agent);
	conn_close_all(&r->conns);
	uv_close((uv_handle_t *)&r->again, reverse_on_timer_closed);
}

const char *
reverse_trouble(const struct reverse *r)
{
	return r->trouble;
}
