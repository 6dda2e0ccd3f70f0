#include "hostagent/drivers/qemu/reach.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"

int
reach_usernet(const cJSON *answer)
{
	const char *text = cJSON_IsString(answer) ? answer->valuestring : "";
	int port, result = -1;
	char state[32];

	for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL) {
		line += strspn(line, " ");
		if (sscanf(line, "TCP[%31[^]]] %*d %*s %*d %*s %d", state, &port) != 2 || port != 22)
			continue;
		if (strcmp(state, "ESTABLISHED") == 0)
			return 1;
		result = 0;
	}
	return result;
}

int
reach_interface(const cJSON *answer)
{
	const cJSON *nic;
	int result = -1;

	cJSON_ArrayForEach(nic, answer) {
		const cJSON *table = cJSON_GetObjectItemCaseSensitive(nic, "multicast-table");

		if (cJSON_GetArraySize(table) > 0)
			return 1;
		if (cJSON_IsArray(table))
			result = 0;
	}
	return result;
}

const char *
reach_standstill(const cJSON *answer)
{
	static const struct {
		const char *status, *why;
	} table[] = {
		{ "io-error", "QEMU has paused it, since it could not write a disk: is this host's disk full? Make room, then `limactl start` lets it go on" },
		{ "internal-error", "QEMU has stopped it after an error of its own; its log, qemu.log, may tell more" },
		{ "guest-panicked", "its kernel has panicked, and QEMU has paused it" },
		{ "watchdog", "its watchdog has found it hanging, and QEMU has paused it" },
		{ "shutdown", "it has shut down, and QEMU was told to stay" },
		{ "suspended", "it sleeps" },
		{ "postmigrate", "its memory was being put aside; `limactl start` lets it go on" },
		{ "finish-migrate", "its memory is being put aside" },
		{ "paused", "QEMU has been told to pause it; `limactl start` lets it go on" },
	};
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(answer, "status");

	for (size_t i = 0; cJSON_IsString(status) && i < ARRAY_LEN(table); i++)
		if (strcmp(status->valuestring, table[i].status) == 0)
			return table[i].why;
	return NULL;
}
