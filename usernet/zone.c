#include "usernet/zone.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "hostagent/dns/dns_msg.h"
#include "usernet/frame.h"

static bool
text_is(const char *text, const char *name, size_t len)
{
	return strlen(text) == len && !strncasecmp(text, name, len);
}

/* The address of the machine of that host name, or, `whole` not asked for, of that instance name; 0: none. */
static uint32_t
zone_machine(const struct zone *z, const char *name, size_t len, bool whole)
{
	static const char prefix[] = "lima-";
	size_t skip = sizeof prefix - 1;

	for (size_t i = 0; i < z->n; i++) {
		const char *host = z->v[i].hostname;

		if (whole ? text_is(host, name, len) : !strncmp(host, prefix, skip) && text_is(host + skip, name, len))
			return z->v[i].ip;
	}
	return 0;
}

/* The address of the machine that the fleet of whoever asks knows by that name; 0: none. */
static uint32_t
zone_member(const struct zone *z, const char *name, size_t len)
{
	for (size_t i = 0; z->fleet && *z->fleet && i < z->n; i++)
		if (z->v[i].fleet && !strcmp(z->v[i].fleet, z->fleet) && z->v[i].alias && *z->v[i].alias && text_is(z->v[i].alias, name, len))
			return z->v[i].ip;
	return 0;
}

/*
 * A name of the fleet of whoever asks comes before one of anybody else, so that a prefix takes nothing from what a fleet calls its own.
 * lima-NAME, lima-NAME.internal, NAME, NAME.internal; 0: not there. An instance that is called like a host of the internet takes that name from nobody:
 * one with a dot is ours only below .internal.
 */
static uint32_t
zone_find(const struct zone *z, const char *name)
{
	size_t len = strlen(name), tail = strlen(".internal");
	bool internal = len > tail && !strcmp(name + len - tail, ".internal");
	uint32_t ip;

	if (!strcmp(name, "host.lima.internal"))
		return z->host;
	if (internal)
		len -= tail;
	ip = zone_machine(z, name, len, true);
	if (ip || (!internal && strchr(name, '.')) || !strcmp(name, "localhost"))
		return ip;
	ip = zone_member(z, name, len);
	return ip ? ip : zone_machine(z, name, len, false);
}

int
zone_answer(struct buf *out, const struct zone *z, const void *query, size_t len)
{
	struct dns_question q;
	char name[DNS_NAME_MAX + 1];
	int rcode = dns_question_parse(&q, query, len);
	uint8_t address[4];
	uint32_t ip;

	if (rcode < 0)
		return -1;
	ip = rcode || dns_name_text(name, q.name, q.name_len) < 0 ? 0 : zone_find(z, name);
	if (!rcode && !ip)
		return 0;
	dns_answer_begin(out, &q, rcode);
	put32(address, ip);
	if (!rcode && q.type == DNS_A)
		dns_answer_put(out, DNS_A, 0, address, sizeof address);
	dns_answer_end(out, &q, q.udp_size);
	return 1;
}
