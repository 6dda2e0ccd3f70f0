/*
 * Processors of a machine that runs: more of them, as many as it was started with room for. Which are there, and how each that is not is called,
 * QEMU tells. None goes away again: its guest would have to let go of it, and few do.
 */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/drivers/qemu/live.h"
#include "providers/drivers/qemu/qmp.h"

enum { LOOK_MS = 10 * 1000, ADD_MS = 60 * 1000 };

#define ADDED "lima-cpu-"	/* and its number */

static int
cpus_look(const char *dir, cJSON **slots, int *now, int *most, struct error *err)
{
	const cJSON *slot;

	if (qmp_ask(dir, "query-hotpluggable-cpus", NULL, LOOK_MS, slots, err) < 0)
		return -1;
	*now = *most = 0;
	cJSON_ArrayForEach(slot, *slots) {
		int n = (int)cJSON_GetNumberValue(cjson_get(slot, "vcpus-count"));

		*most += n;
		*now += cjson_get(slot, "qom-path") ? n : 0;
	}
	return 0;
}

int
qemu_cpus_most(const char *dir, int *most, struct error *err)
{
	cJSON *slots;
	int now;

	if (cpus_look(dir, &slots, &now, most, err) < 0)
		return -1;
	cJSON_Delete(slots);
	return 0;
}

/* The first that is empty; QEMU names the last one first. */
static const cJSON *
cpus_empty(const cJSON *slots)
{
	const cJSON *slot, *empty = NULL;

	cJSON_ArrayForEach(slot, slots)
		if (!cjson_get(slot, "qom-path"))
			empty = slot;
	return empty;
}

static int
cpus_add_one(const char *dir, const cJSON *slot, int number, struct error *err)
{
	cJSON *args = cJSON_Duplicate(cjson_get(slot, "props"), true);
	auto_free char *id = xasprintf(ADDED "%d", number), *text = NULL;
	int r;

	if (!args)
		args = cJSON_CreateObject();
	cJSON_AddStringToObject(args, "driver", cjson_text_or(slot, "type", ""));
	cJSON_AddStringToObject(args, "id", id);
	text = cJSON_PrintUnformatted(args);
	r = qmp_ask(dir, "device_add", text, ADD_MS, NULL, err);
	cJSON_Delete(args);
	return r;
}

int
qemu_set_cpus(const char *dir, int wanted, struct error *err)
{
	for (int before = -1;;) {
		cJSON *slots;
		const cJSON *empty;
		int now, most, r;

		if (cpus_look(dir, &slots, &now, &most, err) < 0)
			return -1;
		empty = cpus_empty(slots);
		r = now >= wanted ? 1 : !empty ? error_set(err, ENOSPC, "it has room for %d processors, and for no more", most) :
		    now == before ? error_set(err, EIO, "QEMU has taken one more, and has %d as before", now) : cpus_add_one(dir, empty, now, err);
		before = now;
		cJSON_Delete(slots);
		if (r)
			return r < 0 ? -1 : 0;
	}
}

bool
qemu_has_live_cpus(const char *dir)
{
	cJSON *list = NULL;
	const cJSON *i;
	bool has = false;

	if (qmp_ask(dir, "query-cpus-fast", NULL, LOOK_MS, &list, NULL) < 0)
		return false;
	cJSON_ArrayForEach(i, list)
		has |= strstr(cjson_text_or(i, "qom-path", ""), "/" ADDED) != NULL;
	cJSON_Delete(list);
	return has;
}
