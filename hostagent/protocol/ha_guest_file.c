/* hostagent/protocol/ha_guest_file.c - what a file of the guest is, by asking the host agent (guest_file.h). */
#include <cjson/cJSON.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "hostagent/protocol/guest_file.h"
#include "hostagent/protocol/ha_client.h"

enum { MOMENT_MS = 3000 };

const char *
ha_guest_file(const char *dir, const char *path, struct arena *a)
{
	auto_free char *socket = xasprintf("%s/ha.sock", dir);
	cJSON *body = cJSON_CreateObject(), *answer;
	const cJSON *state;
	const char *word = NULL;
	AUTO(buf) out = BUF_INIT;
	char *text;
	int status = 0;

	cJSON_AddStringToObject(body, "path", path);
	text = cJSON_PrintUnformatted(body);
	if (ha_request(socket, &(struct ha_request){ .method = "POST", .path = "/v1/guest-file", .body = text, .timeout_ms = MOMENT_MS }, &status, &out,
		       NULL) == 0) {
		answer = cJSON_ParseWithLength(out.s, out.len);
		state = cJSON_GetObjectItemCaseSensitive(answer, "state");
		if (cJSON_IsString(state))
			word = guest_file_read(a, state->valuestring, strlen(state->valuestring));
		cJSON_Delete(answer);
	}
	cJSON_free(text);
	cJSON_Delete(body);
	return word;
}
