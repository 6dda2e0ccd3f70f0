#include "guest/wire/ga_port.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct ga_port
ga_port_make(enum ga_proto proto, bool v6, const void *addr, uint16_t port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct ga_port p = { .port = port, .proto = (uint8_t)proto, .v6 = v6 };

	if (v6 && !memcmp(addr, mapped, sizeof mapped)) {
		p.v6 = 0;
		memcpy(p.addr, (const uint8_t *)addr + 12, 4);
	} else {
		memcpy(p.addr, addr, v6 ? 16 : 4);
	}
	return p;
}

bool
ga_port_parse(struct ga_port *out, const void *proto, size_t proto_len, const void *ip, size_t ip_len, uint64_t port)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];
	bool udp = proto_len == 3 && !memcmp(proto, "udp", 3), v6;

	if (!udp && !(proto_len == 3 && !memcmp(proto, "tcp", 3)))
		return false;
	if (!ip_len || ip_len >= sizeof text || memchr(ip, 0, ip_len) || port < 1 || port > 65535)
		return false;
	memcpy(text, ip, ip_len);
	text[ip_len] = '\0';
	v6 = strchr(text, ':');
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, addr) != 1)
		return false;
	*out = ga_port_make(udp ? GA_UDP : GA_TCP, v6, addr, (uint16_t)port);
	return true;
}

const char *
ga_port_proto(const struct ga_port *p)
{
	return p->proto == GA_UDP ? "udp" : "tcp";
}

const char *
ga_port_ip(const struct ga_port *p, char text[46])
{
	return inet_ntop(p->v6 ? AF_INET6 : AF_INET, p->addr, text, INET6_ADDRSTRLEN);
}

const char *
ga_port_addr(const struct ga_port *p, char text[54])
{
	char ip[46];

	snprintf(text, 54, p->v6 ? "[%s]:%u" : "%s:%u", ga_port_ip(p, ip), (unsigned)p->port);
	return text;
}

void
ga_ports_release(struct ga_ports *l)
{
	free(l->v);
	*l = (struct ga_ports){ 0 };
}

void
ga_ports_add(struct ga_ports *l, const struct ga_port *p)
{
	GROW(l->v, l->n, l->cap);
	l->v[l->n++] = *p;
}

static int
ga_port_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ga_port));
}

void
ga_ports_sort(struct ga_ports *l)
{
	size_t n = 0;

	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof *l->v, ga_port_compare);
	for (size_t i = 1; i < l->n; i++)
		if (ga_port_compare(&l->v[n], &l->v[i]))
			l->v[++n] = l->v[i];
	l->n = n + 1;
}

void
ga_ports_copy(struct ga_ports *to, const struct ga_ports *from)
{
	to->n = 0;
	for (size_t i = 0; i < from->n; i++)
		ga_ports_add(to, &from->v[i]);
}

bool
ga_ports_equal(const struct ga_ports *a, const struct ga_ports *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->v, b->v, a->n * sizeof *a->v));
}

void
ga_ports_diff(const struct ga_ports *old, const struct ga_ports *now, struct ga_ports *added, struct ga_ports *removed)
{
	size_t o = 0, n = 0;

	while (o < old->n || n < now->n) {
		int c = o == old->n ? 1 : n == now->n ? -1 : ga_port_compare(&old->v[o], &now->v[n]);

		if (c < 0)
			ga_ports_add(removed, &old->v[o]);
		if (c > 0)
			ga_ports_add(added, &now->v[n]);
		o += c <= 0;
		n += c >= 0;
	}
}
