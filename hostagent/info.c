/* hostagent/info.c - what is told to whoever asks how the instance is. */
#include <cjson/cJSON.h>

#include <time.h>

#include "hostagent/agent.h"
#include "hostagent/machine/boot_words.h"

/* How far the boot is by its console, and when each part began, in ms since 1970. */
static void
info_boot(struct agent *a, cJSON *json)
{
	const struct boot_words *b = console_words(a);
	cJSON *list = cJSON_AddArrayToObject(json, "boot");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	for (unsigned i = 0; i < b->n; i++) {
		cJSON *o = cJSON_CreateObject();
		uint64_t ago = uv_now(&a->loop) - b->v[i].at;

		cJSON_AddStringToObject(o, "what", b->v[i].word);
		cJSON_AddNumberToObject(o, "at", (double)now.tv_sec * 1e3 + (double)(now.tv_nsec / 1000000) - (double)ago);
		cJSON_AddItemToArray(list, o);
	}
}

cJSON *
agent_info(struct agent *a)
{
	cJSON *json = cJSON_CreateObject(), *errors;
	const char *waiting = require_waiting_for(a);

	cJSON_AddNumberToObject(json, "sshLocalPort", a->launch.ssh.port);
	cJSON_AddStringToObject(json, "phase", agent_phase_name(a->phase));
	cJSON_AddNumberToObject(json, "since", (double)a->since_ms);
	if (machine_pid(a))
		cJSON_AddNumberToObject(json, "machinePID", machine_pid(a));
	if (names_port(a))
		cJSON_AddNumberToObject(json, "dnsLocalPort", names_port(a));
	if (*waiting)
		cJSON_AddStringToObject(json, "waitingFor", waiting);
	if (a->still)
		cJSON_AddStringToObject(json, "standstill", a->still);
	if (require_only_scripts(a))
		cJSON_AddTrueToObject(json, "onlyScripts");
	info_boot(a, json);
	errors = cJSON_AddArrayToObject(json, "errors");
	for (size_t i = 0; i < a->nerrors; i++)
		cJSON_AddItemToArray(errors, cJSON_CreateString(a->errors[i].text));
	return json;
}
