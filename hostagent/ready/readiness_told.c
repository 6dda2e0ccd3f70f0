#include "hostagent/ready/readiness_told.h"

#include <string.h>

#include "hostagent/ready/readiness_checks.h"

enum { SSHD_PORT = 22 };

/* Who has no name of an instance is told of none. */
static bool
told_is(const char *said, const char *iid)
{
	return *iid && !strcmp(said, iid);
}

bool
readiness_told_meets(const struct readiness_told *t, const struct item *it, const char *iid)
{
	if (!t->counts)
		return false;
	switch (it->told) {
	case TOLD_SSH:
		return t->sshd && (told_is(t->boot.session, iid) || told_is(t->boot.done, iid));
	case TOLD_SESSION:
		return told_is(t->boot.session, iid);
	case TOLD_DONE:
		return told_is(t->boot.done, iid);
	case TOLD_NOT:
		break;
	}
	return false;
}

bool
readiness_needs_ssh(const struct readiness_told *t, const struct require_items *r)
{
	if (!t->counts || r->nprobes)
		return true;
	for (size_t i = 0; i < r->nitems; i++)
		if (!require_settled(&r->items[i]) && r->items[i].told == TOLD_NOT && !r->items[i].agent)
			return true;
	return false;
}

bool
readiness_told_sshd(const struct ga_ports *ports)
{
	for (size_t i = 0; i < ports->n; i++)
		if (ports->v[i].proto == GA_TCP && ports->v[i].port == SSHD_PORT)
			return true;
	return false;
}
