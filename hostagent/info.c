/* hostagent/info.c - what is told to whoever asks how the instance is. */
#include <cjson/cJSON.h>

#include "hostagent/agent.h"

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
	errors = cJSON_AddArrayToObject(json, "errors");
	for (size_t i = 0; i < a->nerrors; i++)
		cJSON_AddItemToArray(errors, cJSON_CreateString(a->errors[i].text));
	return json;
}
