/* A machine's memory while it runs: a balloon in its guest, which takes what it is told to, as far as the guest has a driver for it. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/drivers/qemu/live.h"
#include "providers/drivers/qemu/qmp.h"

enum { LOOK_MS = 10 * 1000, STILL_MS = 30 * 1000, PAUSE_MS = 50 };

static int
memory_number(const char *dir, const char *query, const char *member, uint64_t *out, struct error *err)
{
	cJSON *answer = NULL;

	if (qmp_ask(dir, query, NULL, LOOK_MS, &answer, err) < 0)
		return -1;
	*out = (uint64_t)cJSON_GetNumberValue(cjson_get(answer, member));
	cJSON_Delete(answer);
	return 0;
}

static int
balloon_actual(const char *dir, uint64_t *out, struct error *err)
{
	return memory_number(dir, "query-balloon", "actual", out, err);
}

static int
balloon_tell(const char *dir, uint64_t bytes, struct error *err)
{
	auto_free char *args = xasprintf("{\"value\":%" PRIu64 "}", bytes);

	return qmp_ask(dir, "balloon", args, LOOK_MS, NULL, err);
}

int
qemu_memory_most(const char *dir, uint64_t *bytes, struct error *err)
{
	uint64_t now;

	return balloon_actual(dir, &now, err) < 0 ? -1 : memory_number(dir, "query-memory-size-summary", "base-memory", bytes, err);
}

/* Until it is so many, or nothing has changed for a while. */
static int
balloon_await(const char *dir, uint64_t bytes, uint64_t *now, const volatile int *cancel, struct error *err)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	long long until = clock_ms() + STILL_MS;
	uint64_t before = *now;

	for (;;) {
		if (balloon_actual(dir, now, err) < 0)
			return -1;
		if (*now == bytes)
			return 0;
		if (cancel && *cancel)
			return error_set(err, ERR_CANCELLED, "cancelled");
		if (*now != before)
			until = clock_ms() + STILL_MS;
		else if (clock_ms() > until)
			return error_set(err, ETIMEDOUT, "the guest has %" PRIu64 " MiB and not %" PRIu64 " MiB after %d s: has it a driver `virtio_balloon`?",
					 *now >> 20, bytes >> 20, STILL_MS / 1000);
		before = *now;
		nanosleep(&pause, NULL);
	}
}

int
qemu_set_memory(const char *dir, uint64_t bytes, const volatile int *cancel, struct error *err)
{
	uint64_t before, now;

	if (balloon_actual(dir, &before, err) < 0)
		return -1;
	now = before;
	if (balloon_tell(dir, bytes, err) < 0)
		return -1;
	if (balloon_await(dir, bytes, &now, cancel, err) == 0)
		return 0;
	/* What it has not given it is not to give later, when nobody looks. */
	balloon_tell(dir, before, NULL);
	return -1;
}
