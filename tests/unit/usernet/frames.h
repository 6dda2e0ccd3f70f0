/* tests/unit/usernet/frames.h - frames as a guest makes them */
#pragma once
#include <string.h>

#include "usernet/guard.h"

static const uint8_t mac_a[] = {0x52, 0x55, 0x55, 0, 0, 1}, mac_b[] = {0x52, 0x55, 0x55, 0, 0, 2};
static const uint8_t mac_all[] = {255, 255, 255, 255, 255, 255};
enum { NET = 0xc0a86800, GATEWAY = NET + 2, IP_A = NET + 3, IP_B = NET + 4 };

/* An ARP message of `from`'s about `to`. */
static inline size_t
make_arp(uint8_t *f, const uint8_t *from_mac, uint32_t from, uint32_t to, uint8_t op)
{
	memset(f, 0, 64);
	memcpy(f, mac_all, MAC_LEN);
	memcpy(f + MAC_LEN, from_mac, MAC_LEN);
	put16(f + 12, ETH_TYPE_ARP);
	memcpy(f + ETH_HEADER, (const uint8_t[]){0, 1, 8, 0, MAC_LEN, 4, 0, op}, 8);
	memcpy(f + ETH_HEADER + 8, from_mac, MAC_LEN);
	put32(f + ETH_HEADER + 14, from);
	put32(f + ETH_HEADER + 24, to);
	return ETH_HEADER + ARP_LEN;
}

static inline size_t
make_udp(uint8_t *f, const uint8_t *from_mac, const uint8_t *to_mac, uint32_t from, uint32_t to, uint16_t from_port,
	 uint16_t to_port, const void *data, size_t len)
{
	return udp_frame(f, &(struct udp_ends){from_mac, to_mac, from, to, from_port, to_port}, data, len);
}

/* A DHCP message of that type, asking for `ip` (0: none). */
static inline size_t
make_dhcp(uint8_t *d, const uint8_t *mac, uint8_t type, uint32_t ip)
{
	memset(d, 0, 300);
	d[0] = d[1] = 1;
	d[2] = MAC_LEN;
	put32(d + 4, 0x12345678);
	memcpy(d + 28, mac, MAC_LEN);
	memcpy(d + 236, (const uint8_t[]){99, 130, 83, 99, 53, 1, type, 50, 4}, 9);
	put32(d + 245, ip);
	d[249] = 255;
	return 300;
}
