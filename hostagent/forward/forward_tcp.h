/*
 * hostagent/forward/forward_tcp.h - a listener on the host, whose connections go into the guest.
 *
 * Each connection takes the best way there is at that moment (transport.h). Half-closing
 * works both ways, and a slow reader on either side slows the other down. A
 * connection that comes while there is no way yet waits for one a while.
 */
#pragma once

struct agent;
struct error;
struct endpoint;
struct tcp_listener;

/*
 * Listens at `host`, and connects to `guest`, which the caller keeps and may change: it is
 * looked at for each connection. 0.0.0.0 is every address, of IPv6 too, as upstream has it.
 * NULL: EADDRINUSE, EACCES, ..., with the address.
 */
struct tcp_listener *tcp_listen(struct agent *a, const struct endpoint *host, const struct endpoint *guest, struct error *err);
/* With its connections. */
void tcp_listener_close(struct tcp_listener *l);
