#include "hostagent/dns/dns_servers.h"

#include <ares.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/dns/dns_msg.h"

enum { TRY_MS = 1500, TRIES = 2 };	/* the second try waits twice as long */

/* These serve a host without resolv.conf. lima-vm/lima: pkg/hostagent/dns */
#define FALLBACK "8.8.8.8,1.1.1.1"

struct watch {
	struct watch *next;
	struct dns_servers *s;
	int fd;
	uv_poll_t poll;
};

struct dns_servers {
	uv_loop_t *loop;
	ares_channel channel;
	struct watch *watches;
	uv_timer_t timer;
};

struct question {
	dns_servers_done *done;
	void *ctx;
};

static void dns_servers_on_timer(uv_timer_t *t);

/* c-ares only tells the next of its deadlines, so the timer is set to that. */
static void
dns_servers_rearm(struct dns_servers *s)
{
	struct timeval tv, *next = ares_timeout(s->channel, NULL, &tv);

	if (next)
		uv_timer_start(&s->timer, dns_servers_on_timer, (uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1, 0);
	else
		uv_timer_stop(&s->timer);
}

static void
dns_servers_on_timer(uv_timer_t *t)
{
	struct dns_servers *s = t->data;

	ares_process_fd(s->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	dns_servers_rearm(s);
}

static void
dns_servers_on_poll(uv_poll_t *p, int status, int events)
{
	struct watch *w = p->data;
	struct dns_servers *s = w->s;
	ares_socket_t fd = w->fd;

	/* An error of the socket shows when it is read. */
	if (status < 0)
		events = UV_READABLE;
	ares_process_fd(s->channel, events & UV_READABLE ? fd : ARES_SOCKET_BAD, events & UV_WRITABLE ? fd : ARES_SOCKET_BAD);
	dns_servers_rearm(s);
}

static void
free_watch(uv_handle_t *h)
{
	free(h->data);
}

/* c-ares says which of its sockets are to be watched; with neither flag it is about to close one. */
static void
on_socket(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct dns_servers *s = ctx;
	struct watch **p = &s->watches, *w;

	while (*p && (*p)->fd != fd)
		p = &(*p)->next;
	w = *p;
	if (!readable && !writable) {
		if (!w)
			return;
		*p = w->next;
		uv_poll_stop(&w->poll);
		uv_close((uv_handle_t *)&w->poll, free_watch);
		return;
	}
	if (!w) {
		w = xcalloc(1, sizeof *w);
		*w = (struct watch){ .next = s->watches, .s = s, .fd = fd };
		s->watches = w;
		uv_poll_init(s->loop, &w->poll, fd);
		w->poll.data = w;
	}
	uv_poll_start(&w->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), dns_servers_on_poll);
}

struct dns_servers *
dns_servers_new(uv_loop_t *loop, const char *resolv_conf, int port, struct error *err)
{
	struct dns_servers *s = xcalloc(1, sizeof *s);
	struct ares_options o = { .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES, .timeout = TRY_MS, .tries = TRIES,
				  .sock_state_cb = on_socket, .sock_state_cb_data = s, .lookups = (char[]){ "b" },
				  .udp_port = (unsigned short)port, .tcp_port = (unsigned short)port,
				  .resolvconf_path = (char *)(uintptr_t)resolv_conf };
	int r = ares_init_options(&s->channel, &o, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB |
				  ARES_OPT_LOOKUPS | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT | ARES_OPT_RESOLVCONF);

	if (r == ARES_SUCCESS && access(resolv_conf, R_OK) < 0) {
		log_warning("names: %s: %s; asking " FALLBACK, resolv_conf, strerror(errno));
		r = ares_set_servers_csv(s->channel, FALLBACK);
	}
	if (r != ARES_SUCCESS) {
		ares_destroy(s->channel);
		free(s);
		error_set(err, EIO, "name servers: %s", ares_strerror(r));
		return NULL;
	}
	s->loop = loop;
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	return s;
}

static void
dns_servers_on_answer(void *ctx, int status, int timeouts, unsigned char *answer, int len)
{
	struct question *q = ctx, copy = *q;

	(void)timeouts;
	free(q);
	if (answer && len > 0)
		copy.done(copy.ctx, answer, (size_t)len, 0);
	else
		copy.done(copy.ctx, NULL, 0, status == ARES_EDESTRUCTION ? DNS_ASK_AGAIN : status == ARES_EREFUSED ? DNS_REFUSED :
			  status == ARES_ENOTIMP ? DNS_NOTIMP : DNS_SERVFAIL);
}

void
dns_servers_ask(struct dns_servers *s, const void *query, size_t len, dns_servers_done *done, void *ctx)
{
	struct question *q = xcalloc(1, sizeof *q);

	*q = (struct question){ done, ctx };
	ares_send(s->channel, query, (int)len, dns_servers_on_answer, q);
	dns_servers_rearm(s);
}

static void
free_self(uv_handle_t *h)
{
	free(h->data);
}

void
dns_servers_free(struct dns_servers *s)
{
	if (!s)
		return;
	ares_destroy(s->channel);
	uv_close((uv_handle_t *)&s->timer, free_self);
}

static size_t
dns_servers_addresses4(const void *answer, int len, struct in6_addr *out, size_t max)
{
	struct ares_addrttl v[64];
	int n = ARRAY_LEN(v);

	if (ares_parse_a_reply(answer, len, NULL, v, &n) != ARES_SUCCESS)
		return 0;
	for (int i = 0; i < n && (size_t)i < max; i++) {
		out[i] = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
		memcpy(&out[i].s6_addr[12], &v[i].ipaddr, 4);
	}
	return (size_t)n < max ? (size_t)n : max;
}

size_t
dns_servers_addresses(const void *answer, size_t len, int type, struct in6_addr *out, size_t max)
{
	struct ares_addr6ttl v[64];
	int n = ARRAY_LEN(v);

	if (type == DNS_A)
		return dns_servers_addresses4(answer, (int)len, out, max);
	if (ares_parse_aaaa_reply(answer, (int)len, NULL, v, &n) != ARES_SUCCESS)
		return 0;
	for (int i = 0; i < n && (size_t)i < max; i++)
		memcpy(&out[i], &v[i].ip6addr, sizeof *out);
	return (size_t)n < max ? (size_t)n : max;
}
