/* What a guest may send, and the answers to it. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "hostagent/dns/dns_msg.h"
#include "tests/unit/test.h"
#include "tests/unit/usernet/frames.h"
#include "usernet/dhcp.h"
#include "usernet/port.h"
#include "usernet/zone.h"

static uint8_t f[FRAME_MAX], gateway_mac[MAC_LEN];
static const struct usernet_port port = {"a.0", "/a", "lima-a", {0x52, 0x55, 0x55, 0, 0, 1}, IP_A, 0, 0};

static struct usernet
network(struct arena *a, const char *egress, bool loopback)
{
	struct usernet n;

	assert_int_equal(usernet_init(&n, "192.168.104.1", "255.255.255.0", egress, loopback, a, NULL), 0);
	guard_gateway_mac(&n, gateway_mac);
	return n;
}

static enum verdict
judge(const struct usernet *n, size_t len)
{
	struct frame got;

	return frame_parse(&got, f, len) ? guard_judge(n, &port, &got) : DROP_BROKEN;
}

/* an IPv4 frame without more to it than its first byte of flags and its protocol */
static size_t
make_tcp(uint32_t to, const uint8_t *to_mac, uint16_t to_port, uint8_t flags)
{
	uint8_t tcp[TCP_HEADER - UDP_HEADER] = {0};
	size_t len = make_udp(f, mac_a, to_mac, IP_A, to, 40000, to_port, tcp, sizeof tcp);

	f[ETH_HEADER + 9] = PROTO_TCP_IP;
	f[ETH_HEADER + IP_HEADER + 13] = flags;
	return len;
}

TEST(nobody_speaks_in_anothers_name)
{
	AUTO(arena) a = {0};
	struct usernet n = network(&a, NULL, true);

	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_b, IP_A, IP_B, 1, 2, "x", 1)), PASS_NEIGHBOUR);
	assert_int_equal(judge(&n, make_udp(f, mac_b, mac_a, IP_A, IP_B, 1, 2, "x", 1)), DROP_SPOOFED);
	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_b, IP_B, IP_A, 1, 2, "x", 1)), DROP_SPOOFED);
	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_b, GATEWAY, IP_B, 1, 2, "x", 1)), DROP_SPOOFED);
	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_b, 0, IP_B, 1, 2, "x", 1)), DROP_SPOOFED);
	assert_int_equal(judge(&n, make_arp(f, mac_a, IP_A, IP_B, 1)), TAKE_ARP);
	assert_int_equal(judge(&n, make_arp(f, mac_a, GATEWAY, IP_B, 2)), DROP_SPOOFED);
	assert_int_equal(judge(&n, make_arp(f, mac_a, IP_B, IP_B, 1)), DROP_SPOOFED);
	assert_int_equal(judge(&n, make_arp(f, mac_b, IP_B, IP_A, 1)), DROP_SPOOFED);
	/* another one within ARP than in front of it */
	make_arp(f, mac_a, IP_A, IP_B, 1);
	f[ETH_HEADER + 8 + 5] = 9;
	assert_int_equal(judge(&n, ETH_HEADER + ARP_LEN), DROP_BROKEN);
}

TEST(nobody_but_the_switch_answers_dhcp)
{
	AUTO(arena) a = {0};
	struct usernet n = network(&a, NULL, true);

	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_all, 0, UINT32_MAX, 68, 67, "x", 1)), TAKE_DHCP);
	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_b, IP_A, GATEWAY, 68, 67, "x", 1)), TAKE_DHCP);
	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_b, IP_A, IP_B, 67, 68, "x", 1)), DROP_SPOOFED);
	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_all, IP_A, UINT32_MAX, 1000, 68, "x", 1)), DROP_SPOOFED);
	assert_int_equal(judge(&n, make_udp(f, mac_a, mac_all, IP_B, UINT32_MAX, 68, 67, "x", 1)), DROP_SPOOFED);
}

