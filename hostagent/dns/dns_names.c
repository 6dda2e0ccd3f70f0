#include "hostagent/dns/dns_names.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "hostagent/dns/dns_msg.h"

void
dns_names_release(struct dns_names *t)
{
	arena_release(&t->mem);
	free(t->v);
	*t = (struct dns_names){ 0 };
}

/* As it is compared; NULL: nothing that somebody could ask for. */
static char *
dns_names_fold(struct dns_names *t, const char *text, size_t len)
{
	uint8_t wire[DNS_NAME_MAX];
	char *s = arena_memdup(&t->mem, text, len);

	if (len && s[len - 1] == '.')
		s[--len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if (s[i] <= ' ' || s[i] > '~')
			return NULL;
		s[i] = (char)tolower((unsigned char)s[i]);
	}
	return len && dns_name_put(wire, s) > 0 ? s : NULL;
}

static bool
dns_names_address(struct in6_addr *out, const char *text)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	*out = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(&out->s6_addr[12], &v4, 4);
	return true;
}

static void
dns_names_add_one(struct dns_names *t, const char *name, const char *alias, const struct in6_addr *addr)
{
	GROW(t->v, t->n, t->cap);
	t->v[t->n] = (struct dns_name){ .name = name, .alias = alias, .addr = *addr, .order = t->n };
	t->n++;
}

void
dns_names_add(struct dns_names *t, const char *name, const char *value)
{
	const char *folded = dns_names_fold(t, name, strlen(name)), *alias = NULL;
	struct in6_addr addr = { 0 };

	if (!dns_names_address(&addr, value))
		alias = dns_names_fold(t, value, strlen(value));
	if (folded && (alias || dns_names_address(&addr, value)))
		dns_names_add_one(t, folded, alias, &addr);
}

static const char *
dns_names_next_word(const char **p, size_t *len)
{
	const char *word = *p += strspn(*p, " \t\r");

	*len = strcspn(word, " \t\r\n#");
	*p += *len;
	return *len ? word : NULL;
}

void
dns_names_add_file(struct dns_names *t, const char *text)
{
	char shown[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t len;
		const char *word = dns_names_next_word(&p, &len), *name;

		if (!word || len >= sizeof shown)
			continue;
		memcpy(shown, word, len);
		shown[len] = '\0';
		if (!dns_names_address(&addr, shown))
			continue;
		while ((word = dns_names_next_word(&p, &len)))
			if ((name = dns_names_fold(t, word, len)))
				dns_names_add_one(t, name, NULL, &addr);
	}
}

static int
dns_names_compare(const void *a, const void *b)
{
	const struct dns_name *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->order < y->order ? -1 : x->order > y->order;
}

void
dns_names_sort(struct dns_names *t)
{
	if (t->n)
		qsort(t->v, t->n, sizeof *t->v, dns_names_compare);
}

static int
compare_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct dns_name *)entry)->name);
}

const struct dns_name *
dns_names_find(const struct dns_names *t, const char *name, size_t *n)
{
	const struct dns_name *first = t->n ? bsearch(name, t->v, t->n, sizeof *t->v, compare_name) : NULL, *end = first;

	*n = 0;
	if (!first)
		return NULL;
	while (first > t->v && strcmp(first[-1].name, name) == 0)
		first--;
	while (end < t->v + t->n && strcmp(end->name, name) == 0)
		end++;
	*n = (size_t)(end - first);
	return first;
}

const char *
dns_names_of(const struct dns_names *t, const struct in6_addr *addr)
{
	const struct dns_name *best = NULL;

	for (const struct dns_name *e = t->v; e < t->v + t->n; e++)
		if (!e->alias && memcmp(&e->addr, addr, sizeof *addr) == 0 && (!best || e->order < best->order))
			best = e;
	return best ? best->name : NULL;
}
