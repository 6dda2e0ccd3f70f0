/* What the guest is waited for with, for who asks: met, failed, or still waited for. */
#include <cjson/cJSON.h>
#include <string.h>

#include "base/auto.h"
#include "hostagent/protocol/probe.h"
#include "hostagent/ready/readiness_checks.h"
#include "providers/launch.h"

static void
condition_add(cJSON *list, const struct item *it, const char *said)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "group", it->group);
	cJSON_AddStringToObject(o, "what", it->what ? it->what : "");
	cJSON_AddStringToObject(o, "hint", it->hint ? it->hint : "");
	cJSON_AddBoolToObject(o, "probe", it->probe != NULL);
	if (it->probe) {
		char id[PROBE_ID + 1];

		probe_id(it->probe->script, id);
		cJSON_AddStringToObject(o, "id", id);
		cJSON_AddNumberToObject(o, "status", it->status);
	}
	cJSON_AddStringToObject(o, "state", it->met ? "met" : it->failed ? "failed" : "waiting");
	if (it->met)
		cJSON_AddNumberToObject(o, "seconds", (double)it->met_ms / 1e3);
	if (said && *said) {
		auto_free char *text = xstrdup(said);

		while (*text && strchr("\r\n ", text[strlen(text) - 1]))
			text[strlen(text) - 1] = '\0';
		cJSON_AddStringToObject(o, "said", text);
	}
	cJSON_AddItemToArray(list, o);
}

cJSON *
require_conditions(const struct require_items *r, const char *said)
{
	const struct item *pending = require_pending(r);
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < r->nitems; i++)
		condition_add(list, &r->items[i], NULL);
	for (size_t i = 0; i < r->nprobes; i++)
		condition_add(list, &r->probes[i], pending == &r->probes[i] ? said : NULL);
	return list;
}