TEST(broken_frames_go_nowhere)
{
	AUTO(arena) a = {0};
	struct usernet n = network(&a, NULL, true);
	size_t len = make_udp(f, mac_a, mac_b, IP_A, IP_B, 1, 2, "0123456789", 10);

	for (size_t i = 0; i < len; i++)
		assert_int_equal(judge(&n, i), DROP_BROKEN);
	assert_int_equal(judge(&n, len + 10), PASS_NEIGHBOUR); /* filled up */
	f[ETH_HEADER] = 0x44;
	assert_int_equal(judge(&n, len), DROP_BROKEN);
	f[ETH_HEADER] = 0x4f;
	assert_int_equal(judge(&n, len), DROP_BROKEN);
	f[ETH_HEADER] = 0x65;
	assert_int_equal(judge(&n, len), DROP_BROKEN);
	put16(f + 12, 0x86dd);
	assert_int_equal(judge(&n, len), DROP_BROKEN);
	put16(f + 12, 0x8100);
	assert_int_equal(judge(&n, len), DROP_BROKEN);
	/* the second part of TCP that writes over the first one's ports */
	make_tcp(IP_B, mac_b, 80, 2);
	put16(f + ETH_HEADER + 6, 1);
	assert_int_equal(judge(&n, ETH_HEADER + IP_HEADER + TCP_HEADER), DROP_BROKEN);
	/* a group as a sender */
	make_udp(f, mac_a, mac_b, IP_A, IP_B, 1, 2, "x", 1);
	f[MAC_LEN] |= 1;
	assert_int_equal(judge(&n, 60), DROP_BROKEN);
}

TEST(the_host_is_reached_by_its_gateway_alone)
{
	AUTO(arena) a = {0};
	struct usernet n = network(&a, NULL, true), shut = network(&a, NULL, false);

	assert_int_equal(judge(&n, make_tcp(GATEWAY, gateway_mac, 8080, 2)), PASS_NAT);
	assert_int_equal(judge(&n, make_tcp(0x01020304, gateway_mac, 443, 2)), PASS_NAT);
	assert_int_equal(judge(&n, make_tcp(0x7f000001, gateway_mac, 8080, 2)), DROP_DENIED);
	assert_int_equal(judge(&n, make_tcp(0x7f000101, gateway_mac, 8080, 2)), DROP_DENIED);
	assert_int_equal(judge(&n, make_tcp(0, gateway_mac, 8080, 2)), DROP_DENIED);
	assert_int_equal(judge(&n, make_tcp(0xa9fea9fe, gateway_mac, 80, 2)), DROP_DENIED);
	assert_int_equal(judge(&n, make_tcp(NET + 0xfe, gateway_mac, 53, 2)), DROP_DENIED);
	assert_int_equal(judge(&n, make_tcp(NET + 1, gateway_mac, 80, 2)), DROP_DENIED);
	assert_int_equal(judge(&shut, make_tcp(GATEWAY, gateway_mac, 8080, 2)), DROP_DENIED);
	assert_int_equal(judge(&shut, make_tcp(GATEWAY, gateway_mac, 8080, 18)), PASS_NAT); /* SSH answers */
	assert_int_equal(judge(&shut, make_tcp(GATEWAY, gateway_mac, 53, 2)), PASS_RESOLVER);
	assert_int_equal(judge(&shut, make_udp(f, mac_a, gateway_mac, IP_A, GATEWAY, 5000, 53, "x", 1)), TAKE_DNS);
	assert_int_equal(judge(&shut, make_udp(f, mac_a, gateway_mac, IP_A, GATEWAY, 5000, 5001, "x", 1)), DROP_DENIED);
	assert_int_equal(judge(&n, make_udp(f, mac_a, gateway_mac, IP_A, GATEWAY, 5000, 69, "x", 1)), DROP_DENIED);
}

TEST(egress_is_what_the_network_says)
{
	AUTO(arena) a = {0};
	struct usernet none = network(&a, "none", true), some = network(&a, "10.0.0.0/8, 1.2.3.4", true), n;
	struct error err;

	assert_int_equal(judge(&none, make_tcp(0x01020304, gateway_mac, 443, 2)), DROP_DENIED);
	assert_int_equal(judge(&none, make_tcp(IP_B, mac_b, 443, 2)), PASS_NEIGHBOUR);
	assert_int_equal(judge(&none, make_tcp(0x01020304, gateway_mac, 443, 16)), DROP_DENIED);
	assert_int_equal(judge(&some, make_tcp(0x01020304, gateway_mac, 443, 2)), PASS_NAT);
	assert_int_equal(judge(&some, make_tcp(0x01020305, gateway_mac, 443, 2)), DROP_DENIED);
	assert_int_equal(judge(&some, make_tcp(0x0a636363, gateway_mac, 443, 2)), PASS_NAT);
	assert_int_equal(usernet_init(&n, "10.0.0.1", "255.255.255.0", "all", true, &a, &err), -1);
	assert_non_null(strstr(err.msg, "`all` is neither a range"));
	assert_int_equal(usernet_init(&n, "10.0.0.1", "255.0.255.0", NULL, true, &a, &err), -1);
	assert_int_equal(usernet_init(&n, "10.0.0.1", "255.255.255.252", NULL, true, &a, &err), -1);
	assert_int_equal(usernet_init(&n, "fd00::1", "255.255.255.0", NULL, true, &a, &err), -1);
}

