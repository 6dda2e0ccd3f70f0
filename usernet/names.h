/*
 * usernet/names.h - names that a network lets its machines reach: which may be asked for, and what the answers have led to.
 *
 * An address is reachable because a name server of this host gave it for a name that the rules have. Addresses of private networks
 * (RFC 1918, RFC 6598) are not taken from answers: whoever owns a name could lead into this host's own network with it; a range says them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usernet;

enum { LEARNED_MAX = 512, LEARNED_MS = 10 * 60 * 1000 };

/* Addresses that a machine has asked for, and until when; the oldest gives way. */
struct learned {
	struct {
		uint32_t ip;
		long long until_ms;
	} v[LEARNED_MAX];
	size_t n, last;
};

/* May the name servers of this host be asked for it? `name` in lower case. Where the rules are ranges alone, any may. */
bool names_allow(const struct usernet *n, const char *name);
/* From a server's answer. */
void learned_take(struct learned *l, const struct usernet *n, const void *answer, size_t len, long long now_ms);
/* Each use keeps it: a connection may last longer than what was said of its address. */
bool learned_has(struct learned *l, uint32_t ip, long long now_ms);
