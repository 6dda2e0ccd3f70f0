/* Names that a network's rules have: which may be asked for, and what answers are believed. */
#include "base/auto.h"
#include "base/buf.h"
#include "hostagent/dns/dns_msg.h"
#include "providers/usernet.h"
#include "tests/unit/test.h"
#include "usernet/names.h"

static struct error err;

static struct usernet
rules(struct arena *a, const char *egress)
{
	struct usernet n;

	assert_int_equal(usernet_init(&n, "192.168.104.1", "255.255.255.0", egress, true, a, &err), 0);
	return n;
}

static void
refused(const char *egress, const char *why)
{
	AUTO(arena) a = {0};
	struct usernet n;

	not_ok(usernet_init(&n, "192.168.104.1", "255.255.255.0", egress, true, &a, &err), why);
}

TEST(rules_are_ranges_and_names)
{
	AUTO(arena) a = {0};
	AUTO(buf) b = BUF_INIT;
	struct usernet n = rules(&a, "10.0.0.0/8, Deb.Debian.ORG *.example.com");

	usernet_egress_text(&n, &b);
	assert_string_equal(b.s, "10.0.0.0/8 deb.debian.org *.example.com");
	refused("10.0.0.0/33", "neither a range");
	refused("1.2.3", "neither a range");
	refused("*", "neither a range");
	refused("*.", "neither a range");
	refused("a..b", "neither a range");
	refused("a.*.b", "neither a range");
	refused("-.example.com/8", "neither a range");
	refused("none 10.0.0.0/8 x!", "`none` is neither");
}

TEST(names_may_be_asked_for)
{
	AUTO(arena) a = {0};
	struct usernet any = rules(&a, "any"), none = rules(&a, "none"), ranges = rules(&a, "10.0.0.0/8");
	struct usernet both = rules(&a, "10.0.0.0/8 deb.debian.org *.example.com");

	assert_true(names_allow(&any, "x.y"));
	assert_false(names_allow(&none, "x.y"));
	assert_true(names_allow(&ranges, "x.y"));
	assert_true(names_allow(&both, "deb.debian.org"));
	assert_false(names_allow(&both, "x.deb.debian.org"));
	assert_false(names_allow(&both, "xdeb.debian.org"));
	assert_true(names_allow(&both, "a.example.com"));
	assert_true(names_allow(&both, "a.b.example.com"));
	assert_false(names_allow(&both, "example.com"));
	assert_false(names_allow(&both, "xexample.com"));
	assert_false(names_allow(&both, ".example.com.evil.net"));
}

/* The answer of a server to NAME, A: one address a number, each with that TTL. */
static void
answer(struct buf *b, const char *name, uint32_t ttl, const uint32_t *ip, size_t n)
{
	struct dns_question q = {.id = 1, .type = DNS_A, .class = 1, .recurse = true, .udp_size = DNS_UDP_EDNS};

	buf_truncate(b, 0);
	q.name_len = (size_t)dns_name_put(q.name, name);
	dns_answer_begin(b, &q, DNS_NOERROR);
	for (size_t i = 0; i < n; i++) {
		const uint8_t d[] = {(uint8_t)(ip[i] >> 24), (uint8_t)(ip[i] >> 16), (uint8_t)(ip[i] >> 8), (uint8_t)ip[i]};

		dns_answer_put(b, DNS_A, ttl, d, sizeof d);
	}
	dns_answer_end(b, &q, DNS_UDP_EDNS);
}

enum { OUTSIDE = 0xcb007107, HOME = 0xc0a80101 };

TEST(answers_to_names_of_the_rules_are_learned)
{
	AUTO(arena) a = {0};
	AUTO(buf) b = BUF_INIT;
	struct usernet n = rules(&a, "*.example.com");
	struct learned l = {0};

	answer(&b, "evil.net", 60, (const uint32_t[]){OUTSIDE}, 1);
	learned_take(&l, &n, b.s, b.len, 0);
	assert_false(learned_has(&l, OUTSIDE, 0));
	answer(&b, "www.example.com", 60, (const uint32_t[]){HOME, OUTSIDE}, 2);
	for (size_t cut = 0; cut < b.len; cut++) {
		struct learned none = {0};

		learned_take(&none, &n, b.s, cut, 0);
		assert_false(learned_has(&none, OUTSIDE, 0));
	}
	learned_take(&l, &n, b.s, b.len, 0);
	/* whoever owns the name does not open this host's own network */
	assert_false(learned_has(&l, HOME, 0));
	assert_true(learned_has(&l, OUTSIDE, LEARNED_MS));
	assert_true(learned_has(&l, OUTSIDE, 2 * LEARNED_MS));
	assert_false(learned_has(&l, OUTSIDE, 3 * LEARNED_MS + 1));
}

TEST(the_oldest_gives_way)
{
	AUTO(arena) a = {0};
	AUTO(buf) b = BUF_INIT;
	struct usernet n = rules(&a, "*.example.com");
	struct learned l = {0};

	for (uint32_t i = 0; i < LEARNED_MAX + 10; i++) {
		answer(&b, "www.example.com", 60, (const uint32_t[]){OUTSIDE + i}, 1);
		learned_take(&l, &n, b.s, b.len, i);
	}
	assert_int_equal(l.n, LEARNED_MAX);
	assert_false(learned_has(&l, OUTSIDE + 5, LEARNED_MAX));
	assert_true(learned_has(&l, OUTSIDE + 11, LEARNED_MAX));
	assert_true(learned_has(&l, OUTSIDE + LEARNED_MAX + 9, LEARNED_MAX));
}
