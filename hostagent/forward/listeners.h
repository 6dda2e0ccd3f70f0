/*
 * hostagent/forward/listeners.h - the addresses on the host that lead into the guest.
 *
 * Several ports of the guest may lead to one (0.0.0.0:80 and [::]:80): it listens once, and goes
 * to the first of them that is left. One that cannot be had says so once, is tried
 * again each second, and says when it works.
 */
#pragma once
#include <stddef.h>

struct agent;
struct end;
struct place;

/* Never NULL; end_trouble() says whether it listens. */
struct end *end_open(struct agent *a, const struct place *host, const struct place *guest);
/* Takes back one end_open() of the same `guest`; the last closes it, and its connections. */
void end_close(struct agent *a, struct end *e, const struct place *guest);
const struct place *end_host(const struct end *e);
const char *end_trouble(const struct end *e);	/* ""; or why it does not listen */
int end_trouble_code(const struct end *e);	/* an errno value */
void ends_free(struct agent *a);		/* when all are closed */
