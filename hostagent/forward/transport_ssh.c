/* hostagent/forward/transport_ssh.c - a connection as a channel of the one SSH connection: there in every guest, and encrypted. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/forward/transport.h"
#include "hostagent/forward/endpoint.h"
#include "providers/ssh/ssh_link.h"

enum { CHUNK = 32768 };

struct ssh_transport {
	struct transport c;
	struct mux_user user;
	struct agent *agent;
	struct endpoint to;
	struct ssh_channel *channel;	/* NULL: not open yet */
	struct buf todo;		/* not yet taken by the channel */
	size_t todo_at;
	bool paused, shut, eof_sent, guest_eof;
	bool busy, dead;		/* inside of a step; closed there */
};

static void
transport_ssh_release(struct ssh_transport *s)
{
	buf_release(&s->todo);
	free(s);
}

static void
transport_ssh_end(struct ssh_transport *s)
{
	struct ssh_link *link = mux_link(s->agent);

	mux_remove(&s->user);
	if (link)
		ssh_link_forget(link, s);
	ssh_channel_close(s->channel);
	s->channel = NULL;
	s->dead = true;
	mux_touched(s->agent);
}

static void
ssh_close(struct transport *c)
{
	struct ssh_transport *s = (struct ssh_transport *)c;

	transport_ssh_end(s);
	if (!s->busy)
		transport_ssh_release(s);
}

/* By the guest, or with the connection. */
static void
transport_ssh_is_over(struct ssh_transport *s, bool unopened)
{
	const struct transport_user *user = s->c.user;
	void *ctx = s->c.ctx;

	transport_ssh_end(s);
	if (!s->busy)
		transport_ssh_release(s);
	user->closed(ctx, unopened);
}

/* Returns false when the channel is dead. */
static bool
transport_ssh_push(struct ssh_transport *s)
{
	size_t had = s->todo.len;

	while (s->todo_at < s->todo.len) {
		ssize_t n = ssh_channel_write(s->channel, s->todo.s + s->todo_at, s->todo.len - s->todo_at);

		if (n <= 0)
			return n == 0;
		s->todo_at += (size_t)n;
	}
	if (had) {
		buf_release(&s->todo);
		s->todo = (struct buf)BUF_INIT;
		s->todo_at = 0;
		s->c.user->drained(s->c.ctx);
	}
	if (!s->dead && s->shut && !s->todo.len && !s->eof_sent) {
		int r = ssh_channel_send_eof(s->channel);

		s->eof_sent = r == 1;
		return r >= 0;
	}
	return true;
}

static void
transport_ssh_pull(struct ssh_transport *s)
{
	char chunk[CHUNK], junk[256];

	while (!s->paused && !s->guest_eof && !s->dead) {
		ssize_t n = ssh_channel_read(s->channel, 0, chunk, sizeof chunk);

		if (n == 0 && ssh_channel_read(s->channel, 1, junk, sizeof junk) > 0)
			continue;
		if (n == 0)
			return;
		if (n < 0) {
			s->guest_eof = true;
			s->c.user->eof(s->c.ctx);
		} else {
			s->c.user->data(s->c.ctx, chunk, (size_t)n);
		}
	}
}

/* 1: there is a channel; 0: not yet; -1: there will be none */
static int
transport_ssh_open_channel(struct ssh_transport *s, struct ssh_link *link)
{
	struct error e;
	char text[PLACE_TEXT];
	int r = s->to.port ? ssh_channel_tcp(link, s, s->to.name, s->to.port, &s->channel, &e) :
			     ssh_channel_unix(link, s, s->to.name, &s->channel, &e);

	if (r < 0)
		log_debug("%s: %s", endpoint_text(&s->to, text), e.msg);
	if (r == 1) {
		s->c.ready = true;
		s->c.user->open(s->c.ctx);
	}
	return r;
}

static void
transport_ssh_step(struct mux_user *u, struct ssh_link *link)
{
	struct ssh_transport *s = (struct ssh_transport *)((char *)u - offsetof(struct ssh_transport, user));
	int r;

	if (s->busy)
		return;
	s->busy = true;
	r = s->channel ? 1 : transport_ssh_open_channel(s, link);
	if (r == 1 && !s->dead)
		transport_ssh_pull(s);
	if (r == 1 && !s->dead && !transport_ssh_push(s))
		r = -1;
	if (!s->dead && (r < 0 || (r == 1 && s->guest_eof && (s->eof_sent || ssh_channel_ended(s->channel)))))
		transport_ssh_is_over(s, !s->c.ready);
	s->busy = false;
	if (s->dead)
		transport_ssh_release(s);
}

static void
transport_ssh_lost(struct mux_user *u, const struct error *why)
{
	struct ssh_transport *s = (struct ssh_transport *)((char *)u - offsetof(struct ssh_transport, user));

	(void)why;
	/* A connection without a channel yet waits for the next SSH connection. */
	if (s->channel)
		transport_ssh_is_over(s, false);
}

/* What can be done at once is, outside of the loop's round. */
static void
transport_ssh_nudge(struct ssh_transport *s)
{
	if (!s->busy && mux_link(s->agent))
		mux_kick(s->agent);
}

static bool
ssh_write(struct transport *c, const char *p, size_t len)
{
	struct ssh_transport *s = (struct ssh_transport *)c;
	ssize_t n = s->todo.len ? 0 : 1;

	/* Packets are written until the channel takes no more; a dead channel is seen in the next step. */
	for (; len && n > 0; p += n, len -= (size_t)n)
		if ((n = ssh_channel_write(s->channel, p, len)) < 0)
			n = 0;
	buf_add(&s->todo, p, len);
	mux_touched(s->agent);
	return !s->todo.len;
}

static bool
ssh_shutdown(struct transport *c)
{
	((struct ssh_transport *)c)->shut = true;
	transport_ssh_nudge((struct ssh_transport *)c);
	return true;
}

static void
ssh_pause(struct transport *c, bool paused)
{
	struct ssh_transport *s = (struct ssh_transport *)c;

	s->paused = paused;
	if (!paused)
		transport_ssh_nudge(s);
}

struct transport *
transport_ssh(struct agent *a, const struct endpoint *to, const struct transport_user *user, void *ctx)
{
	static const struct transport_ops ops = { ssh_write, ssh_shutdown, ssh_pause, ssh_close };
	struct ssh_transport *s;

	if (!a->mux || to->proto != GA_TCP)
		return NULL;
	s = xcalloc(1, sizeof *s);
	*s = (struct ssh_transport){ .c = { .ops = &ops, .user = user, .ctx = ctx }, .agent = a, .to = *to, .todo = BUF_INIT };
	s->user.step = transport_ssh_step;
	s->user.lost = transport_ssh_lost;
	mux_add(a, &s->user);
	return &s->c;
}
