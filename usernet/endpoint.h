/*
 * usernet/endpoint.h - NAME_ep.sock of a network's folder: what a switch is asked, and told, while it runs.
 *
 * HTTP/1.1 on a unix socket that its owner alone can open; one request a connection. Paths as clients of lima-vm/lima know them
 * (containers/gvisor-tap-vsock: pkg/virtualnetwork), and /denied of ours. What is told here is forgotten with the switch; what has to last
 * stands in files (providers/usernet.h).
 */
#pragma once
struct switch_endpoint;
struct error;
struct sw;

struct switch_endpoint *endpoint_open(struct sw *s, struct error *err);
void endpoint_close(struct switch_endpoint *e); /* or NULL */
/* Somebody connects. Where there are too many already, the one that has been silent longest goes. */
void endpoint_accept(struct switch_endpoint *e);
/* There is something to be read from that client, or room for the rest of its answer. */
void endpoint_turn(struct switch_endpoint *e, int fd);
