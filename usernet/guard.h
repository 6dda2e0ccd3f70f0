/*
 * usernet/guard.h - what a guest may say, and to whom.
 *
 * Pure. A port has one hardware address and one IPv4 address, those of its file: a frame that says another is dropped, so nobody speaks
 * in another's name; nobody but the switch answers DHCP or ARP; what is neither IPv4 nor ARP goes nowhere (an IPv6 router of a guest's own
 * would be believed by all the others).
 */
#pragma once
#include "providers/usernet.h"
#include "usernet/frame.h"

enum verdict {
	DROP_BROKEN,
	DROP_SPOOFED,
	DROP_DENIED, /* the last: by the network's rules */
	CHECK_NAME,  /* outside of all ranges: denied unless a name that may be reached has led there (usernet/names.h) */
	TAKE_ARP,
	TAKE_DHCP,
	TAKE_DNS,      /* answered here */
	PASS_NAT,      /* to this host and what is behind it */
	PASS_RESOLVER, /* to a name server of this host, by TCP */
	PASS_NEIGHBOUR,
	PASS_ALL,
	VERDICTS
};

/* Have the network's rules a word about which names may be asked for? */
bool guard_restricts_names(const struct usernet *n);
enum verdict guard_judge(const struct usernet *n, const struct usernet_port *p, const struct frame *f);
/* The gateway's; libslirp answers by the same. */
void guard_gateway_mac(const struct usernet *n, uint8_t mac[MAC_LEN]);
