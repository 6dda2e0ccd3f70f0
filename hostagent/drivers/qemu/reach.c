#include "hostagent/drivers/qemu/reach.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

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
