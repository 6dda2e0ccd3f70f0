#include "hostagent/dns/dns_known.h"

#include <string.h>

#include "hostagent/dns/dns_msg.h"

enum { MAX_ALIASES = 16 };

static bool
is_v4(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a);
}

/* Those of the family that was asked for; how many? */
static size_t
put_entries(struct buf *b, const struct dns_question *q, const struct dns_name *e, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (!e[i].alias && is_v4(&e[i].addr) == (q->type == DNS_A)) {
			dns_answer_put(b, q->type, DNS_TTL, &e[i].addr.s6_addr[q->type == DNS_A ? 12 : 0], q->type == DNS_A ? 4 : 16);
			count++;
		}
	return count;
}

static void
dns_known_put_name(struct buf *b, uint16_t type, const char *text)
{
	uint8_t name[DNS_NAME_MAX];
	int len = dns_name_put(name, text);

	if (len > 0)
		dns_answer_put(b, type, DNS_TTL, name, (size_t)len);
}

/* Through aliases to their end: its entries, or NULL and the name at which our knowledge ends. */
static const struct dns_name *
dns_known_follow(const struct dns_known *k, const char **name, size_t *n)
{
	for (int i = 0; i < MAX_ALIASES; i++) {
		const struct dns_name *e = dns_names_find(&k->ours, *name, n);

		if (!e || !e->alias)
			return e;
		*name = e->alias;
	}
	*n = 0;
	return NULL;
}

void
dns_known_release(struct dns_known *k)
{
	dns_names_release(&k->ours);
	dns_names_release(&k->hosts);
}

bool
dns_known_answer(const struct dns_known *k, const struct dns_question *q, struct dns_question *as, struct buf *b)
{
	char text[DNS_NAME_MAX + 1];
	const char *name = text, *reverse;
	const struct dns_name *e;
	struct in6_addr addr;
	size_t n;
	int len;

	if (dns_name_text(text, q->name, q->name_len) < 0)
		return false;
	if (q->type == DNS_PTR && dns_name_address(&addr, text) == 0) {
		reverse = dns_names_of(&k->ours, &addr);
		if (!reverse)
			reverse = dns_names_of(&k->hosts, &addr);
		if (reverse)
			dns_known_put_name(b, DNS_PTR, reverse);
		return reverse;
	}
	e = dns_known_follow(k, &name, &n);
	if (q->type != DNS_A && q->type != DNS_AAAA) {
		if (strcmp(name, text) != 0)
			dns_known_put_name(b, DNS_CNAME, name);
		return e || name != text;
	}
	if (e)
		return put_entries(b, q, e, n), true;
	e = dns_names_find(&k->hosts, name, &n);
	if (e && put_entries(b, q, e, n))
		return true;
	if (name != text && (len = dns_name_put(as->name, name)) > 0)
		as->name_len = (size_t)len;
	return false;
}
