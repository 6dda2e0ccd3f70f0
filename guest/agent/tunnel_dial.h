/* guest/agent/tunnel_dial.h - what the other end of a tunnel is, by its first message. */
#pragma once
#include <stdbool.h>

struct error;
struct ga_tunnel_msg;
struct tunnels;

struct tunnel_way {
	bool pending;	/* it is not connected yet */
	bool udp, exec;
};

/* Its descriptor; -1. `trusted`: for nobody but the host (tunnel.h). */
int tunnel_dial(struct tunnels *all, const struct ga_tunnel_msg *m, bool trusted, struct tunnel_way *out, struct error *err);
