/*
 * hostagent/dns/dns.h - the name server for one guest, on ports of this host's loopback.
 *
 * The guest's queries to 192.168.5.3 arrive here (guest/boot/boot.Linux/23-host-dns.sh).
 * Answers come from `hosts` of lima.yaml, this host's hosts file, or the name
 * servers of its resolv.conf; both files are looked at again when they have changed.
 *
 *	dns_listen.c	UDP and TCP
 *	dns.c		who answers
 *	dns_msg.c	messages; dns_names.c tables of names; dns_servers.c c-ares
 */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct dns;
struct dns_conn;
struct dns_listeners;
struct error;

struct dns_pair {
	const char *name, *value;
};

struct dns_config {
	int udp_port, tcp_port;		/* on 127.0.0.1; 0: not there */
	bool ipv6;			/* AAAA records too */
	const struct dns_pair *hosts;	/* names, each with an address or another name */
	size_t nhosts;
	const char *hosts_file, *resolv_conf;	/* NULL: /etc/hosts, /etc/resolv.conf */
	int servers_port;		/* 0: 53 */
};

/* Listens and answers, until dns_stop(). Nothing of `c` is kept. NULL: EADDRINUSE with the port. */
struct dns *dns_start(uv_loop_t *loop, const struct dns_config *c, struct error *err);
/* Other `hosts` and `ipv6` from now on. */
void dns_set_names(struct dns *d, const struct dns_config *c);
/* Gone with the loop's next turns. NULL is allowed. */
void dns_stop(struct dns *d);

/* dns_main.c: DNS_WORD of hostagent/protocol/dns_word.h, with the words from there on; the exit status. */
int dns_main(char **words);

/* Between the parts. */

/* Who waits for an answer: a connection, or an address. */
struct dns_asker {
	struct dns_conn *conn;
	struct sockaddr_in peer;
};

/* dns.c: a message came. dns_listeners_answer() is called for it just once, at once or later. */
void dns_take(struct dns *d, const void *p, size_t len, const struct dns_asker *who);

/* dns_listen.c */
struct dns_listeners *dns_listeners_new(struct dns *d, uv_loop_t *loop, const struct dns_config *c, struct error *err);
void dns_listeners_free(struct dns_listeners *l);	/* no more messages; answers are thrown away. NULL is allowed */
/* `len` 0: none, which ends a connection */
void dns_listeners_answer(struct dns_listeners *l, const struct dns_asker *who, const void *p, size_t len);
