/*
 * hostagent/forward/forward_udp.h - datagrams of the host's programs into the guest and back.
 *
 * Each sender is a tunnel of the guest agent's of its own, until it has been silent for a while.
 * What comes while there is no agent, or faster than it takes it, is lost, as datagrams are.
 */
#pragma once

struct agent;
struct error;
struct endpoint;
struct udp_listener;

/* As tcp_listen(). */
struct udp_listener *udp_listen(struct agent *a, const struct endpoint *host, const struct endpoint *guest, struct error *err);
void udp_listener_close(struct udp_listener *l);
