#include "hostagent/forward/endpoint.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

struct endpoint
endpoint_make(enum ga_proto proto, const char *ip, int port)
{
	struct endpoint p = { .proto = proto, .port = port };

	snprintf(p.name, sizeof p.name, "%s", ip);
	return p;
}

struct endpoint
endpoint_socket(const char *path)
{
	struct endpoint p = { .proto = GA_TCP };

	snprintf(p.name, sizeof p.name, "%s", path);
	return p;
}

bool
endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->proto == b->proto && a->port == b->port && strcmp(a->name, b->name) == 0;
}

const char *
endpoint_text(const struct endpoint *p, char text[PLACE_TEXT])
{
	if (p->port)
		snprintf(text, PLACE_TEXT, strchr(p->name, ':') ? "[%s]:%d" : "%s:%d", p->name, p->port);
	else
		snprintf(text, PLACE_TEXT, "%s", p->name);
	return text;
}

int
endpoint_sockaddr(const struct endpoint *p, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	return (strchr(p->name, ':') ? uv_ip6_addr(p->name, p->port, (struct sockaddr_in6 *)out) :
				       uv_ip4_addr(p->name, p->port, (struct sockaddr_in *)out)) == 0 ? 0 : -1;
}
