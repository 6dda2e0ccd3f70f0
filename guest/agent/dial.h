/* guest/agent/dial.h - sockets to what a tunnel names. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

struct error;

enum dial_kind { DIAL_TCP, DIAL_UDP, DIAL_UNIX };

struct dial {
	enum dial_kind kind;
	struct sockaddr_storage addr;
	socklen_t len;
};

/*
 * "tcp" or "udp" with "127.0.0.1:80", "[::1]:80" or "localhost:80"; "unix" with an absolute
 * path. Not NUL-terminated, hostile. No other names: nothing here waits for a resolver.
 */
int dial_parse(struct dial *out, const void *proto, size_t proto_len, const void *addr, size_t addr_len, struct error *err);
/* A non-blocking socket that is connected, or about to be (`*pending`, then it becomes writable). */
int dial_open(const struct dial *d, bool *pending, struct error *err);
