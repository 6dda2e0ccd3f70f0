#include "hostagent/dns/dns_msg.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
	QR = 0x8000, OPCODE = 0x7800, AA = 0x0400, TC = 0x0200, RD = 0x0100, RA = 0x0080, CD = 0x0010, RCODE = 0x000f,
	OPT_SIZE = 11, OPT_DO = 0x8000,
	QDCOUNT = 4, ANCOUNT = 6, NSCOUNT = 8, ARCOUNT = 10,
};

static uint16_t
dns_msg_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
dns_msg_set16(void *at, size_t v)
{
	uint8_t *p = at;

	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
dns_msg_put16(struct buf *b, size_t v)
{
	uint8_t p[2];

	dns_msg_set16(p, v);
	buf_add(b, p, 2);
}

/* One byte past the name at `at`, which has no pointer in it; 0: damaged, or too long. */
static size_t
plain_name(const uint8_t *p, size_t len, size_t at)
{
	for (size_t begin = at; at < len && p[at] <= 63 && at - begin < DNS_NAME_MAX; at += 1 + p[at])
		if (!p[at])
			return at + 1;
	return 0;
}

/* The same of one that may end in a pointer, which is not followed. */
static size_t
skip_name(const uint8_t *p, size_t len, size_t at)
{
	size_t begin = at;

	while (at < len && p[at] && p[at] <= 63 && at - begin < DNS_NAME_MAX)
		at += 1 + p[at];
	if (at >= len || at - begin >= DNS_NAME_MAX)
		return 0;
	if (!p[at])
		return at + 1;
	return p[at] >= 0xc0 && at + 2 <= len ? at + 2 : 0;
}

struct record {
	size_t begin, data, end;	/* of the whole, and of its data */
	uint16_t type, class;
	uint32_t ttl;
	bool root;			/* the owner is the root */
};

/* One byte past the record at `at`; 0: damaged. */
static size_t
read_record(struct record *r, const uint8_t *p, size_t len, size_t at)
{
	size_t name = skip_name(p, len, at);

	if (!name || len - name < 10)
		return 0;
	*r = (struct record){ .begin = at, .data = name + 10, .type = dns_msg_get16(p + name), .class = dns_msg_get16(p + name + 2),
			      .ttl = (uint32_t)dns_msg_get16(p + name + 4) << 16 | dns_msg_get16(p + name + 6), .root = name == at + 1 };
	r->end = r->data + dns_msg_get16(p + name + 8);
	return r->end <= len ? r->end : 0;
}

/* EDNS's record, among the few that a query may have behind its question; an rcode. */
static int
read_edns(struct dns_question *q, const uint8_t *p, size_t len, size_t at)
{
	size_t n = (size_t)dns_msg_get16(p + ANCOUNT) + dns_msg_get16(p + NSCOUNT) + dns_msg_get16(p + ARCOUNT);
	struct record r;

	if (n > 4)
		return DNS_FORMERR;
	for (; n; n--) {
		if (!(at = read_record(&r, p, len, at)))
			return DNS_FORMERR;
		if (r.type != DNS_OPT)
			continue;
		if (!r.root || q->edns)
			return DNS_FORMERR;
		q->edns = true;
		q->dnssec = r.ttl & OPT_DO;
		q->udp_size = r.class < DNS_UDP ? DNS_UDP : r.class > DNS_UDP_EDNS ? DNS_UDP_EDNS : r.class;
		q->bad_version = r.ttl >> 16 & 0xff;
	}
	return q->bad_version ? DNS_BADVERS : 0;
}

int
dns_question_parse(struct dns_question *q, const void *in, size_t len)
{
	const uint8_t *p = in;
	size_t end;
	uint16_t flags;

	if (len < DNS_HEADER || dns_msg_get16(p + 2) & QR)
		return -1;
	flags = dns_msg_get16(p + 2);
	*q = (struct dns_question){ .id = dns_msg_get16(p), .recurse = flags & RD, .no_check = flags & CD, .udp_size = DNS_UDP };
	if (flags & OPCODE)
		return DNS_NOTIMP;
	if (dns_msg_get16(p + QDCOUNT) != 1)
		return DNS_FORMERR;
	end = plain_name(p, len, DNS_HEADER);
	if (!end || len - end < 4)
		return DNS_FORMERR;
	q->name_len = end - DNS_HEADER;
	memcpy(q->name, p + DNS_HEADER, q->name_len);
	q->type = dns_msg_get16(p + end);
	q->class = dns_msg_get16(p + end + 2);
	return read_edns(q, p, len, end + 4);
}

static void
put_question(struct buf *b, const struct dns_question *q)
{
	buf_add(b, q->name, q->name_len);
	dns_msg_put16(b, q->type);
	dns_msg_put16(b, q->class);
}

static void
put_edns(struct buf *b, const struct dns_question *q)
{
	buf_addc(b, '\0');
	dns_msg_put16(b, DNS_OPT);
	dns_msg_put16(b, DNS_UDP_EDNS);
	/* This word has the upper half of the rcode, and the version that is known here. */
	dns_msg_put16(b, q->bad_version ? DNS_BADVERS << 4 : 0);
	dns_msg_put16(b, q->dnssec ? OPT_DO : 0);
	dns_msg_put16(b, 0);
}

static void
put_header(struct buf *b, uint16_t id, int flags, size_t questions)
{
	dns_msg_put16(b, id);
	dns_msg_put16(b, (size_t)flags);
	dns_msg_put16(b, questions);
	dns_msg_put16(b, 0);
	dns_msg_put16(b, 0);
	dns_msg_put16(b, 0);
}

static void
set_counts(struct buf *b, const size_t count[3])
{
	for (int i = 0; i < 3; i++)
		dns_msg_set16(b->s + ANCOUNT + 2 * i, count[i]);
}

void
dns_question_put(struct buf *b, const struct dns_question *q, uint16_t id)
{
	put_header(b, id, (q->recurse ? RD : 0) | (q->no_check ? CD : 0), 1);
	put_question(b, q);
	if (!q->dnssec)
		return;
	/* EDNS is left out unless signatures are wanted, for the sake of servers that do not know it. */
	put_edns(b, q);
	set_counts(b, (size_t[]){ 0, 0, 1 });
}

void
dns_answer_begin(struct buf *b, const struct dns_question *q, int rcode)
{
	buf_truncate(b, 0);
	put_header(b, q->id, QR | RA | (q->recurse ? RD : 0) | (q->no_check ? CD : 0) | (rcode & RCODE), q->name_len ? 1 : 0);
	if (q->name_len)
		put_question(b, q);
}

void
dns_answer_put(struct buf *b, uint16_t type, uint32_t ttl, const void *data, size_t len)
{
	uint8_t *count = (uint8_t *)b->s + ANCOUNT;

	if (b->len + 12 + len + OPT_SIZE > DNS_MSG_MAX)
		return;
	dns_msg_set16(count, dns_msg_get16(count) + 1u);
	dns_msg_put16(b, 0xc000 | DNS_HEADER);
	dns_msg_put16(b, type);
	dns_msg_put16(b, 1);
	dns_msg_put16(b, ttl >> 16);
	dns_msg_put16(b, ttl & 0xffff);
	dns_msg_put16(b, len);
	buf_add(b, data, len);
}

void
dns_answer_end(struct buf *b, const struct dns_question *q, size_t limit)
{
	const uint8_t *p = (const uint8_t *)b->s;
	size_t have[3], keep[3] = { 0 }, room = limit - (q->edns ? OPT_SIZE : 0), at = DNS_HEADER + (q->name_len ? q->name_len + 4 : 0);
	struct record r;

	for (int i = 0; i < 3; i++)
		have[i] = dns_msg_get16(p + ANCOUNT + 2 * i);
	for (int i = 0; i < 3 && at; i++)
		for (size_t next; keep[i] < have[i] && (next = read_record(&r, p, b->len, at)) && next <= room; at = next)
			keep[i]++;
	/* The last section may be cut short without a sign of it. */
	if (keep[0] < have[0])
		keep[1] = keep[2] = 0;
	if (keep[0] < have[0] || keep[1] < have[1])
		dns_msg_set16(b->s + 2, dns_msg_get16(p + 2) | TC);
	buf_truncate(b, at);
	if (q->edns) {
		put_edns(b, q);
		keep[2]++;
	}
	set_counts(b, keep);
}

/* The question as we asked it, in whatever case. */
static bool
same_question(const struct dns_question *q, const uint8_t *p, size_t len)
{
	if (plain_name(p, len, DNS_HEADER) != DNS_HEADER + q->name_len || len < DNS_HEADER + q->name_len + 4)
		return false;
	for (size_t i = 0; i < q->name_len; i++)
		if (tolower(p[DNS_HEADER + i]) != tolower(q->name[i]))
			return false;
	p += DNS_HEADER + q->name_len;
	return dns_msg_get16(p) == q->type && dns_msg_get16(p + 2) == q->class;
}

int
dns_answer_adopt(struct buf *b, const struct dns_question *q, const void *in, size_t len)
{
	const uint8_t *p = in;
	size_t count[3] = { 0 }, at = DNS_HEADER + q->name_len + 4;
	struct record r;
	bool edns = false;

	buf_truncate(b, 0);
	if (len < DNS_HEADER || !(dns_msg_get16(p + 2) & QR) || dns_msg_get16(p + QDCOUNT) != 1 || !same_question(q, p, len))
		return -1;
	for (int i = 0; i < 3; i++)
		for (size_t n = dns_msg_get16(p + ANCOUNT + 2 * i), next; n && !edns; n--, at = next) {
			if (!(next = read_record(&r, p, len, at)))
				return -1;
			/* EDNS is between the server and this resolver; records behind it are rare and may be dropped. */
			edns = i == 2 && r.type == DNS_OPT;
			if (edns)
				break;
			count[i]++;
		}
	put_header(b, q->id, (dns_msg_get16(p + 2) & ~(OPCODE | RD | CD)) | (q->recurse ? RD : 0) | (q->no_check ? CD : 0), 1);
	put_question(b, q);
	buf_add(b, p + b->len, at - b->len);
	set_counts(b, count);
	return 0;
}

int
dns_name_put(uint8_t *out, const char *text)
{
	size_t n = 0;

	while (*text) {
		size_t len = strcspn(text, ".");

		if (!len || len > 63 || n + 1 + len + 1 > DNS_NAME_MAX)
			return -1;
		out[n++] = (uint8_t)len;
		memcpy(out + n, text, len);
		n += len;
		text += len + (text[len] == '.');
	}
	out[n++] = 0;
	return (int)n;
}

int
dns_name_text(char *out, const uint8_t *name, size_t len)
{
	size_t n = 0;

	for (size_t at = 0; at < len && name[at]; at += 1 + name[at]) {
		if (n)
			out[n++] = '.';
		for (size_t i = 1; i <= name[at]; i++) {
			uint8_t c = name[at + i];

			if (c <= ' ' || c > '~' || c == '.')
				return -1;
			out[n++] = (char)tolower(c);
		}
	}
	out[n] = '\0';
	return n ? 0 : -1;
}

static int
dns_msg_address4(struct in6_addr *out, const char *text, size_t len)
{
	unsigned v[4];
	char shown[32];

	if (sscanf(text, "%3u.%3u.%3u.%3u", &v[3], &v[2], &v[1], &v[0]) != 4)
		return -1;
	snprintf(shown, sizeof shown, "%u.%u.%u.%u", v[3], v[2], v[1], v[0]);
	if (strlen(shown) != len || strncmp(text, shown, len) != 0 || (v[0] | v[1] | v[2] | v[3]) > 255)
		return -1;
	*out = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff, [12] = (uint8_t)v[0], [13] = (uint8_t)v[1],
					       [14] = (uint8_t)v[2], [15] = (uint8_t)v[3] } };
	return 0;
}

