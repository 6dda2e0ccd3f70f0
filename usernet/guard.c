#include "usernet/guard.h"

#include <string.h>

#include "base/auto.h"

/* Nothing that a guest is to reach by way of this host: itself, its own link (cloud metadata is there), groups. */
static const struct usernet_range never[] = {
	{0x00000000, 0xff000000},
	{0x7f000000, 0xff000000},
	{0xa9fe0000, 0xffff0000},
	{0xe0000000, 0xe0000000},
};

void
guard_gateway_mac(const struct usernet *n, uint8_t mac[MAC_LEN])
{
	mac[0] = 0x52;
	mac[1] = 0x55;
	put32(mac + 2, n->gateway);
}

static bool
range_has(const struct usernet_range *v, size_t n, uint32_t ip)
{
	for (size_t i = 0; i < n; i++)
		if ((ip & v[i].mask) == v[i].base)
			return true;
	return false;
}

static enum verdict
judge_outside(const struct usernet *n, const struct frame *f)
{
	if (range_has(never, ARRAY_LEN(never), f->to) || (f->to & n->mask) == n->base)
		return DROP_DENIED;
	if (n->everywhere || range_has(n->egress, n->negress, f->to))
		return PASS_NAT;
	return n->nnames ? CHECK_NAME : DROP_DENIED;
}

bool
guard_restricts_names(const struct usernet *n)
{
	return !n->everywhere && (n->nnames || !n->negress);
}

/* To the gateway: name server, and 127.0.0.1 of this host unless it is closed. What belongs to a connection from there passes. */
static enum verdict
judge_gateway(const struct usernet *n, const struct usernet_port *p, const struct frame *f)
{
	if (f->proto == PROTO_ICMP)
		return PASS_NAT;
	/* DNS by TCP would hide the name, and a resolver on its own port would ask for any name. */
	if (guard_restricts_names(n) && !f->fragment &&
	    ((f->to_port == PORT_DNS && f->proto != PROTO_UDP_IP) || (p->dns_port && f->to_port == p->dns_port)))
		return DROP_DENIED;
	if (f->to_port == PORT_DNS && !f->fragment)
		return f->proto == PROTO_UDP_IP ? TAKE_DNS : PASS_RESOLVER;
	if (f->proto == PROTO_UDP_IP && !f->fragment && f->to_port == PORT_TFTP)
		return DROP_DENIED;
	if (n->host_loopback)
		return PASS_NAT;
	return f->proto == PROTO_TCP_IP && !f->syn ? PASS_NAT : DROP_DENIED;
}

static enum verdict
judge_ip(const struct usernet *n, const struct usernet_port *p, const struct frame *f)
{
	uint8_t gateway[MAC_LEN];
	bool udp = f->proto == PROTO_UDP_IP && !f->fragment;

	if (udp && f->to_port == PORT_DHCP_SERVER)
		return f->from == 0 || f->from == p->ip ? TAKE_DHCP : DROP_SPOOFED;
	if (f->from != p->ip || (udp && (f->from_port == PORT_DHCP_SERVER || f->to_port == PORT_DHCP_CLIENT)))
		return DROP_SPOOFED;
	if (f->group)
		return f->to == UINT32_MAX || f->to == (n->base | ~n->mask) || f->to >> 28 == 0xe ? PASS_ALL
												  : DROP_BROKEN;
	guard_gateway_mac(n, gateway);
	if (memcmp(f->p, gateway, MAC_LEN) != 0)
		return PASS_NEIGHBOUR;
	return f->to == n->gateway ? judge_gateway(n, p, f) : judge_outside(n, f);
}

enum verdict
guard_judge(const struct usernet *n, const struct usernet_port *p, const struct frame *f)
{
	if (memcmp(f->p + MAC_LEN, p->mac, MAC_LEN) != 0)
		return DROP_SPOOFED;
	if (f->type == ETH_TYPE_ARP)
		return f->from == p->ip || f->from == 0 ? TAKE_ARP : DROP_SPOOFED;
	return judge_ip(n, p, f);
}
