/* Which rule of portForwards a port of the guest falls under; the rules are those of upstream's test and its table. */
#include "hostagent/forward/match.h"

#include "hostagent/forward/endpoint.h"
#include "tests/unit/test.h"

#define RULE(gip, zero, first, last, hip, hfirst, sock, ign, r)                                                                       \
	{ .proto = FORWARD_ANY, .guest_ip = gip, .host_ip = hip, .guest_port = { first, last },                                       \
	  .host_port = { hfirst, hfirst + (last) - (first) }, .guest_socket = "", .host_socket = sock,             \
	  .dynamic = true, .ignore = ign, .must_be_zero = zero, .rank = r }

static const struct forward_rule rules[] = {
	RULE("0.0.0.0", false, 22, 22, "127.0.0.1", 22, "", true, -1),
	RULE("127.0.0.1", false, 1, 65535, "127.0.0.1", 1, "", false, 1000),
	RULE("127.0.0.2", false, 3000, 3009, "127.0.0.1", 2000, "", true, 0),
	RULE("0.0.0.0", false, 3010, 3019, "127.0.0.1", 2010, "", true, 1),
	RULE("0.0.0.0", false, 3000, 3029, "127.0.0.1", 2000, "", false, 2),
	RULE("0.0.0.0", false, 3020, 3029, "127.0.0.1", 2020, "", true, 3),
	RULE("127.0.0.1", false, 300, 304, "127.0.0.1", 300, "", false, 4),
	RULE("192.168.5.15", false, 4000, 4009, "10.1.2.3", 4000, "", false, 5),
	RULE("::1", false, 4010, 4019, "::", 4010, "", false, 6),
	RULE("::", false, 4020, 4029, "10.1.2.3", 4020, "", false, 7),
	RULE("0.0.0.0", true, 4040, 4049, "127.0.0.1", 4040, "", false, 8),
	RULE("0.0.0.0", false, 4040, 4049, "127.0.0.1", 4040, "", true, 9),
	RULE("127.0.0.1", false, 5000, 5000, "127.0.0.1", 0, "/s/port5000.sock", false, 10),
};

static const struct {
	const char *ip;
	int port;
	const char *host;	/* NULL: none */
} cases[] = {
	{ "0.0.0.0", 22, NULL }, { "::", 22, NULL }, { "127.0.0.1", 22, NULL },
	{ "127.0.0.2", 3000, NULL }, { "127.0.0.3", 3001, "127.0.0.1:2001" }, { "0.0.0.0", 3002, "127.0.0.1:2002" },
	{ "0.0.0.0", 3010, NULL }, { "127.0.0.1", 3011, NULL }, { "127.0.0.2", 3020, "127.0.0.1:2020" },
	{ "::", 3023, "127.0.0.1:2023" }, { "::1", 3024, "127.0.0.1:2024" }, { "127.0.0.1", 300, "127.0.0.1:300" },
	{ "::1", 303, "127.0.0.1:303" }, { "::ffff:127.0.0.1", 303, "127.0.0.1:303" }, { "192.168.5.15", 304, NULL },
	/* the system's own, where no rule names them: upstream forwards them */
	{ "127.0.0.1", 325, NULL }, { "::", 327, NULL }, { "127.0.0.1", 1024, "127.0.0.1:1024" }, { "192.168.5.15", 329, NULL },
	{ "192.168.5.15", 4000, "10.1.2.3:4000" }, { "::1", 4010, "[::]:4010" }, { "127.0.0.2", 4021, "10.1.2.3:4021" },
	{ "::1", 4025, "10.1.2.3:4025" }, { "0.0.0.0", 4040, "127.0.0.1:4040" }, { "::", 4041, "127.0.0.1:4041" },
	{ "127.0.0.1", 4043, NULL }, { "192.168.5.15", 4044, NULL }, { "127.0.0.1", 5000, "/s/port5000.sock" },
	{ "fe80::1", 6000, NULL }, { "127.0.0.1", 65535, "127.0.0.1:65535" },
};

static struct ga_port
port(const char *proto, const char *ip, int number)
{
	struct ga_port p;

	assert_true(ga_port_parse(&p, proto, 3, ip, strlen(ip), (uint64_t)number));
	return p;
}

TEST(the_first_rule_counts)
{
	const struct forward_rule *v[ARRAY_LEN(rules)];

	/* in whatever order they are given: the rank counts */
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		v[ARRAY_LEN(rules) - 1 - i] = &rules[i];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ga_port p = port("tcp", cases[i].ip, cases[i].port);
		struct endpoint host;
		char text[PLACE_TEXT] = "";

		if (match_port(v, ARRAY_LEN(rules), &p, &host) == MATCH_FORWARD)
			endpoint_text(&host, text);
		if (strcmp(text, cases[i].host ? cases[i].host : "") != 0)
			fail_msg("%s:%d -> '%s', not '%s'", cases[i].ip, cases[i].port, text, cases[i].host);
	}
}

TEST(protocols_are_told_apart)
{
	struct forward_rule tcp = rules[1], udp = rules[1], socket = rules[12];
	const struct forward_rule *v[] = { &tcp, &udp, &socket };
	struct ga_port p = port("udp", "127.0.0.1", 5300);
	struct endpoint host;

	tcp.proto = FORWARD_TCP;
	udp.proto = FORWARD_UDP;
	assert_int_equal(match_port(v, 1, &p, &host), MATCH_NONE);
	assert_int_equal(match_port(v, 2, &p, &host), MATCH_FORWARD);
	assert_int_equal(host.proto, GA_UDP);
	/* no datagrams through a UNIX socket */
	p = port("udp", "127.0.0.1", 5000);
	assert_int_equal(match_port(v, 3, &p, &host), MATCH_FORWARD);
	assert_int_equal(host.port, 5000);
}
