#include "hostagent/forward/listeners.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/forward/forward_tcp.h"
#include "hostagent/forward/forward_udp.h"
#include "hostagent/forward/endpoint.h"

enum {
	MAX_ENDS = 4096,
	AGAIN_MS = 1000,
};

struct end {
	struct end *next;
	struct place host, to;	/* to: where its connections go now */
	struct place *guests;	/* who asked for it */
	size_t n, cap;
	struct tcp_listener *tcp;
	struct udp_listener *udp;
	struct error trouble;	/* code 0: none */
};

struct ends {
	struct agent *agent;
	struct end *first;
	size_t n;
	uv_timer_t again;
};

static bool
listening(const struct end *e)
{
	return e->tcp || e->udp;
}

static void
try(struct agent *a, struct end *e)
{
	if (a->ends->n > MAX_ENDS)
		error_set(&e->trouble, ENOSPC, "more than %d forwards", MAX_ENDS);
	else if (e->host.proto == GA_UDP)
		e->udp = udp_listen(a, &e->host, &e->to, &e->trouble);
	else
		e->tcp = tcp_listen(a, &e->host, &e->to, &e->trouble);
	if (listening(e))
		e->trouble = (struct error){ 0 };
}

/* What may be different in a second. */
static bool
worth_a_try(const struct end *e)
{
	return !listening(e) && (e->trouble.code == EADDRINUSE || e->trouble.code == EADDRNOTAVAIL || e->trouble.code == EEXIST);
}

static void
on_again(uv_timer_t *t)
{
	struct ends *s = t->data;
	bool more = false;

	for (struct end *e = s->first; e; e = e->next) {
		char text[PLACE_TEXT];

		if (!worth_a_try(e))
			continue;
		try(s->agent, e);
		if (listening(e)) {
			log_info("%s can be had now", place_text(&e->host, text));
			ports_end_opened(s->agent, e);
		}
		more |= worth_a_try(e);
	}
	if (more)
		uv_timer_start(&s->again, on_again, AGAIN_MS, 0);
}

static void
init(struct agent *a)
{
	a->ends = xcalloc(1, sizeof *a->ends);
	a->ends->agent = a;
	uv_timer_init(&a->loop, &a->ends->again);
	a->ends->again.data = a->ends;
}

static struct end *
find(struct agent *a, const struct place *host)
{
	for (struct end *e = a->ends->first; e; e = e->next)
		if (place_equal(&e->host, host))
			return e;
	return NULL;
}

struct end *
end_open(struct agent *a, const struct place *host, const struct place *guest)
{
	struct end *e;

	if (!a->ends)
		init(a);
	e = find(a, host);
	if (!e) {
		e = xcalloc(1, sizeof *e);
		e->host = *host;
		e->to = *guest;
		e->next = a->ends->first;
		a->ends->first = e;
		a->ends->n++;
		try(a, e);
		if (!listening(e))
			log_warning("%s", e->trouble.msg);
		if (worth_a_try(e) && !uv_is_active((uv_handle_t *)&a->ends->again))
			uv_timer_start(&a->ends->again, on_again, AGAIN_MS, 0);
	}
	GROW(e->guests, e->n, e->cap);
	e->guests[e->n++] = *guest;
	return e;
}

static void
destroy(struct agent *a, struct end *e)
{
	struct end **p = &a->ends->first;

	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
	a->ends->n--;
	if (e->tcp)
		tcp_listener_close(e->tcp);
	if (e->udp)
		udp_listener_close(e->udp);
	free(e->guests);
	free(e);
}

void
end_close(struct agent *a, struct end *e, const struct place *guest)
{
	size_t i = 0;

	while (i < e->n && !place_equal(&e->guests[i], guest))
		i++;
	assert(i < e->n);
	memmove(&e->guests[i], &e->guests[i + 1], (e->n - i - 1) * sizeof *e->guests);
	if (--e->n == 0)
		destroy(a, e);
	else
		e->to = e->guests[0];
}

const struct place *
end_host(const struct end *e)
{
	return &e->host;
}

const char *
end_trouble(const struct end *e)
{
	return listening(e) ? "" : e->trouble.msg;
}

int
end_trouble_code(const struct end *e)
{
	return listening(e) ? 0 : e->trouble.code;
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
ends_free(struct agent *a)
{
	if (!a->ends)
		return;
	assert(!a->ends->first);
	uv_close((uv_handle_t *)&a->ends->again, on_closed);
	a->ends = NULL;
}
