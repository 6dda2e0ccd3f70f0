/* usernet/forward.c - where a frame goes */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "hostagent/dns/dns_msg.h"
#include "usernet/dhcp.h"
#include "usernet/switch.h"
#include "usernet/zone.h"

static struct port *
port_by_mac(const struct sw *s, const uint8_t mac[MAC_LEN])
{
	for (size_t i = 0; i < s->nports; i++)
		if (!memcmp(s->ports[i]->is.mac, mac, MAC_LEN))
			return s->ports[i];
	return NULL;
}

static const uint8_t *
mac_by_ip(const struct sw *s, uint32_t ip)
{
	if (ip == s->net.gateway)
		return s->gateway_mac;
	for (size_t i = 0; i < s->nports; i++)
		if (s->ports[i]->is.ip == ip)
			return s->ports[i]->is.mac;
	return NULL;
}

/* Nobody is asked: who is where stands in the files of the ports. */
static void
take_arp(struct sw *s, struct port *p, struct frame *f)
{
	const uint8_t *mac = mac_by_ip(s, f->to);

	if (f->p[ETH_HEADER + 7] != 1 || !mac || f->to == p->is.ip)
		return;
	arp_answer(f, mac);
	port_send(p, f->p, f->len);
}

static void
answer_udp(struct sw *s, struct port *p, const struct frame *f, uint32_t to, uint16_t to_port, const void *data,
	   size_t len)
{
	struct udp_ends e = {s->gateway_mac, p->is.mac, s->net.gateway, to, f->to_port, to_port};
	size_t n = udp_frame(s->answer, &e, data, len);

	if (n)
		port_send(p, s->answer, n);
}

static void
take_dhcp(struct sw *s, struct port *p, const struct frame *f)
{
	struct dhcp_lease l = {.ip = p->is.ip,
			       .mask = s->net.mask,
			       .gateway = s->net.gateway,
			       .dns = s->net.gateway,
			       .hostname = p->is.hostname};
	uint8_t reply[DHCP_REPLY_MAX];
	size_t at = f->payload + UDP_HEADER, n;

	memcpy(l.mac, p->is.mac, MAC_LEN);
	n = dhcp_answer(reply, &l, f->p + at, f->len - at);
	if (n)
		answer_udp(s, p, f, f->from ? f->from : UINT32_MAX, PORT_DHCP_CLIENT, reply, n);
}

/* Names that are not ours: the resolver of the guest's own host agent knows what lima.yaml says; else the host's name server. */
static void
ask_resolver(struct sw *s, struct port *p, struct frame *f)
{
	if (p->is.dns_port)
		frame_readdress(f, END_TO, s->net.gateway, (uint16_t)p->is.dns_port);
	else
		frame_readdress(f, END_TO, s->net.resolver, PORT_DNS);
	nat_input(p->nat, f->p, f->len);
}

/*
 * A name that is not to be asked for elsewhere: the resolver of the guest's own host agent may know it by lima.yaml, and is told not to
 * ask any further, RFC 1035, 4.1.1.
 */
static void
ask_known_names(struct sw *s, struct port *p, const struct frame *f, const struct dns_question *q)
{
	struct udp_ends e = {f->p + MAC_LEN, s->gateway_mac, f->from, s->net.gateway, f->from_port, (uint16_t)p->is.dns_port};
	size_t at = f->payload + UDP_HEADER, n;
	AUTO(buf) b = BUF_INIT;

	if (!p->is.dns_port) {
		dns_answer_begin(&b, q, DNS_REFUSED);
		dns_answer_end(&b, q, q->udp_size);
		answer_udp(s, p, f, f->from, f->from_port, b.s, b.len);
		return;
	}
	n = udp_frame(s->answer, &e, f->p + at, f->len - at);
	if (!n)
		return;
	s->answer[ETH_HEADER + IP_HEADER + UDP_HEADER + 2] &= (uint8_t)~1; /* RD */
	nat_input(p->nat, s->answer, n);
}

/* One that none of this network's machines has. */
static void
take_foreign_name(struct sw *s, struct port *p, struct frame *f)
{
	size_t at = f->payload + UDP_HEADER;
	char name[DNS_NAME_MAX + 1] = "";
	struct dns_question q;

	if (!guard_restricts_names(&s->net)) {
		ask_resolver(s, p, f);
		return;
	}
	if (dns_question_parse(&q, f->p + at, f->len - at) != 0)
		return;
	if (dns_name_text(name, q.name, q.name_len) == 0 && names_allow(&s->net, name)) {
		ask_resolver(s, p, f);
		return;
	}
	denied_name(&p->denied, name);
	ask_known_names(s, p, f, &q);
}

static void
take_dns(struct sw *s, struct port *p, struct frame *f)
{
	struct zone_name names[USERNET_PORTS_MAX];
	struct zone z = {.fleet = p->is.fleet, .v = names, .n = s->nports, .host = s->net.gateway};
	size_t at = f->payload + UDP_HEADER;
	AUTO(buf) b = BUF_INIT;

	for (size_t i = 0; i < s->nports; i++)
		names[i] = (struct zone_name){s->ports[i]->is.hostname, s->ports[i]->is.ip, s->ports[i]->is.fleet, s->ports[i]->is.alias};
	switch (zone_answer(&b, &z, f->p + at, f->len - at)) {
	case 1:
		answer_udp(s, p, f, f->from, f->from_port, b.s, b.len);
		return;
	case 0:
		take_foreign_name(s, p, f);
	}
}

/* Each is a socket of this host, and costs a connection elsewhere. */
static bool
may_begin(struct port *p, const struct frame *f)
{
	if (f->proto == PROTO_TCP_IP && !f->syn)
		return true;
	if (nat_is_full(p->nat))
		return false;
	return f->proto != PROTO_TCP_IP || rate_take(&p->flow, clock_ms(), FLOW_PER_S, FLOW_BURST);
}

static void
pass_all(struct sw *s, struct port *p, const struct frame *f)
{
	if (!rate_take(&p->group, clock_ms(), GROUP_PER_S, GROUP_BURST)) {
		p->dropped++;
		return;
	}
	for (size_t i = 0; i < s->nports; i++)
		if (s->ports[i] != p)
			port_send(s->ports[i], f->p, f->len);
}

void
switch_forward(struct sw *s, struct port *p, uint8_t *bytes, size_t len)
{
	struct frame f;
	struct port *to;
	enum verdict v = frame_parse(&f, bytes, len) ? guard_judge(&s->net, &p->is, &f) : DROP_BROKEN;

	if (v == CHECK_NAME)
		v = learned_has(&p->learned, f.to, clock_ms()) ? PASS_NAT : DROP_DENIED;
	if (v == DROP_DENIED)
		denied_flow(&p->denied, &f);
	p->verdicts[v]++;
	if ((v == TAKE_DNS || v == PASS_NAT || v == PASS_RESOLVER) && !may_begin(p, &f)) {
		p->dropped++;
		return;
	}
	switch (v) {
	case TAKE_ARP:
		take_arp(s, p, &f);
		break;
	case TAKE_DHCP:
		take_dhcp(s, p, &f);
		break;
	case TAKE_DNS:
		take_dns(s, p, &f);
		break;
	case PASS_RESOLVER:
		ask_resolver(s, p, &f);
		break;
	case PASS_NAT:
		nat_input(p->nat, f.p, f.len);
		break;
	case PASS_NEIGHBOUR:
		to = port_by_mac(s, f.p);
		if (to && to != p)
			port_send(to, f.p, f.len);
		break;
	case PASS_ALL:
		pass_all(s, p, &f);
		break;
	default:
		break;
	}
}
