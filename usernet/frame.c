#include "usernet/frame.h"

#include <string.h>

enum {
	IP_TOTAL = 2,
	IP_FLAGS = 6,
	IP_TTL = 8,
	IP_PROTO = 9,
	IP_SUM = 10,
	IP_FROM = 12,
	IP_TO = 16,
	UDP_SUM = 6,
	TCP_SUM = 16,
	TCP_FLAGS = 13,
	TCP_SYN = 2,
	TCP_ACK = 16,
	ARP_OP = 6,
	ARP_FROM_MAC = 8,
	ARP_FROM = 14,
	ARP_TO_MAC = 18,
	ARP_TO = 24,
};

static uint16_t
sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint16_t
ip_sum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += get16(p + i);
	return sum_fold(sum);
}

static bool
frame_parse_ports(struct frame *f)
{
	const uint8_t *p = f->p + f->payload;
	size_t left = f->len - f->payload;

	if (f->proto == PROTO_TCP_IP) {
		if (left < TCP_HEADER)
			return false;
		f->syn = (p[TCP_FLAGS] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	} else if (f->proto == PROTO_UDP_IP) {
		if (left < UDP_HEADER)
			return false;
	} else {
		return true;
	}
	f->from_port = get16(p);
	f->to_port = get16(p + 2);
	return true;
}

static bool
frame_parse_ip(struct frame *f)
{
	const uint8_t *ip = f->p + ETH_HEADER;
	size_t left = f->len - ETH_HEADER, header, total, offset;

	if (left < IP_HEADER || ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	total = get16(ip + IP_TOTAL);
	if (header < IP_HEADER || total < header || total > left)
		return false;
	f->len = ETH_HEADER + total;
	f->payload = ETH_HEADER + header;
	f->proto = ip[IP_PROTO];
	f->from = get32(ip + IP_FROM);
	f->to = get32(ip + IP_TO);
	offset = get16(ip + IP_FLAGS) & 0x1fff;
	f->fragment = offset != 0;
	/* A second fragment must not reach back into the ports of the first (RFC 3128). */
	if (offset == 1 && f->proto == PROTO_TCP_IP)
		return false;
	return f->fragment || frame_parse_ports(f);
}

static bool
frame_parse_arp(struct frame *f)
{
	static const uint8_t kind[] = {0, 1, 8, 0, MAC_LEN, 4, 0}; /* Ethernet and IPv4 */
	const uint8_t *a = f->p + ETH_HEADER;

	if (f->len < ETH_HEADER + ARP_LEN || memcmp(a, kind, sizeof kind) != 0 ||
	    memcmp(a + ARP_FROM_MAC, f->p + MAC_LEN, MAC_LEN) != 0)
		return false;
	f->len = ETH_HEADER + ARP_LEN;
	f->from = get32(a + ARP_FROM);
	f->to = get32(a + ARP_TO);
	return a[ARP_OP + 1] == 1 || a[ARP_OP + 1] == 2;
}

bool
frame_parse(struct frame *f, uint8_t *p, size_t len)
{
	*f = (struct frame){.p = p, .len = len};
	if (len < ETH_HEADER || len > FRAME_MAX || (p[MAC_LEN] & 1))
		return false;
	f->group = p[0] & 1;
	f->type = get16(p + 2 * MAC_LEN);
	return f->type == ETH_TYPE_IP ? frame_parse_ip(f) : f->type == ETH_TYPE_ARP ? frame_parse_arp(f) : false;
}

void
arp_answer(struct frame *f, const uint8_t mac[MAC_LEN])
{
	uint8_t *a = f->p + ETH_HEADER;

	memcpy(f->p, f->p + MAC_LEN, MAC_LEN);
	memcpy(f->p + MAC_LEN, mac, MAC_LEN);
	a[ARP_OP + 1] = 2;
	memcpy(a + ARP_TO_MAC, a + ARP_FROM_MAC, MAC_LEN);
	put32(a + ARP_TO, f->from);
	memcpy(a + ARP_FROM_MAC, mac, MAC_LEN);
	put32(a + ARP_FROM, f->to);
}

size_t
udp_frame(uint8_t *out, const struct udp_ends *e, const void *data, size_t len)
{
	uint8_t *ip = out + ETH_HEADER, *udp = ip + IP_HEADER;

	if (len > FRAME_MAX - ETH_HEADER - IP_HEADER - UDP_HEADER - 4)
		return 0;
	memset(out, 0, ETH_HEADER + IP_HEADER + UDP_HEADER);
	memcpy(out, e->to_mac, MAC_LEN);
	memcpy(out + MAC_LEN, e->from_mac, MAC_LEN);
	put16(out + 2 * MAC_LEN, ETH_TYPE_IP);
	ip[0] = 0x45;
	put16(ip + IP_TOTAL, (uint16_t)(IP_HEADER + UDP_HEADER + len));
	ip[IP_TTL] = 64;
	ip[IP_PROTO] = PROTO_UDP_IP;
	put32(ip + IP_FROM, e->from);
	put32(ip + IP_TO, e->to);
	put16(ip + IP_SUM, ip_sum(ip, IP_HEADER));
	/* IPv4 allows UDP without a checksum, and nothing in between could have changed the frame. */
	put16(udp, e->from_port);
	put16(udp + 2, e->to_port);
	put16(udp + 4, (uint16_t)(UDP_HEADER + len));
	memcpy(udp + UDP_HEADER, data, len);
	return ETH_HEADER + IP_HEADER + UDP_HEADER + len;
}

/* RFC 1624: the sum with 16 bits of what it is of exchanged */
static void
sum_exchange(uint8_t *sum, uint16_t old, uint16_t new)
{
	put16(sum, sum_fold((uint32_t)(uint16_t)~get16(sum) + (uint16_t)~old + new));
}

static void
sum_exchange32(uint8_t *sum, uint32_t old, uint32_t new)
{
	sum_exchange(sum, (uint16_t)(old >> 16), (uint16_t)(new >> 16));
	sum_exchange(sum, (uint16_t)old, (uint16_t) new);
}

void
frame_readdress(struct frame *f, enum frame_end end, uint32_t ip, uint16_t port)
{
	uint8_t *h = f->p + ETH_HEADER, *at = h + (end == END_FROM ? IP_FROM : IP_TO);
	uint8_t *p = f->p + f->payload, *where = p + (end == END_FROM ? 0 : 2);
	uint8_t *sum = p + (f->proto == PROTO_TCP_IP ? TCP_SUM : UDP_SUM);
	bool summed = f->proto == PROTO_TCP_IP || get16(sum) != 0;

	sum_exchange32(h + IP_SUM, get32(at), ip);
	if (summed) {
		sum_exchange32(sum, get32(at), ip);
		sum_exchange(sum, get16(where), port);
		if (f->proto == PROTO_UDP_IP && !get16(sum))
			put16(sum, 0xffff);
	}
	put32(at, ip);
	put16(where, port);
	*(end == END_FROM ? &f->from : &f->to) = ip;
	*(end == END_FROM ? &f->from_port : &f->to_port) = port;
}
