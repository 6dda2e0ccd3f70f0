/*
 * usernet/nat.h - a guest's way to this host and what is behind it: libslirp, one instance a port.
 *
 * So no guest can use up what another needs, or see or end its connections; and when a port goes, all of them go.
 */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct nat;
struct usernet;
struct usernet_port;

/* What poll() is called with. */
struct polls {
	struct pollfd *v;
	size_t n, cap;
	uint32_t timeout_ms;
};
void polls_add(struct polls *p, int fd, short events);
void polls_release(struct polls *p);

enum { NAT_FLOWS_MAX = 512 }; /* sockets of one guest at a time */

/* `deliver` gets frames for the guest. Both strings and `p` are borrowed until nat_free(). */
struct nat *nat_new(const struct usernet *n, const struct usernet_port *p,
		    void (*deliver)(void *ctx, const void *frame, size_t len), void *ctx);
void nat_free(struct nat *n);
void nat_input(struct nat *n, const void *frame, size_t len);
/* Has it as many connections as it may have? */
bool nat_is_full(const struct nat *n);
/* Before poll(), and after it. */
void nat_fill(struct nat *n, struct polls *p);
void nat_poll(struct nat *n, struct polls *p);
/* A port of this host's loopback leads to one of the guest's, from now on. */
int nat_forward(struct nat *n, int host_port, int guest_port, struct error *err);
void nat_unforward(struct nat *n, int host_port);
