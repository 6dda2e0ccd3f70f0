#include "hostagent/forward/conn.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/forward/transport.h"
#include "hostagent/forward/write_queue.h"
#include "hostagent/forward/endpoint.h"
#include "hostagent/machine/runtime.h"

enum { WAIT_MS = 30000 };	/* for a way into the guest: it may just be rebooting */

/* From the best to the last; each may be absent just now. */
static transport_new *const ways[] = { transport_tunnel, transport_ssh };

union stream {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct conn {
	struct conn_list *list;
	struct conn *next, **back;
	union stream s;
	uv_timer_t timer;
	struct outq out;		/* to the host's program */
	struct transport *transport;
	const struct endpoint *to;		/* while it is being dialled */
	size_t way;			/* the next to be tried */
	bool host_eof, closing, whole;
	int open;			/* handles */
};

static void
conn_on_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	struct conn_list *l = c->list;

	if (--c->open)
		return;
	*c->back = c->next;
	if (c->next)
		c->next->back = c->back;
	l->n--;
	outq_release(&c->out);
	free(c);
	l->gone(l);
}

void
conn_close(struct conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->transport)
		transport_close(steal(c->transport));
	uv_close(&c->s.handle, conn_on_closed);
	uv_close((uv_handle_t *)&c->timer, conn_on_closed);
}

void
conn_close_all(struct conn_list *l)
{
	for (struct conn *c = l->first; c; c = c->next)
		conn_close(c);
}

void
conn_ends_whole(struct conn *c)
{
	c->whole = true;
}

uv_stream_t *
conn_stream(struct conn *c)
{
	return &c->s.stream;
}

static void
on_waited(uv_timer_t *t)
{
	log_debug("a connection has waited in vain for the guest");
	conn_close(t->data);
}

static void
conn_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = s->data;

	if (n == 0)
		return;
	if (n < 0 && (n != UV_EOF || c->whole)) {
		conn_close(c);
	} else if (n < 0) {
		c->host_eof = true;
		uv_read_stop(s);
		if (!transport_shutdown(c->transport))
			uv_timer_start(&c->timer, on_waited, WAIT_MS, 0);
	} else if (!transport_write(c->transport, b->base, (size_t)n)) {
		/* Reading stops until the data have gone, so that a slow guest slows the sender. */
		uv_read_stop(s);
	}
}

static void
start_reading(struct conn *c)
{
	if (!c->host_eof && !c->closing && uv_read_start(&c->s.stream, agent_chunk, conn_on_read) < 0)
		conn_close(c);
}

static void
guest_open(void *ctx)
{
	struct conn *c = ctx;

	uv_timer_stop(&c->timer);
	c->to = NULL;
	start_reading(c);
}

static void
conn_guest_data(void *ctx, const char *p, size_t len)
{
	struct conn *c = ctx;

	if (!outq_write(&c->out, p, len) && c->transport)
		transport_pause(c->transport, true);
}

static void
guest_eof(void *ctx)
{
	struct conn *c = ctx;

	outq_shutdown(&c->out);
}

static void
guest_drained(void *ctx)
{
	start_reading(ctx);
}

static void conn_dial_one(struct conn *c);

/* The next way to be tried; NULL: that was the last. */
static transport_new *
next_way(struct conn *c)
{
	transport_new *own = c->list->agent->runtime->transport;

	if (own)
		return c->way++ == 0 ? own : NULL;
	return c->way < ARRAY_LEN(ways) ? ways[c->way++] : NULL;
}

static void
guest_closed(void *ctx, bool unopened)
{
	struct conn *c = ctx;

	c->transport = NULL;
	if (unopened && c->to)
		conn_dial_one(c);
	else if (outq_empty(&c->out))
		conn_close(c);
	else
		uv_read_stop(&c->s.stream);	/* what has come is still to be written */
}

const struct transport_user conn_user = { guest_open, conn_guest_data, guest_eof, guest_drained, guest_closed };

static void
conn_dial_one(struct conn *c)
{
	struct transport *way = NULL;
	transport_new *next;

	while (!way && (next = next_way(c)))
		way = next(c->list->agent, c->to, &conn_user, c);
	conn_use(c, way);
}

void
conn_use(struct conn *c, struct transport *way)
{
	c->transport = way;
	if (!way)
		conn_close(c);
	else if (way->ready)
		guest_open(c);
}

void
conn_dial(struct conn *c, const struct endpoint *to)
{
	c->to = to;
	c->way = 0;
	uv_timer_start(&c->timer, on_waited, WAIT_MS, 0);
	conn_dial_one(c);
}

static void
host_drained(void *ctx)
{
	struct conn *c = ctx;

	if (c->transport)
		transport_pause(c->transport, false);
	else
		conn_close(c);
}

static void
host_failed(void *ctx)
{
	conn_close(ctx);
}

struct conn *
conn_new(struct conn_list *l, bool tcp)
{
	struct conn *c = xcalloc(1, sizeof *c);

	c->list = l;
	c->next = l->first;
	c->back = &l->first;
	if (c->next)
		c->next->back = &c->next;
	l->first = c;
	l->n++;
	c->open = 2;
	if (tcp)
		uv_tcp_init(&l->agent->loop, &c->s.tcp);
	else
		uv_pipe_init(&l->agent->loop, &c->s.pipe, 0);
	uv_timer_init(&l->agent->loop, &c->timer);
	c->s.handle.data = c->timer.data = c;
	outq_init(&c->out, &c->s.stream, host_drained, host_failed, c);
	return c;
}
