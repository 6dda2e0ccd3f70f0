#include "usernet/zone.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "hostagent/dns/dns_msg.h"
#include "usernet/frame.h"

/* HOSTNAME, HOSTNAME.internal; 0: not there */
static uint32_t
zone_find(const struct zone *z, const char *name)
{
	size_t len = strlen(name), tail = strlen(".internal");

	if (!strcmp(name, "host.lima.internal"))
		return z->host;
	if (len > tail && !strcmp(name + len - tail, ".internal"))
		len -= tail;
	for (size_t i = 0; i < z->n; i++)
		if (strlen(z->v[i].hostname) == len && !strncasecmp(z->v[i].hostname, name, len))
			return z->v[i].ip;
	return 0;
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