TEST(dhcp_gives_the_port_its_address_and_no_other)
{
	struct dhcp_lease l = {{0x52, 0x55, 0x55, 0, 0, 1}, IP_A, 0xffffff00, GATEWAY, GATEWAY, "lima-a"};
	uint8_t d[300], reply[DHCP_REPLY_MAX];
	size_t n = dhcp_answer(reply, &l, d, make_dhcp(d, mac_a, 1, 0));

	assert_true(n >= 300);
	assert_int_equal(get32(reply + 16), IP_A);
	assert_int_equal(reply[242], 2);
	assert_true(dhcp_answer(reply, &l, d, make_dhcp(d, mac_a, 3, IP_A)) > 0);
	assert_int_equal(reply[242], 5);
	assert_true(dhcp_answer(reply, &l, d, make_dhcp(d, mac_a, 3, IP_B)) > 0);
	assert_int_equal(reply[242], 6);
	assert_int_equal(get32(reply + 16), 0);
	assert_int_equal(dhcp_answer(reply, &l, d, make_dhcp(d, mac_b, 1, 0)), 0);
	assert_int_equal(dhcp_answer(reply, &l, d, make_dhcp(d, mac_a, 7, IP_A)), 0);
	make_dhcp(d, mac_a, 1, 0);
	for (size_t i = 0; i < 243; i++)
		assert_int_equal(dhcp_answer(reply, &l, d, i), 0);
	d[241] = 255; /* an option that is longer than the message */
	assert_int_equal(dhcp_answer(reply, &l, d, 300), 0);
}

static int
ask_of_fleet(struct buf *out, const char *fleet, const char *name, uint16_t type)
{
	static const struct zone_name names[] = {
		{"lima-a", IP_A}, {"lima-b", IP_B}, {"lima-deb.debian.org", IP_B}, {"lima-localhost", IP_B},
		{"lima-x-db", IP_A, "x-shop", "db"}, {"lima-y-db", IP_B, "y-shop", "db"}, {"lima-y-a", IP_B, "y-shop", "a"},
	};
	const struct zone z = {fleet, names, 7, GATEWAY};
	struct dns_question q = {.id = 7, .type = type, .class = 1, .recurse = true};
	AUTO(buf) query = BUF_INIT;

	q.name_len = (size_t)dns_name_put(q.name, name);
	dns_question_put(&query, &q, 7);
	buf_truncate(out, 0);
	return zone_answer(out, &z, query.s, query.len);
}

static int
ask(struct buf *out, const char *name, uint16_t type)
{
	return ask_of_fleet(out, NULL, name, type);
}

TEST(names_of_the_network)
{
	AUTO(buf) b = BUF_INIT;

	assert_int_equal(ask(&b, "lima-b.internal", DNS_A), 1);
	assert_int_equal(get16((uint8_t *)b.s + 6), 1);
	assert_int_equal(get32((uint8_t *)b.s + b.len - 4), IP_B);
	assert_int_equal(ask(&b, "LIMA-A.Internal.", DNS_A), 1);
	assert_int_equal(ask(&b, "lima-a", DNS_A), 1);
	assert_int_equal(ask(&b, "b", DNS_A), 1);
	assert_int_equal(get32((uint8_t *)b.s + b.len - 4), IP_B);
	assert_int_equal(ask(&b, "A.internal", DNS_A), 1);
	/* nobody loses a name of the internet, or of himself, to an instance that is called so */
	assert_int_equal(ask(&b, "deb.debian.org", DNS_A), 0);
	assert_int_equal(ask(&b, "localhost", DNS_A), 0);
	assert_int_equal(ask(&b, "deb.debian.org.internal", DNS_A), 1);
	assert_int_equal(ask(&b, "host.lima.internal", DNS_A), 1);
	assert_int_equal(get32((uint8_t *)b.s + b.len - 4), GATEWAY);
	assert_int_equal(ask(&b, "lima-b.internal", DNS_AAAA), 1);
	assert_int_equal(get16((uint8_t *)b.s + 6), 0);
	assert_int_equal(((uint8_t *)b.s)[3] & 15, DNS_NOERROR);
	assert_int_equal(ask(&b, "lima-c.internal", DNS_A), 0);
	assert_int_equal(ask(&b, "lima-b.internal.org", DNS_A), 0);
	assert_int_equal(ask(&b, "debian.org", DNS_A), 0);
}

