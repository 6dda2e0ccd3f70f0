/*
 * hostagent/forward/listeners.h - the addresses on the host that lead into the guest.
 *
 * Several ports of the guest may lead to one (0.0.0.0:80 and [::]:80): it listens once, and goes
 * to the first of them that is left. One that cannot be had says so once. What a rule states is tried again each second,
 * and says when it works. What only follows a port of the guest is not: a program of the host that uses the address keeps
 * it, also over its restarts, until the guest's port comes anew and the address was free for a while, or the user changes a rule.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct agent;
struct end;
struct endpoint;

/* Never NULL; end_trouble() says whether it listens. */
struct end *end_open(struct agent *a, const struct endpoint *host, const struct endpoint *guest, bool stated);
/* The user has changed a rule: what programs of the host used may be the guest's. */
void ends_forget_used(struct agent *a);
/* Takes back one end_open() of the same `guest`; the last closes it, and its connections. */
void end_close(struct agent *a, struct end *e, const struct endpoint *guest);
const struct endpoint *end_host(const struct end *e);
const char *end_trouble(const struct end *e);	/* ""; or why it does not listen */
int end_trouble_code(const struct end *e);	/* an errno value */
void ends_free(struct agent *a);		/* when all are closed */
