#include "hostagent/forward/listeners.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/forward/forward_tcp.h"
#include "hostagent/forward/forward_udp.h"
#include "hostagent/forward/endpoint.h"

enum {
	MAX_ENDS = 4096,
	AGAIN_MS = 1000,
	PORTS = 65536,
	REST_MS = 30000,	/* longer than a service takes to restart */
};

struct end {
	struct end *next;
	struct endpoint host, to;	/* to: where its connections go now */
	struct endpoint *guests;	/* who asked for it */
	size_t n, cap;
	struct tcp_listener *tcp;
	struct udp_listener *udp;
	struct error trouble;	/* code 0: none */
	bool stated;		/* by a rule, and not only by a port of the guest */
	uint64_t second_look;	/* when it was free, and is not had before it is so again: in the loop's time; 0: no */
};

struct ends {
	struct agent *agent;
	struct end *first;
	size_t n;
	uv_timer_t again;
	/* Programs of the host were seen on these ports, of whatever address: a bit each, so that no number of them makes one forgotten. */
	uint8_t used[2][PORTS / 8];
};

static bool
listeners_listening(const struct end *e)
{
	return e->tcp || e->udp;
}

static void
listeners_try(struct agent *a, struct end *e)
{
	if (a->ends->n > MAX_ENDS)
		error_set(&e->trouble, ENOSPC, "more than %d forwards", MAX_ENDS);
	else if (e->host.proto == GA_UDP)
		e->udp = udp_listen(a, &e->host, &e->to, &e->trouble);
	else
		e->tcp = tcp_listen(a, &e->host, &e->to, &e->trouble);
	if (listeners_listening(e))
		e->trouble = (struct error){ 0 };
}

static void
stop_listening(struct end *e)
{
	if (e->tcp)
		tcp_listener_close(e->tcp);
	if (e->udp)
		udp_listener_close(e->udp);
	e->tcp = NULL;
	e->udp = NULL;
}

/* The bit of a port; of a socket, which has none, one that it may share. */
static uint8_t *
used_bit(struct ends *s, const struct endpoint *host, uint8_t *bit)
{
	size_t n = host->port ? (size_t)host->port % PORTS : hash_text(HASH_START, host->name) % PORTS;

	*bit = (uint8_t)(1 << n % 8);
	return &s->used[host->proto == GA_UDP][n / 8];
}

/* A port of the guest may come and go as often as it likes: an address that the host has used is its own only when it was free twice. */
static void
listeners_look(struct agent *a, struct end *e)
{
	uint8_t bit, *used = used_bit(a->ends, &e->host, &bit);
	bool second = e->second_look, was_used = !e->stated && *used & bit;

	listeners_try(a, e);
	e->second_look = 0;
	if (!e->stated && e->trouble.code == EADDRINUSE)
		*used |= bit;
	if (!was_used || !listeners_listening(e))
		return;
	if (second) {
		*used &= (uint8_t)~bit;
		return;
	}
	stop_listening(e);
	e->second_look = uv_now(&a->loop) + REST_MS;
	error_set(&e->trouble, EADDRINUSE, "a program of this host has used it: it is the guest's if it is free in %d s, too", REST_MS / 1000);
}

/* What may be different in a second. */
static bool
worth_a_try(const struct end *e)
{
	if (listeners_listening(e))
		return false;
	return e->trouble.code == EADDRINUSE ? e->stated || e->second_look : e->trouble.code == EADDRNOTAVAIL || e->trouble.code == EEXIST;
}

static void
listeners_on_again(uv_timer_t *t)
{
	struct ends *s = t->data;
	bool more = false;

	for (struct end *e = s->first; e; e = e->next) {
		char text[PLACE_TEXT];

		if (!worth_a_try(e))
			continue;
		if (e->second_look <= uv_now(&s->agent->loop))
			listeners_look(s->agent, e);
		if (listeners_listening(e)) {
			log_info("%s: now listening", endpoint_text(&e->host, text));
			ports_end_opened(s->agent, e);
		}
		more |= worth_a_try(e);
	}
	if (more)
		uv_timer_start(&s->again, listeners_on_again, AGAIN_MS, 0);
}

static void
listeners_init(struct agent *a)
{
	a->ends = xcalloc(1, sizeof *a->ends);
	a->ends->agent = a;
	uv_timer_init(&a->loop, &a->ends->again);
	a->ends->again.data = a->ends;
}

static struct end *
listeners_find(struct agent *a, const struct endpoint *host)
{
	for (struct end *e = a->ends->first; e; e = e->next)
		if (endpoint_equal(&e->host, host))
			return e;
	return NULL;
}

struct end *
end_open(struct agent *a, const struct endpoint *host, const struct endpoint *guest, bool stated)
{
	struct end *e;

	if (!a->ends)
		listeners_init(a);
	e = listeners_find(a, host);
	if (!e) {
		e = xcalloc(1, sizeof *e);
		e->host = *host;
		e->stated = stated;
		e->to = *guest;
		e->next = a->ends->first;
		a->ends->first = e;
		a->ends->n++;
		listeners_look(a, e);
		if (!listeners_listening(e))
			log_warning("%s", e->trouble.msg);
		if (worth_a_try(e) && !uv_is_active((uv_handle_t *)&a->ends->again))
			uv_timer_start(&a->ends->again, listeners_on_again, AGAIN_MS, 0);
	}
	if (stated && !e->stated) {
		e->stated = true;
		if (!listeners_listening(e))
			listeners_look(a, e);
	}
	GROW(e->guests, e->n, e->cap);
	e->guests[e->n++] = *guest;
	return e;
}

static void
listeners_destroy(struct agent *a, struct end *e)
{
	struct end **p = &a->ends->first;

	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
	a->ends->n--;
	stop_listening(e);
	free(e->guests);
	free(e);
}

void
end_close(struct agent *a, struct end *e, const struct endpoint *guest)
{
	size_t i = 0;

	while (i < e->n && !endpoint_equal(&e->guests[i], guest))
		i++;
	assert(i < e->n);
	memmove(&e->guests[i], &e->guests[i + 1], (e->n - i - 1) * sizeof *e->guests);
	if (--e->n == 0)
		listeners_destroy(a, e);
	else
		e->to = e->guests[0];
}

void
ends_forget_used(struct agent *a)
{
	if (!a->ends)
		return;
	memset(a->ends->used, 0, sizeof a->ends->used);
	for (struct end *e = a->ends->first; e; e = e->next) {
		if (listeners_listening(e) || e->trouble.code != EADDRINUSE)
			continue;
		listeners_look(a, e);
		if (listeners_listening(e))
			ports_end_opened(a, e);
	}
}

const struct endpoint *
end_host(const struct end *e)
{
	return &e->host;
}

const char *
end_trouble(const struct end *e)
{
	return listeners_listening(e) ? "" : e->trouble.msg;
}

int
end_trouble_code(const struct end *e)
{
	return listeners_listening(e) ? 0 : e->trouble.code;
}

static void
listeners_on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
ends_free(struct agent *a)
{
	if (!a->ends)
		return;
	assert(!a->ends->first);
	uv_close((uv_handle_t *)&a->ends->again, listeners_on_closed);
	a->ends = NULL;
}