TEST(a_fleet_with_a_prefix_knows_its_own_without)
{
	AUTO(buf) b = BUF_INIT;

	assert_int_equal(ask_of_fleet(&b, "x-shop", "db", DNS_A), 1);
	assert_int_equal(get32((uint8_t *)b.s + b.len - 4), IP_A);
	assert_int_equal(ask_of_fleet(&b, "y-shop", "DB.internal", DNS_A), 1);
	assert_int_equal(get32((uint8_t *)b.s + b.len - 4), IP_B);
	/* its own before another's */
	assert_int_equal(ask_of_fleet(&b, "y-shop", "a", DNS_A), 1);
	assert_int_equal(get32((uint8_t *)b.s + b.len - 4), IP_B);
	assert_int_equal(ask_of_fleet(&b, "x-shop", "a", DNS_A), 1);
	assert_int_equal(get32((uint8_t *)b.s + b.len - 4), IP_A);
	/* by their whole names all find them; by the short ones nobody else */
	assert_int_equal(ask_of_fleet(&b, "z", "y-db", DNS_A), 1);
	assert_int_equal(ask_of_fleet(&b, "z", "db", DNS_A), 0);
	assert_int_equal(ask_of_fleet(&b, "", "db", DNS_A), 0);
}

TEST(an_address_is_changed_with_its_sums)
{
	struct frame got;
	size_t len = make_tcp(GATEWAY, gateway_mac, 53, 2);
	uint8_t before[FRAME_MAX];

	put16(f + ETH_HEADER + IP_HEADER + 16, 0x1234);
	memcpy(before, f, len);
	assert_true(frame_parse(&got, f, len));
	frame_readdress(&got, END_TO, NET + 0xfe, 5353);
	assert_int_equal(get32(f + ETH_HEADER + 16), NET + 0xfe);
	assert_memory_not_equal(before + ETH_HEADER, f + ETH_HEADER, 40);
	frame_readdress(&got, END_TO, GATEWAY, 53);
	assert_memory_equal(before, f, len);
}

TEST(a_lease_stays)
{
	AUTO(arena) a = {0};
	struct usernet n = network(&a, NULL, true);
	uint32_t ip, again;

	assert_int_equal(usernet_lease(test_dir_, &n, "52:55:55:00:00:01", &ip, NULL), 0);
	assert_int_equal(ip, IP_A);
	assert_int_equal(usernet_lease(test_dir_, &n, "52:55:55:00:00:02", &again, NULL), 0);
	assert_int_equal(again, IP_B);
	assert_int_equal(usernet_lease(test_dir_, &n, "52:55:55:00:00:01", &again, NULL), 0);
	assert_int_equal(again, ip);
}

TEST(upstreams_leases_are_read)
{
	AUTO(arena) a = {0};
	struct usernet n = network(&a, NULL, true);
	auto_free char *dir = test_path("upstream");
	struct error err;
	uint32_t ip;

	ok(fs_mkdirs(dir, 0700, &err));
	test_put(dir, "leases.json",
		 "{\"192.168.104.9\":\"52:55:55:aa:bb:cc\",\"192.168.104.3\":\"52:55:55:00:00:07\"}\n");
	assert_int_equal(usernet_lease(dir, &n, "52:55:55:AA:bb:cc", &ip, NULL), 0);
	assert_int_equal(ip, NET + 9);
	assert_int_equal(usernet_lease(dir, &n, "52:55:55:00:00:01", &ip, NULL), 0);
	assert_int_equal(ip, NET + 4);
}

TEST(a_bucket_fills_by_itself)
{
	struct rate r = {0};

	for (int i = 0; i < 10; i++)
		assert_true(rate_take(&r, 1000, 5, 10));
	assert_false(rate_take(&r, 1000, 5, 10));
	assert_true(rate_take(&r, 1200, 5, 10));
	assert_false(rate_take(&r, 1200, 5, 10));
}
