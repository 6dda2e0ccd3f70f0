/*
 * guest/agent/sock_diag.h - the sockets that listen in our network namespace, asked of the kernel (sock_diag(7)).
 *
 * What upstream's agent reports: TCP in state LISTEN, UDP that is bound and
 * not connected, both families. Only sockets of these states cross the netlink
 * socket, so a dump is cheap on a machine with many connections.
 */
#pragma once
#include <stddef.h>

#include "guest/wire/ga_port.h"

struct error;

int sock_diag_open(struct error *err);	/* a descriptor, or -1 */
/*
 * Adds the sockets of `proto` and `family` (AF_INET, AF_INET6) to `out`, unsorted. A socket may
 * be missing from a dump if others went while it was made. After a failure open it anew.
 */
int sock_diag_list(int fd, enum ga_proto proto, int family, struct ga_ports *out, struct error *err);

/* For tests and fuzzing: one datagram of the kernel's. 1: there is more, 0: that was all, -1. */
int sock_diag_parse(const void *p, size_t len, enum ga_proto proto, struct ga_ports *out, struct error *err);
