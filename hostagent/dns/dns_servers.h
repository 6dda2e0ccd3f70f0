/*
 * hostagent/dns/dns_servers.h - asking the name servers that this host asks, by c-ares on our loop.
 *
 * c-ares knows of resolv.conf, of more than one server, tries again, goes to TCP
 * for what UDP cuts off, and believes only answers from where it asked to what it
 * asked. It waits for nothing.
 */
#pragma once
#include <netinet/in.h>
#include <stddef.h>
#include <uv.h>

struct dns_servers;
struct error;

/* `len` 0: no answer, and the rcode that says so; DNS_ASK_AGAIN: dns_servers_free() came first. Called once, perhaps from within ask. */
enum { DNS_ASK_AGAIN = -1 };
typedef void dns_servers_done(void *ctx, const void *answer, size_t len, int rcode);

/* Those that `resolv_conf` names, at that port. */
struct dns_servers *dns_servers_new(uv_loop_t *loop, const char *resolv_conf, int port, struct error *err);
/* A message of dns_question_put(), copied. Ends within 15 s. */
void dns_servers_ask(struct dns_servers *s, const void *query, size_t len, dns_servers_done *done, void *ctx);
/* Every question ends. NULL is allowed. */
void dns_servers_free(struct dns_servers *s);
/* The IPv4 (as IPv6) or IPv6 addresses that an answer comes to, through all its aliases; how many. */
size_t dns_servers_addresses(const void *answer, size_t len, int type, struct in6_addr *out, size_t max);
