/* The port by which a guest that is saved before it is anybody waits to be told who it is. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/park.h"
#include "providers/drivers/fake/machine.h"

void
fake_answer_park(struct fake *f, struct client *c)
{
	if (!f->parks && !f->parked) {
		fake_client_say(c, "ok\n");
		return;
	}
	f->parked = c->parks = true;
	f->ntold = 0;
	fake_client_say(c, f->stands == RUNS ? "ok\n" PARK_PARKED : "ok\n");
}

/* The whole of it has come: the guest is what it says, and goes on. */
static void
fake_park_renew(struct fake *f, struct client *c)
{
	const char *last = f->told, *next;

	while ((next = strstr(last + 1, PARK_RENEW)))
		last = next;
	if (strncmp(last, PARK_RENEW, strlen(PARK_RENEW)) != 0 || f->unrenewed)
		return;
	snprintf(f->renewed, sizeof f->renewed, "%s", last);
	for (char *p = f->renewed; *p; p++)
		if (*p == '\n')
			*p = ' ';
	f->parked = f->parks = false;
	f->ready_at = clock_ms();
	fake_client_say(c, PARK_RENEWED);
}

bool
fake_park_read(struct fake *f, struct client *c, const char *p, size_t n)
{
	if (n >= sizeof f->told - f->ntold)
		return false;
	memcpy(f->told + f->ntold, p, n);
	f->told[f->ntold += n] = '\0';
	if (f->parked && f->ntold > 1 && !strcmp(f->told + f->ntold - 2, "\n\n"))
		fake_park_renew(f, c);
	return true;
}
