#include "usernet/names.h"

#include <string.h>

#include "base/auto.h"
#include "hostagent/dns/dns_msg.h"
#include "providers/usernet.h"

enum { ADDRESSES_MAX = 64 };

static const struct usernet_range private[] = {
	{0x0a000000, 0xff000000},
	{0x64400000, 0xffc00000},
	{0xac100000, 0xfff00000},
	{0xc0a80000, 0xffff0000},
};

/* "*.example.com" is what is below it, and not itself, as in certificates; but of any depth. */
static bool
name_matches(const char *rule, const char *name)
{
	size_t tail = strlen(rule) - 1, len = strlen(name);

	if (*rule != '*')
		return !strcmp(rule, name);
	return len > tail && !strcmp(name + len - tail, rule + 1);
}

static bool
names_rule_has(const struct usernet *n, const char *name)
{
	for (size_t i = 0; i < n->nnames; i++)
		if (name_matches(n->names[i], name))
			return true;
	return false;
}

bool
names_allow(const struct usernet *n, const char *name)
{
	return n->everywhere || (n->negress && !n->nnames) || names_rule_has(n, name);
}

static bool
is_private(uint32_t ip)
{
	for (size_t i = 0; i < ARRAY_LEN(private); i++)
		if ((ip & private[i].mask) == private[i].base)
			return true;
	return false;
}

static size_t
learned_find(struct learned *l, uint32_t ip)
{
	if (l->last < l->n && l->v[l->last].ip == ip)
		return l->last;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].ip == ip)
			return l->last = i;
	return LEARNED_MAX;
}

/* A place for one more: behind the others, or that of the one that would end first. */
static size_t
learned_place(struct learned *l)
{
	size_t oldest = 0;

	if (l->n < LEARNED_MAX)
		return l->n++;
	for (size_t i = 1; i < l->n; i++)
		if (l->v[i].until_ms < l->v[oldest].until_ms)
			oldest = i;
	return oldest;
}

void
learned_take(struct learned *l, const struct usernet *n, const void *answer, size_t len, long long now_ms)
{
	char name[DNS_NAME_MAX + 1];
	uint32_t ip[ADDRESSES_MAX], ttl;
	int count = dns_answer_addresses(name, ip, ARRAY_LEN(ip), &ttl, answer, len);

	if (count <= 0 || !names_rule_has(n, name))
		return;
	for (int i = 0; i < count; i++) {
		size_t at = learned_find(l, ip[i]);
		long long until = now_ms + (ttl > LEARNED_MS / 1000 && ttl < 24 * 60 * 60 ? ttl * 1000LL : LEARNED_MS);

		if (is_private(ip[i]))
			continue;
		if (at == LEARNED_MAX)
			at = learned_place(l);
		l->v[at].ip = ip[i];
		l->v[at].until_ms = until;
	}
}

bool
learned_has(struct learned *l, uint32_t ip, long long now_ms)
{
	size_t at = learned_find(l, ip);

	if (at == LEARNED_MAX || l->v[at].until_ms < now_ms)
		return false;
	if (l->v[at].until_ms < now_ms + LEARNED_MS)
		l->v[at].until_ms = now_ms + LEARNED_MS;
	return true;
}
