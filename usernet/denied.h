/* usernet/denied.h - what the rules of a network have kept a machine from: how often, and where it wanted to go last. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "hostagent/dns/dns_msg.h"

struct frame;

enum { DENIED_KEPT = 16 };

struct denied_goal {
	uint32_t ip; /* 0: it is a name that was asked for */
	uint16_t port;
	uint8_t proto;
	char name[DNS_NAME_MAX + 1];
	uint64_t count;
};

struct denied {
	uint64_t count; /* of all: connections and datagrams, not each packet of a connection */
	struct denied_goal goals[DENIED_KEPT];
	size_t n, next;
};

void denied_flow(struct denied *d, const struct frame *f);
void denied_name(struct denied *d, const char *name);
