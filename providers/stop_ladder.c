#include "providers/stop_ladder.h"

#include <limits.h>

enum {
	BUTTON_MS = 10000,
	QUIT_MS = 10000,	/* disks are flushed */
	KILL_MS = 30000,	/* the kernel does that */
};

struct stop_ladder
stop_ladder(long long now_ms, long long grace_ms)
{
	return (struct stop_ladder){ .button_until_ms = grace_ms > 0 ? now_ms + grace_ms : LLONG_MIN };
}

void
stop_ladder_skip_button(struct stop_ladder *l)
{
	l->button_until_ms = LLONG_MIN;
}

enum stop_rung
stop_ladder_next(struct stop_ladder *l, long long now_ms, int *wait_ms)
{
	enum stop_rung now = l->rung;

	if (now == STOP_BUTTON && now_ms < l->button_until_ms) {
		long long left = l->button_until_ms - now_ms;

		*wait_ms = left < BUTTON_MS ? (int)left : BUTTON_MS;
		return now;
	}
	if (now == STOP_BUTTON)
		now = STOP_QUIT;
	*wait_ms = now == STOP_QUIT ? QUIT_MS : now == STOP_KILL ? KILL_MS : 0;
	l->rung = now == STOP_LOST ? now : now + 1;
	return now;
}
