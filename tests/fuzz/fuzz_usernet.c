/* Frames of a guest, as the switch judges and answers them: what is said back is whole, and from nobody else. */
#include "base/auto.h"
#include "base/buf.h"
#include "tests/fuzz/fuzz.h"
#include "usernet/dhcp.h"
#include "usernet/guard.h"
#include "usernet/names.h"
#include "usernet/zone.h"

static const struct usernet net = {0xc0a86800, 0xffffff00, 0xc0a86802, 0xc0a868fe, false, true, NULL, 0};
static const struct usernet_port port = {"a.0", "/a", "lima-a", {0x52, 0x55, 0x55, 0, 0, 1}, 0xc0a86803, 0, 0};

static void
dhcp(const struct frame *f)
{
	struct dhcp_lease l = {{0x52, 0x55, 0x55, 0, 0, 1}, port.ip, net.mask, net.gateway, net.gateway, port.hostname};
	uint8_t reply[DHCP_REPLY_MAX];
	size_t n = dhcp_answer(reply, &l, f->p + f->payload + UDP_HEADER, f->len - f->payload - UDP_HEADER);

	if (n > sizeof reply || (n && (reply[0] != 2 || memcmp(reply + 28, l.mac, MAC_LEN) != 0)))
		abort();
}

static const char *const names[] = {"*.internal", "a.b"};

/* An answer, too, which a server sends; nothing private is learned from it. */
static void
learn(const uint8_t *p, size_t len)
{
	static const struct usernet rules = {.base = 0xc0a86800, .mask = 0xffffff00, .names = names, .nnames = 2};
	struct learned l = {0};

	learned_take(&l, &rules, p, len, 0);
	if (l.n > LEARNED_MAX || learned_has(&l, 0x0a000001, 0))
		abort();
}

static void
dns(const struct frame *f)
{
	const struct zone_name name = {"lima-a", port.ip, "f", "db"};
	const struct zone z = {"f", &name, 1, net.gateway};
	AUTO(buf) b = BUF_INIT;

	if (zone_answer(&b, &z, f->p + f->payload + UDP_HEADER, f->len - f->payload - UDP_HEADER) == 1 &&
	    (b.len < 12 || b.len > 1232))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	uint8_t gateway[MAC_LEN];
	struct frame f;
	enum verdict v;

	memcpy(copy, data, size);
	learn(copy, size);
	guard_gateway_mac(&net, gateway);
	if (frame_parse(&f, copy, size)) {
		v = guard_judge(&net, &port, &f);
		if (v > DROP_DENIED && memcmp(f.p + MAC_LEN, port.mac, MAC_LEN) != 0)
			abort();
		if (v >= PASS_NAT && f.from != port.ip)
			abort();
		if (v == TAKE_ARP)
			arp_answer(&f, gateway);
		else if (v == TAKE_DHCP)
			dhcp(&f);
		else if (v == TAKE_DNS)
			dns(&f);
		if (v == TAKE_DNS || v == PASS_RESOLVER)
			frame_readdress(&f, END_TO, net.resolver, 53);
		if (v != TAKE_ARP && !frame_parse(&f, copy, f.len))
			abort();
	}
	free(copy);
	return 0;
}
