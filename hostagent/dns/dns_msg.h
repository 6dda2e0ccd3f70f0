/*
 * hostagent/dns/dns_msg.h - DNS messages: what a guest asks, and what it is told. RFC 1035, RFC 6891 (EDNS).
 *
 * Pure functions of bytes. Everything that is read is hostile: no compressed
 * name is ever followed, so there is nothing to loop in. Names in the form of the wire
 * are length-prefixed labels up to and including the root's zero: at most 255 bytes.
 */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum dns_type {
	DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33,
	DNS_OPT = 41, DNS_IXFR = 251, DNS_AXFR = 252,
};
enum dns_rcode { DNS_NOERROR, DNS_FORMERR, DNS_SERVFAIL, DNS_NXDOMAIN, DNS_NOTIMP, DNS_REFUSED, DNS_BADVERS = 16 };

enum {
	DNS_HEADER = 12, DNS_NAME_MAX = 255, DNS_MSG_MAX = 65535, DNS_QUERY_MAX = 4096,
	DNS_TTL = 5,		/* of what we know ourselves, in seconds */
	DNS_UDP = 512,		/* without EDNS */
	DNS_UDP_EDNS = 1232,	/* with it: no fragments on any network */
};

struct dns_question {
	uint16_t id, type, class;
	bool recurse, no_check;		/* RD and CD, which an answer repeats */
	uint8_t name[DNS_NAME_MAX];	/* in the case that was asked */
	size_t name_len;		/* 0: there was none that could be read */
	bool edns, dnssec, bad_version;	/* dnssec: DO */
	uint16_t udp_size;		/* what the asker takes by UDP: DNS_UDP to DNS_UDP_EDNS */
};

/*
 * 0: a question to be answered. Positive: an rcode to be answered at once. -1: no
 * query; say nothing, or two servers could talk to each other for ever.
 */
int dns_question_parse(struct dns_question *out, const void *p, size_t len);
/* The question for a server, with another id. */
void dns_question_put(struct buf *b, const struct dns_question *q, uint16_t id);

/*
 * An answer: begin, records, end. The owner of each record is the name asked for. `end`
 * cuts whole records off until it fits into `limit` (and sets TC), and closes with EDNS's own
 * record if the question had one. Records beyond DNS_MSG_MAX are left out.
 */
void dns_answer_begin(struct buf *b, const struct dns_question *q, int rcode);
void dns_answer_put(struct buf *b, uint16_t type, uint32_t ttl, const void *data, size_t len);
void dns_answer_end(struct buf *b, const struct dns_question *q, size_t limit);
/* A server's answer made one to `q`, to be ended as above. -1: it is not; `b` is empty then. */
int dns_answer_adopt(struct buf *b, const struct dns_question *q, const void *p, size_t len);

/*
 * The IPv4 addresses in a server's answer, whatever aliases led to them, and what was asked, as dns_name_text() has it; `ttl` of the record
 * that goes first. Their number, at most `max`; -1: no answer that can be read.
 */
int dns_answer_addresses(char *name, uint32_t *ip, size_t max, uint32_t *ttl, const void *p, size_t len);

/* "a.b" or "a.b."; -1: too long, or an empty label. `out` DNS_NAME_MAX bytes; returns the length. */
int dns_name_put(uint8_t *out, const char *text);
/* In lower case, without the last dot; -1 if it is none that a hosts file could have. `out` DNS_NAME_MAX + 1 bytes. */
int dns_name_text(char *out, const uint8_t *name, size_t len);
/* The address that D.C.B.A.in-addr.arpa or 32 nibbles.ip6.arpa (lower case) stand for, as IPv6; IPv4 as ::ffff:A.B.C.D. */
int dns_name_address(struct in6_addr *out, const char *text);
