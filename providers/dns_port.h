/*
 * providers/dns_port.h - the port of this host's loopback on which a guest finds the host's resolver, by UDP and TCP.
 *
 * The guest is told in cidata.iso, so it should be the same at every start: it is kept as port_book.h has it.
 */
#pragma once

struct error;

/* Could both be listened to now? 0; -1 with EADDRINUSE. */
int dns_port_usable(int port, struct error *err);