static int
dns_msg_address6(struct in6_addr *out, const char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	struct in6_addr a = { 0 };

	if (len != 63)
		return -1;
	for (size_t i = 0; i < 32; i++) {
		const char *d = strchr(digits, text[2 * i]);

		if (!d || (i < 31 && text[2 * i + 1] != '.'))
			return -1;
		a.s6_addr[15 - i / 2] |= (uint8_t)((d - digits) << (i % 2 ? 4 : 0));
	}
	*out = a;
	return 0;
}

int
dns_name_address(struct in6_addr *out, const char *text)
{
	static const char v4[] = ".in-addr.arpa", v6[] = ".ip6.arpa";
	size_t len = strlen(text);

	if (len > strlen(v4) && strcmp(text + len - strlen(v4), v4) == 0)
		return dns_msg_address4(out, text, len - strlen(v4));
	if (len > strlen(v6) && strcmp(text + len - strlen(v6), v6) == 0)
		return dns_msg_address6(out, text, len - strlen(v6));
	return -1;
}

int
dns_answer_addresses(char *name, uint32_t *ip, size_t max, uint32_t *ttl, const void *in, size_t len)
{
	const uint8_t *p = in;
	size_t end = len < DNS_HEADER || !(dns_msg_get16(p + 2) & QR) || dns_msg_get16(p + QDCOUNT) != 1 ? 0 : plain_name(p, len, DNS_HEADER), n = 0;
	struct record r;

	*ttl = UINT32_MAX;
	if (!end || len - end < 4 || dns_name_text(name, p + DNS_HEADER, end - DNS_HEADER) < 0)
		return -1;
	end += 4;
	for (size_t i = dns_msg_get16(p + ANCOUNT); i && n < max; i--, end = r.end) {
		if (!read_record(&r, p, len, end))
			return -1;
		*ttl = r.ttl < *ttl ? r.ttl : *ttl;
		if (r.type == DNS_A && r.class == 1 && r.end - r.data == 4)
			ip[n++] = (uint32_t)dns_msg_get16(p + r.data) << 16 | dns_msg_get16(p + r.data + 2);
	}
	return (int)n;
}
