/*
 * hostagent/forward_tcp.h - a listener on the host, whose connections go into the guest.
 *
 * Each connection is a channel of the one SSH connection (mux.h): half-closing
 * works both ways, and a slow reader on either side slows the other down. A
 * connection that comes while there is no SSH connection waits for it a while.
 */
#pragma once

struct agent;
struct error;
struct tcp_listener;

struct tcp_target {
	const char *ip;		/* numeric, with `port`; or */
	int port;
	const char *socket;	/* a path; "" */
};

/*
 * Listens on `ip`:`port`, or on the path `socket` unless that is "". The
 * target's strings must outlive the listener. NULL: EADDRINUSE, EACCES, with the address.
 */
struct tcp_listener *tcp_listen(struct agent *a, const char *ip, int port, const char *socket,
				const struct tcp_target *target, struct error *err);
/* With its connections. */
void tcp_listener_close(struct tcp_listener *l);
