/*
 * guest/agent/events.h - the streams of GetEvents.
 *
 * Each begins with all ports. A host that asked for a snapshot (GA_WATCH_SNAPSHOT)
 * gets them marked as one, even if there are none; any other gets them as added, with the
 * removal of those that it, or whoever watched last, was told of and that are gone. (Upstream's agent tells a
 * second host only the difference to what it told the first, so that a host agent
 * that restarts sees no ports. Ports said twice do upstream's host agent no harm.)
 * A host that does not read is told nothing until it has read the last event.
 */
#pragma once
#include <stdint.h>

struct grpc_stream;
struct service;
struct service_peer;

/* Takes the stream, which counts as a call of the peer until it ends. */
void events_accept(struct service_peer *peer, struct grpc_stream *s, uint32_t flags);
/* service.told from its file. */
void events_load(struct service *s);
