/*
 * hostagent/dns/dns_names.h - names that are known without asking anybody: a table of names, each with addresses, or another name.
 *
 * Names are text in lower case without a dot at the end. IPv4 addresses are kept
 * as IPv6 (::ffff:A.B.C.D).
 */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

enum { DNS_NAMES_FILE_MAX = 4 << 20 };

struct dns_name {
	const char *name;
	const char *alias;		/* another name; NULL: */
	struct in6_addr addr;
	size_t order;			/* private */
};

struct dns_names {			/* zeroed: empty */
	struct arena mem;
	struct dns_name *v;
	size_t n, cap;
};

void dns_names_release(struct dns_names *t);
/* A line of lima.yaml's `hostResolver.hosts`: `value` is an address or another name. What cannot be a name is left out. */
void dns_names_add(struct dns_names *t, const char *name, const char *value);
/* All of a hosts file: hosts(5). Lines that make no sense are left out. */
void dns_names_add_file(struct dns_names *t, const char *text);
/* After the last of these, and before: */
void dns_names_sort(struct dns_names *t);
/* The entries of that name, `n` of them, in the order in which they were added; NULL: none. */
const struct dns_name *dns_names_find(const struct dns_names *t, const char *name, size_t *n);
/* The first name of that address; NULL. */
const char *dns_names_of(const struct dns_names *t, const struct in6_addr *addr);
