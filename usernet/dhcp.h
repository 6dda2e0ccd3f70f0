/*
 * usernet/dhcp.h - DHCP (RFC 2131, 2132): each interface gets the address that its port has, and no other.
 *
 * Pure functions of bytes; the request is hostile. There is no pool, so nothing that could be used up.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "usernet/frame.h"

struct dhcp_lease {
	uint8_t mac[MAC_LEN];
	uint32_t ip, mask, gateway, dns;
	const char *hostname; /* "" : none is told */
};

enum { DHCP_LEASE_S = 86400, DHCP_REPLY_MAX = 576 };

/* The answer to the message `p`; its length, 0: there is none. `out`: DHCP_REPLY_MAX bytes. */
size_t dhcp_answer(uint8_t *out, const struct dhcp_lease *l, const uint8_t *p, size_t len);
