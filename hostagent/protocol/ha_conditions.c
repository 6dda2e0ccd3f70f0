/* hostagent/protocol/ha_conditions.c - what a guest is waited for with (ha_client.h). */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "hostagent/protocol/ha_client.h"

enum { ANSWER_MS = 3000 };

static const char *
ha_condition_text(struct arena *a, const cJSON *in, const char *key)
{
	return arena_strdup(a, cjson_text_or(in, key, ""));
}

static int
ha_conditions_ask(const char *dir, const char *path, int timeout_ms, struct arena *a, struct ha_condition **out,
		  size_t *n, struct error *err)
{
	auto_free char *socket = xasprintf("%s/ha.sock", dir);
	struct ha_request r = {.method = "GET", .path = path, .timeout_ms = timeout_ms};
	AUTO(buf) text = BUF_INIT;
	const cJSON *v, *seconds;
	cJSON *json;

	*n = 0;
	if (ha_request(socket, &r, NULL, &text, err) < 0)
		return -1;
	json = cJSON_ParseWithLength(text.s, text.len);
	if (!cJSON_IsArray(json)) {
		cJSON_Delete(json);
		return error_set(err, EPROTO, "host agent: an answer that is no list");
	}
	*out = arena_alloc(a, ((size_t)cJSON_GetArraySize(json) + 1) * sizeof **out);
	cJSON_ArrayForEach(v, json)
	{
		seconds = cjson_get(v, "seconds");
		(*out)[(*n)++] = (struct ha_condition){
			.group = ha_condition_text(a, v, "group"),
			.what = ha_condition_text(a, v, "what"),
			.hint = ha_condition_text(a, v, "hint"),
			.state = ha_condition_text(a, v, "state"),
			.said = ha_condition_text(a, v, "said"),
			.id = ha_condition_text(a, v, "id"),
			.status = cJSON_IsNumber(cjson_get(v, "status")) ? cjson_get(v, "status")->valueint & 255 : 0,
			.probe = cJSON_IsTrue(cjson_get(v, "probe")),
			.seconds = cJSON_IsNumber(seconds) && seconds->valuedouble > 0 && seconds->valuedouble < 1e9
					   ? seconds->valuedouble
					   : 0,
		};
	}
	cJSON_Delete(json);
	return 0;
}

int
ha_conditions(const char *dir, struct arena *a, struct ha_condition **out, size_t *n, struct error *err)
{
	return ha_conditions_ask(dir, "/v1/conditions", ANSWER_MS, a, out, n, err);
}

int
ha_await_conditions(const char *dir, size_t settled, int timeout_ms, struct arena *a, struct ha_condition **out,
		    size_t *n, struct error *err)
{
	auto_free char *path = xasprintf("/v1/conditions?settled=%zu", settled);

	return ha_conditions_ask(dir, path, timeout_ms, a, out, n, err);
}
