/*
 * tests/unit/fake_dns.h - a name server that knows nothing: what it answers to is told by the first label.
 *
 *	a, aaaa, mx...	a record of the type that was asked for, behind an alias for A and AAAA
 *	big		40 addresses; cut off by UDP
 *	silent		nothing at all
 *	nx, fail	NXDOMAIN, SERVFAIL
 *	lie		by UDP: answers with another id, of another question, of rubbish; never the right one
 *	short		a message that ends in its middle
 */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/buf.h"

struct fake_dns {
	int udp, tcp, stop[2], port;
	int asked;		/* how often */
	pthread_t thread;
};

static void
fake_record(struct buf *b, int type, const void *data, size_t len)
{
	uint8_t h[12] = { 0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, (uint8_t)(len >> 8), (uint8_t)len };

	b->s[7]++;
	buf_add(b, h, sizeof h);
	buf_add(b, data, len);
}

static void
fake_records(struct buf *b, const char *label, int type)
{
	/* names in data: "x", and then what was asked for, by a pointer */
	static const uint8_t v4[] = { 10, 1, 2, 3 }, v6[16] = { 0xfd, [15] = 7 }, name[] = { 1, 'x', 0xc0, 12 };
	static const uint8_t mx[] = { 0, 5, 1, 'x', 0xc0, 12 }, srv[] = { 0, 1, 0, 2, 0, 80, 1, 'x', 0xc0, 12 };
	static const uint8_t txt[] = { 5, 'h', 'e', 'l', 'l', 'o', 3, 'y', 'o', 'u' };

	if (strcmp(label, "big") == 0) {
		for (uint8_t i = 1; i <= 40; i++)
			fake_record(b, type, (uint8_t[]){ 10, 0, 0, i }, 4);
	} else if (type == 1) {
		fake_record(b, 1, v4, sizeof v4);
	} else if (type == 28) {
		fake_record(b, 28, v6, sizeof v6);
	} else if (type == 15) {
		fake_record(b, 15, mx, sizeof mx);
	} else if (type == 33) {
		fake_record(b, 33, srv, sizeof srv);
	} else if (type == 16) {
		fake_record(b, 16, txt, sizeof txt);
	} else if (type == 2 || type == 5 || type == 12) {
		fake_record(b, type, name, sizeof name);
	}
}

/* The answer to a query; empty: none. */
static void
fake_answer(struct buf *b, const uint8_t *q, size_t len, bool tcp)
{
	size_t end = 12 + strlen((const char *)q + 12) + 1;
	char label[64] = "";
	int type;

	buf_truncate(b, 0);
	if (len < end + 4)
		return;
	memcpy(label, q + 13, q[12]);
	type = q[end + 1];
	if (strcmp(label, "silent") == 0)
		return;
	buf_add(b, q, end + 4);
	memset(b->s + 6, 0, 6);
	b->s[2] = (char)0x81;
	b->s[3] = (char)(0x80 | (strcmp(label, "nx") == 0 ? 3 : strcmp(label, "fail") == 0 ? 2 : 0));
	if (b->s[3] & 15)
		return;
	fake_records(b, label, type);
	if (!tcp && b->len > 512) {
		buf_truncate(b, end + 4);
		b->s[7] = 0;
		b->s[2] |= 2;
	}
	if (strcmp(label, "short") == 0)
		buf_truncate(b, b->len - 2);
	/* as a server that changes the case of names, and one that has EDNS to say */
	b->s[13] = (char)toupper(b->s[13]);
	buf_add(b, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
	b->s[11]++;
}

static void
fake_lies(struct fake_dns *f, const struct buf *b, const struct sockaddr_in *to)
{
	AUTO(buf) lie = BUF_INIT;

	buf_add(&lie, b->s, b->len);
	lie.s[0] ^= 1;
	sendto(f->udp, lie.s, lie.len, 0, (const void *)to, sizeof *to);
	lie.s[0] ^= 1;
	lie.s[14] ^= 1;
	sendto(f->udp, lie.s, lie.len, 0, (const void *)to, sizeof *to);
	sendto(f->udp, "\xff\xff\xff", 3, 0, (const void *)to, sizeof *to);
}

static void
fake_datagram(struct fake_dns *f)
{
	struct sockaddr_in from;
	socklen_t n = sizeof from;
	uint8_t q[4096] = { 0 };
	AUTO(buf) b = BUF_INIT;
	ssize_t len = recvfrom(f->udp, q, sizeof q - 1, 0, (void *)&from, &n);

	if (len < 12)
		return;
	__atomic_add_fetch(&f->asked, 1, __ATOMIC_SEQ_CST);
	fake_answer(&b, q, (size_t)len, false);
	if (memcmp(q + 12, "\3lie", 4) == 0)
		fake_lies(f, &b, &from);
	else if (b.len)
		sendto(f->udp, b.s, b.len, 0, (void *)&from, sizeof from);
}

static void
fake_connection(struct fake_dns *f)
{
	int fd = accept(f->tcp, NULL, NULL);
	uint8_t q[4098] = { 0 }, head[2];
	AUTO(buf) b = BUF_INIT;
	ssize_t len = recv(fd, q, sizeof q - 1, 0);

	if (len > 14) {
		fake_answer(&b, q + 2, (size_t)len - 2, true);
		head[0] = (uint8_t)(b.len >> 8);
		head[1] = (uint8_t)b.len;
		if (b.len && (send(fd, head, 2, MSG_NOSIGNAL) < 0 || send(fd, b.s, b.len, MSG_NOSIGNAL) < 0))
			perror("fake name server");
	}
	close(fd);
}

static void *
fake_dns_serve(void *arg)
{
	struct fake_dns *f = arg;
	struct pollfd p[] = { { f->udp, POLLIN, 0 }, { f->tcp, POLLIN, 0 }, { f->stop[0], POLLIN, 0 } };

	while (poll(p, 3, -1) > 0 && !p[2].revents) {
		if (p[0].revents)
			fake_datagram(f);
		if (p[1].revents)
			fake_connection(f);
	}
	return NULL;
}

/* UDP and TCP on one port of 127.0.0.1. */
static void
fake_dns_start(struct fake_dns *f)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;

	memset(f, 0, sizeof *f);
	do {
		a.sin_port = 0;
		f->tcp = socket(AF_INET, SOCK_STREAM, 0);
		f->udp = socket(AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(bind(f->tcp, (void *)&a, sizeof a) | listen(f->tcp, 16) | getsockname(f->tcp, (void *)&a, &n), 0);
	} while (bind(f->udp, (void *)&a, sizeof a) < 0 && close(f->udp) == 0 && close(f->tcp) == 0);
	f->port = ntohs(a.sin_port);
	assert_int_equal(pipe(f->stop), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, fake_dns_serve, f), 0);
}

static void
fake_dns_stop(struct fake_dns *f)
{
	close(f->stop[1]);
	pthread_join(f->thread, NULL);
	close(f->stop[0]);
	close(f->udp);
	close(f->tcp);
}
