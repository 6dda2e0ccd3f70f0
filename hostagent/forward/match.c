#include "hostagent/forward/match.h"

#include <arpa/inet.h>
#include <string.h>

#include "hostagent/forward/endpoint.h"

bool
match_wildcard(const struct ga_port *p)
{
	static const uint8_t zero[16];

	return !memcmp(p->addr, zero, sizeof zero);
}

static bool
is_loopback6(const struct ga_port *p)
{
	static const uint8_t one[16] = { [15] = 1 };

	return p->v6 && !memcmp(p->addr, one, sizeof one);
}

/* Does a rule for the address `text` speak of what listens on p's? */
static bool
address_matches(const struct forward_rule *r, const struct ga_port *p)
{
	struct ga_port ip;

	if (!ga_port_parse(&ip, "tcp", 3, r->guest_ip, strlen(r->guest_ip), 1))
		return false;
	if (match_wildcard(p))
		return true;
	if (match_wildcard(&ip))
		return !r->must_be_zero;
	if (ip.v6 == p->v6 && !memcmp(ip.addr, p->addr, sizeof ip.addr))
		return true;
	return is_loopback6(p) && strcmp(r->guest_ip, "127.0.0.1") == 0;
}

static bool
match_matches(const struct forward_rule *r, const struct ga_port *p)
{
	struct ga_port ip;

	if (*r->guest_socket || p->port < r->guest_port[0] || p->port > r->guest_port[1])
		return false;
	if (r->proto != FORWARD_ANY && (r->proto == FORWARD_UDP) != (p->proto == GA_UDP))
		return false;
	if (*r->host_socket && p->proto == GA_UDP)
		return false;
	/* A port on all addresses is also on others than the one that is ignored. */
	if (r->ignore && match_wildcard(p) && ga_port_parse(&ip, "tcp", 3, r->guest_ip, strlen(r->guest_ip), 1) &&
	    !match_wildcard(&ip))
		return false;
	return address_matches(r, p);
}

/* Ports of the host that are the system's own are not for a guest to take, unless a rule names them, as "all ports" does not. */
static bool
is_free_to_all(const struct forward_rule *r, int host_port)
{
	enum { SYSTEM = 1024, LAST = 65535 };

	return host_port >= SYSTEM || r->host_port[0] != 1 || r->host_port[1] != LAST;
}

enum match
match_port(const struct forward_rule *const *rules, size_t n, const struct ga_port *p, struct endpoint *host)
{
	const struct forward_rule *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (match_matches(rules[i], p) && (!best || rules[i]->rank < best->rank))
			best = rules[i];
	if (!best)
		return MATCH_NONE;
	if (best->ignore)
		return MATCH_IGNORE;
	if (!*best->host_socket && !is_free_to_all(best, p->port + best->host_port[0] - best->guest_port[0]))
		return MATCH_IGNORE;
	*host = *best->host_socket ? endpoint_socket(best->host_socket) :
				     endpoint_make(p->proto, best->host_ip, p->port + best->host_port[0] - best->guest_port[0]);
	return MATCH_FORWARD;
}
