/*
 * guest/agent/port_events.h - a nudge from the kernel when a port opens or closes, so that nobody has to poll.
 *
 * TCP: the tracepoint sock:inet_sock_set_state, filtered in the kernel to sockets that begin
 * or cease to listen. UDP: a kprobe on where a socket takes or leaves its number
 * (which clients do too, so there is an occasional nudge for nothing). Both by
 * perf_event_open(2), without BPF, and without the tax on every system call that
 * a tracepoint on bind(2) puts on the whole machine. For what this kernel does not
 * offer there is a nudge every 250 ms.
 */
#pragma once
#include "guest/agent/loop.h"

struct port_events;

/* `nudge` gets enum ga_proto, or'ed: look there soon. It may come often. Never fails: at worst all is polled. */
struct port_events *port_events_new(struct loop *l, void (*nudge)(void *ctx, unsigned mask), void *ctx);
void port_events_free(struct port_events *t);
/* Off, as it begins, it costs nothing. */
void port_events_enable(struct port_events *t, bool on);
