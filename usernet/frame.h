/*
 * usernet/frame.h - Ethernet frames: what a guest sends, and what is said to it. ARP (RFC 826), IPv4 (RFC 791), UDP (RFC 768).
 *
 * Pure functions of bytes; all that is read is hostile. Addresses are in the host's byte order.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MAC_LEN = 6,
	ETH_HEADER = 14,
	ARP_LEN = 28,
	IP_HEADER = 20,
	UDP_HEADER = 8,
	TCP_HEADER = 20,
	FRAME_MAX = 65000 + ETH_HEADER + 4, /* of a guest, with a tag that we do not know */
	ETH_TYPE_IP = 0x0800,
	ETH_TYPE_ARP = 0x0806,
	PROTO_ICMP = 1,
	PROTO_TCP_IP = 6,
	PROTO_UDP_IP = 17,
	PORT_DNS = 53,
	PORT_DHCP_SERVER = 67,
	PORT_DHCP_CLIENT = 68,
	PORT_TFTP = 69,
};

static inline uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

/* A frame whose lengths hold. Offsets are from its beginning. */
struct frame {
	uint8_t *p;
	size_t len; /* without what stands behind the packet */
	uint16_t type;
	bool group; /* to several: broadcast or multicast */
	/* of IPv4 */
	uint32_t from, to;
	uint8_t proto;
	bool fragment;		     /* not the first part: it has no ports */
	size_t payload;		     /* where that of IP begins */
	uint16_t from_port, to_port; /* of TCP and UDP; 0 */
	bool syn;		     /* TCP: a connection is asked for */
};

/* false: broken, or neither ARP nor IPv4. `f` borrows the bytes. */
bool frame_parse(struct frame *f, uint8_t *p, size_t len);

/* The answer to an ARP request, in place of it: `ip` is at `mac`. */
void arp_answer(struct frame *f, const uint8_t mac[MAC_LEN]);

/* A frame with an UDP datagram. `out`: FRAME_MAX bytes. The length of the frame; 0: too much data. */
struct udp_ends {
	const uint8_t *from_mac, *to_mac;
	uint32_t from, to;
	uint16_t from_port, to_port;
};
size_t udp_frame(uint8_t *out, const struct udp_ends *e, const void *data, size_t len);

/* Changes address and port of one end of a TCP or UDP packet, checksums included. */
enum frame_end { END_FROM, END_TO };
void frame_readdress(struct frame *f, enum frame_end end, uint32_t ip, uint16_t port);
