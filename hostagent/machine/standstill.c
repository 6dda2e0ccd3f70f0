/*
 * hostagent/machine/standstill.c - a machine that stands still while its guest is waited for, told at once.
 *
 * A full disk of this host, or an error of the hypervisor's own, stops the processors, and the guest can say nothing of it:
 * its console just ends. A driver whose monitor serves one client at a time tells nobody by itself; so it is asked, but
 * only when the console has been silent for a while. The waiting goes on all the same: the machine may be let go on. One whose
 * guest has booted is asked when somebody asks how it is (api.c).
 */
#include <stdlib.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/park.h"
#include "hostagent/agent.h"
#include "hostagent/machine/runtime.h"

enum { SILENT_MS = 5000 };

struct standstill {
	uv_timer_t timer;
};

/* Is it to be saved in its boot? Then it stands still for that, and whoever does it sees to it. */
static bool
standstill_is_meant(const struct agent *a)
{
	auto_free char *note = xasprintf("%s/" PARK_NOTE, a->launch.dir);

	return fs_exists(note);
}

static void
standstill_on_answer(struct agent *a, const char *why)
{
	AUTO(buf) text = BUF_INIT;

	if (!why || !a->standstill || a->phase != PHASE_STARTING || standstill_is_meant(a))
		return;
	buf_addf(&text, "the guest will not come up: %s", why);
	tail_add_serial(a, &text);
	agent_degraded(a, text.s);
}

void
standstill_tell(struct agent *a, const char *why)
{
	auto_free char *text = why ? xasprintf("the machine stands still: %s", why) : NULL;

	free(a->still);
	a->still = why ? xstrdup(why) : NULL;
	agent_trouble(a, "machine", text);
}

static void
standstill_on_timer(uv_timer_t *t)
{
	struct agent *a = t->data;

	/* A guest that was reported late may be waited for again. */
	if (a->phase == PHASE_STARTING && uv_now(&a->loop) - console_wrote(a) >= SILENT_MS && !standstill_is_meant(a))
		a->runtime->ask_standstill(a, standstill_on_answer);
}

void
standstill_start(struct agent *a)
{
	struct standstill *s;

	if (!a->runtime->ask_standstill)
		return;
	s = a->standstill = xcalloc(1, sizeof *s);
	uv_timer_init(&a->loop, &s->timer);
	s->timer.data = a;
	uv_timer_start(&s->timer, standstill_on_timer, SILENT_MS, SILENT_MS);
}

static void
standstill_on_closed(uv_handle_t *h)
{
	free(h);
}

void
standstill_free(struct agent *a)
{
	struct standstill *s = a->standstill;

	a->standstill = NULL;
	if (s)
		uv_close((uv_handle_t *)&s->timer, standstill_on_closed);
}
