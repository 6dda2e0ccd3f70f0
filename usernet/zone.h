/*
 * usernet/zone.h - the names of a network: of its machines (lima-NAME and NAME, with .internal or without), and host.lima.internal.
 * Members of a fleet that has a prefix know each other without it, too.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct buf;

struct zone_name {
	const char *hostname;
	uint32_t ip;
	const char *fleet, *alias; /* what those of the same fleet know it by, too; NULL or "": nobody does */
};

struct zone {
	const char *fleet; /* of whoever asks; NULL or "": of none */
	const struct zone_name *v;
	size_t n;
	uint32_t host;
};

/* The answer to a DNS query by UDP, in `out`: 1. 0: it is none of ours, another server is to be asked. -1: no query; no answer. */
int zone_answer(struct buf *out, const struct zone *z, const void *query, size_t len);
