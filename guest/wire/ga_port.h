/*
 * guest/wire/ga_port.h - the ports on which a guest listens, and lists of them.
 *
 * A port is a plain value that compares as bytes; an IPv4 address mapped into
 * IPv6 is kept as IPv4, as upstream prints it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ga_proto { GA_TCP = 1, GA_UDP = 2 };

struct ga_port {
	uint8_t addr[16];	/* network order; IPv4 in the first four bytes, zeros behind */
	uint16_t port;		/* 1..65535 */
	uint8_t proto;		/* enum ga_proto */
	uint8_t v6;		/* 0, 1 */
};

#define GA_PORTS_MAX 65536	/* in a list that came from the other side */

/* False unless the parts, of any length and hostile, name a port. */
bool ga_port_parse(struct ga_port *out, const void *proto, size_t proto_len, const void *ip, size_t ip_len, uint64_t port);
/* `addr` is of 16 bytes for IPv6, which may be a mapped IPv4 address, otherwise of 4. */
struct ga_port ga_port_make(enum ga_proto proto, bool v6, const void *addr, uint16_t port);
const char *ga_port_proto(const struct ga_port *p);		/* "tcp", "udp" */
const char *ga_port_ip(const struct ga_port *p, char text[46]);	/* returns `text` */
const char *ga_port_addr(const struct ga_port *p, char text[54]);	/* "127.0.0.1:80", "[::1]:80" */

/* A list, ascending and without doubles once sorted. Zeroed is empty. */
struct ga_ports {
	struct ga_port *v;
	size_t n, cap;
};

void ga_ports_release(struct ga_ports *l);
void ga_ports_add(struct ga_ports *l, const struct ga_port *p);
void ga_ports_sort(struct ga_ports *l);
void ga_ports_copy(struct ga_ports *to, const struct ga_ports *from);
bool ga_ports_equal(const struct ga_ports *a, const struct ga_ports *b);
/* Appends to `added` what is only in `now` and to `removed` what is only in `old`; both sorted. */
void ga_ports_diff(const struct ga_ports *old, const struct ga_ports *now, struct ga_ports *added, struct ga_ports *removed);
