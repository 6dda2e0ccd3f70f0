/*
 * guest/agent/h2_preface.h - finds where a connection begins in a stream of bytes that has no connections.
 *
 * Every HTTP/2 client begins with the same 24 bytes (RFC 9113, 3.4). They may come in pieces.
 */
#pragma once
#include <stddef.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_LEN 24
#define PREFACE_NONE ((size_t)-1)

struct h2_preface {
	size_t have;		/* bytes of it that have come */
};

/* The number of bytes of `p` behind the preface, when it ends in them; otherwise PREFACE_NONE. */
size_t h2_preface_find(struct h2_preface *f, const char *p, size_t len);
/* Bytes that are a connection's: only how much of a preface they end in is remembered. */
void h2_preface_follow(struct h2_preface *f, const char *p, size_t len);
