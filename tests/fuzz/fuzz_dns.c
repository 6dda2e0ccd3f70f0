/* Messages from a guest and from name servers, and hosts files: the first byte says which. What comes of them is whole and fits. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "hostagent/dns/dns_msg.h"
#include "hostagent/dns/dns_names.h"
#include "hostagent/dns/dns_servers.h"
#include "tests/fuzz/fuzz.h"

static const size_t limits[] = { DNS_UDP, 600, DNS_UDP_EDNS, DNS_MSG_MAX };

/* An answer of ours is one that we would take from a server. */
static void
check_answer(struct buf *b, const struct dns_question *q, size_t limit)
{
	AUTO(buf) again = BUF_INIT;

	dns_answer_end(b, q, limit);
	if (b->len > limit || (q->name_len && dns_answer_adopt(&again, q, b->s, b->len) < 0))
		abort();
	/* but for EDNS's own record, which is last */
	if (q->name_len && again.len + (q->edns ? 11 : 0) != b->len)
		abort();
}

static void
query(const uint8_t *p, size_t len)
{
	struct dns_question q, again;
	AUTO(buf) b = BUF_INIT;
	char text[DNS_NAME_MAX + 1];
	uint8_t name[DNS_NAME_MAX];
	int rcode = dns_question_parse(&q, p, len);

	if (rcode < 0)
		return;
	dns_answer_begin(&b, &q, rcode);
	for (size_t i = 0; i < len % 600 && q.name_len; i++)
		dns_answer_put(&b, q.type, 5, p, len);
	check_answer(&b, &q, len % 2 ? DNS_MSG_MAX : q.udp_size);
	if (rcode)
		return;
	buf_truncate(&b, 0);
	dns_question_put(&b, &q, 7);
	if (dns_question_parse(&again, b.s, b.len) != 0 || again.name_len != q.name_len || memcmp(again.name, q.name, q.name_len) ||
	    again.type != q.type || again.class != q.class || again.dnssec != q.dnssec)
		abort();
	if (dns_name_text(text, q.name, q.name_len) == 0 && dns_name_put(name, text) != (int)q.name_len)
		abort();
}

/* From a server: a name of our question's, and the rest is its. The second byte is the guest's limit. */
static void
answer(const uint8_t *p, size_t len)
{
	struct dns_question q = { .id = 0x1234, .type = DNS_A, .class = 1, .recurse = true, .name = "\1a\4test", .name_len = 8 };
	struct in6_addr addr[8];
	AUTO(buf) in = BUF_INIT;
	AUTO(buf) b = BUF_INIT;
	size_t limit;

	if (len < 2)
		return;
	limit = limits[p[0] % ARRAY_LEN(limits)];
	q.edns = p[0] & 8;
	q.dnssec = q.edns && p[0] & 16;
	q.type = p[0] & 32 ? DNS_AAAA : DNS_A;
	/* its header and question as they should be, unless the guess is that they are not */
	if (p[0] & 64) {
		dns_answer_begin(&in, &q, p[1] & 15);
		if (len >= 8)
			memcpy(in.s + 6, p + 2, 6);
		buf_add(&in, p + (len < 8 ? len : 8), len - (len < 8 ? len : 8));
	} else {
		buf_add(&in, p + 1, len - 1);
	}
	if (dns_servers_addresses(in.s, in.len, q.type, addr, ARRAY_LEN(addr)) > ARRAY_LEN(addr))
		abort();
	if (dns_answer_adopt(&b, &q, in.s, in.len) == 0)
		check_answer(&b, &q, limit);
}

static void
hosts(const uint8_t *p, size_t len)
{
	auto_free char *text = xstrndup((const char *)p, len);
	AUTO(dns_names) t = { 0 };
	size_t n;

	dns_names_add_file(&t, text);
	dns_names_add(&t, text, "a.test");
	dns_names_add(&t, "b.test", text);
	dns_names_sort(&t);
	for (size_t i = 0; i < t.n; i++) {
		const struct dns_name *e = dns_names_find(&t, t.v[i].name, &n);

		if (!e || !n || e > &t.v[i] || e + n <= &t.v[i] || (!t.v[i].alias && !dns_names_of(&t, &t.v[i].addr)))
			abort();
	}
}

static void
reverse(const uint8_t *p, size_t len)
{
	static const char *const zones[] = { "", ".in-addr.arpa", ".ip6.arpa" };
	auto_free char *text = xasprintf("%.*s%s", (int)len, (const char *)p, zones[len % 3]);
	struct in6_addr a;
	uint8_t name[DNS_NAME_MAX];

	if (dns_name_address(&a, text) == 0 && dns_name_put(name, text) < 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const all[])(const uint8_t *, size_t) = { query, answer, hosts, reverse };

	if (size)
		all[data[0] % ARRAY_LEN(all)](data + 1, size - 1);
	return 0;
}
