/*
 * hostagent/forward/reverse.h - a socket in the guest that leads to one of the host's.
 *
 * It is there while the guest agent is, which makes it; an agent that cannot (upstream's) gets none, and that is said.
 */
#pragma once

struct agent;
struct reverse;

/* The strings are copied. */
struct reverse *reverse_new(struct agent *a, const char *guest_socket, const char *host_socket);
void reverse_free(struct reverse *r);	/* with its connections */
const char *reverse_trouble(const struct reverse *r);	/* "": it is there */
/* The guest agent is there, or has gone. */
void reverse_agent_up(struct reverse *r);
