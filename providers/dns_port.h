/*
 * providers/dns_port.h - the port of this host's loopback on which a guest finds the host's resolver, by UDP and TCP.
 *
 * The guest is told in cidata.iso, so it should be the same at every start: it is
 * drawn by the instance's folder, from below the ports that the kernel gives away by itself.
 */
#pragma once

struct error;

/* Could both be listened to now? 0; -1 with EADDRINUSE. */
int dns_port_usable(int port, struct error *err);
/* The first of those drawn for `seed` that is usable. */
int dns_port_choose(const char *seed, struct error *err);
