#include "cli/mcp/rpc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/quote/quote.h"
#include "cli/mcp/guest.h"
#include "cli/mcp/tools.h"
#include "version.h"

/* JSON-RPC defines these codes. */
enum { PARSE_ERROR = -32700, INVALID_REQUEST = -32600, NO_METHOD = -32601, INVALID_PARAMS = -32602 };

/* Newest first: what we speak when a client asks for something else. Nothing that we use differs between them. */
static const char *const protocols[] = { "2025-06-18", "2025-03-26", "2024-11-05" };

static void
rpc_begin(struct buf *out, const cJSON *id)
{
	char *text = id ? cJSON_PrintUnformatted(id) : NULL;

	buf_addf(out, "{\"jsonrpc\":\"2.0\",\"id\":%s,", text ? text : "null");
	cJSON_free(text);
}

static void
rpc_refuse(struct buf *out, const cJSON *id, int code, const char *message)
{
	rpc_begin(out, id);
	buf_addf(out, "\"error\":{\"code\":%d,\"message\":", code);
	quote_json(out, message, false);
	buf_adds(out, "}}\n");
}

/* `result` is taken */
static void
rpc_answer_one(struct buf *out, const cJSON *id, cJSON *result)
{
	char *text = cJSON_PrintUnformatted(result);

	rpc_begin(out, id);
	buf_addf(out, "\"result\":%s}\n", text);
	cJSON_free(text);
	cJSON_Delete(result);
}

static cJSON *
rpc_greeting(const cJSON *params)
{
	const char *asked = cjson_text(params, "protocolVersion");
	cJSON *o = cJSON_CreateObject(), *server;
	const char *version = protocols[0];

	for (size_t i = 0; asked && i < ARRAY_LEN(protocols); i++)
		if (strcmp(asked, protocols[i]) == 0)
			version = protocols[i];
	cJSON_AddStringToObject(o, "protocolVersion", version);
	cJSON_AddObjectToObject(cJSON_AddObjectToObject(o, "capabilities"), "tools");
	server = cJSON_AddObjectToObject(o, "serverInfo");
	cJSON_AddStringToObject(server, "name", "lima");
	cJSON_AddStringToObject(server, "title", "A virtual machine for commands and files that the host should be safe from");
	cJSON_AddStringToObject(server, "version", LIMA_VERSION);
	cJSON_AddStringToObject(o, "instructions",
		"The tools run commands and change files in a virtual machine (Lima). Use them instead of tools of the host for\n"
		"whatever may do harm. Paths are absolute, and those of the guest; folders of the host that it mounts have the same paths.");
	return o;
}

/* What an AI reads is the reason alone: it knows the path. */
static const char *
rpc_reason(const struct error *err)
{
	return err->code == ENOENT ? "file does not exist" : err->code == EACCES ? "permission denied" : err->msg;
}

static void
tool_result(struct buf *out, const cJSON *id, const struct buf *json, const struct error *failure)
{
	rpc_begin(out, id);
	buf_adds(out, "\"result\":{\"content\":[{\"type\":\"text\",\"text\":");
	/* Without a failure there is always JSON. */
	/* cppcheck-suppress nullPointer */
	quote_json(out, failure ? rpc_reason(failure) : json->s, false);
	buf_adds(out, "}]");
	if (failure)
		buf_adds(out, ",\"isError\":true");
	else
		/* cppcheck-suppress nullPointer */
		buf_addf(out, ",\"structuredContent\":%s", json->s);
	buf_adds(out, "}}\n");
}

static void
rpc_call(struct guest *g, struct buf *out, const cJSON *id, const cJSON *params)
{
	const char *name = cjson_text_or(params, "name", "");
	const cJSON *args = cjson_get(params, "arguments");
	const struct tool *t = tool_find(name);
	struct error err = { 0 };
	AUTO(buf) json = BUF_INIT;

	if (!t) {
		auto_free char *message = xasprintf("unknown tool \"%.100s\"", name);

		rpc_refuse(out, id, INVALID_PARAMS, message);
	} else if (tool_check(t, args, &err) < 0) {
		rpc_refuse(out, id, INVALID_PARAMS, err.msg);
	} else if (t->call(g, args, &json, &err) < 0) {
		guest_failed(g, &err);
		tool_result(out, id, NULL, &err);
	} else {
		tool_result(out, id, &json, NULL);
	}
}

static void
rpc_request(struct guest *g, struct buf *out, const cJSON *m)
{
	const cJSON *id = cjson_get(m, "id"), *method = cjson_get(m, "method");
	const cJSON *params = cjson_get(m, "params");

	if (!cJSON_IsObject(m) || (!method && !id))
		rpc_refuse(out, NULL, INVALID_REQUEST, "not a JSON-RPC request");
	else if (!id || !method)
		return;		/* a notification, or an answer to something that we never ask */
	else if (!cJSON_IsString(method) || !(cJSON_IsNumber(id) || cJSON_IsString(id)))
		rpc_refuse(out, NULL, INVALID_REQUEST, "not a JSON-RPC request");
	else if (strcmp(method->valuestring, "initialize") == 0)
		rpc_answer_one(out, id, rpc_greeting(params));
	else if (strcmp(method->valuestring, "ping") == 0)
		rpc_answer_one(out, id, cJSON_CreateObject());
	else if (strcmp(method->valuestring, "tools/list") == 0)
		rpc_answer_one(out, id, tools_json());
	else if (strcmp(method->valuestring, "tools/call") == 0)
		rpc_call(g, out, id, params);
	else
		rpc_refuse(out, id, NO_METHOD, "no such method");
}

void
rpc_answer(struct guest *g, const char *line, size_t len, struct buf *out)
{
	cJSON *m;

	if (len == strspn(line, " \t\r\n"))
		return;
	m = cJSON_ParseWithLength(line, len);
	if (m)
		rpc_request(g, out, m);
	else
		rpc_refuse(out, NULL, PARSE_ERROR, "not JSON");
	cJSON_Delete(m);
}
