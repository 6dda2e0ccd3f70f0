/*
 * hostagent/api.c - what ha.sock answers.
 *
 *	GET /v1/info			upstream's keys and ours (see info())
 *	GET /v1/wait?until=ready	the same, once the phase is no longer "starting"; with &within=SECONDS the time for
 *					booting counts from now
 *	GET /v1/conditions		what the guest is waited for with: [{"group","what","hint","probe","id","status","state","seconds","said"}];
 *					with ?settled=N once more than N of them are met or failed, or none is waited for
 *	POST /v1/reload			launch.json is read again, for the names, copies and probes in it
 *	POST /v1/resume			a machine that stands still goes on
 *	POST /v1/reconnect		the machine went back to a snapshot, which knows nothing of our connections
 *	POST /v1/guest-file		{"path"}: {"state"}, what that file of the guest is (hostagent/protocol/guest_file.h); 503: it does
 *					not answer at once
 *	POST /v1/exec			101, and the connection is one to a command in the guest (hostagent/commands.c); 501, 503: it is not to be
 *					had without SSH
 *	GET /v1/screenshot		501, as upstream's agent answers for most drivers
 *	GET /v1/forwards		[{"id","rule","state"}]
 *	PUT /v1/forwards/ID		a rule (hostagent/protocol/forward_rule.h); the old one of that name is replaced
 *	DELETE /v1/forwards/ID
 *	GET /v1/mounts			[{"id","mount","state"}]
 *	PUT /v1/mounts/ID		a folder (hostagent/protocol/sshfs.h); answered with {"state"} when that is known, or
 *					at once while the guest boots, which is ready when its folders are
 *	DELETE /v1/mounts/ID		answered when it is gone
 *
 * Errors are {"message": "..."}, as upstream's.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/http.h"
#include "hostagent/machine/runtime.h"

enum { WITHIN_MAX = 24 * 60 * 60 };

struct api {
	struct http_server *server;
	struct waiting {
		enum { FOR_PHASE, FOR_MOUNT, FOR_MOUNT_GONE, FOR_RESUME, FOR_CONDITIONS } what;
		struct http_conn *conn;
		char *mount;		/* the name of that one; else NULL */
		size_t settled;		/* FOR_CONDITIONS: that more than so many are */
	} *waiting;
	size_t nwaiting, waiting_cap;
	bool asks;		/* the machine how it is, for those who wait for its phase */
};

static void
api_wait_for(struct api *api, struct waiting w)
{
	GROW(api->waiting, api->nwaiting, api->waiting_cap);
	api->waiting[api->nwaiting++] = w;
}

static void
api_forget(struct api *api, size_t i)
{
	free(api->waiting[i].mount);
	api->waiting[i] = api->waiting[--api->nwaiting];
}

static void
api_answer_phase(struct agent *a)
{
	struct api *api = a->api;

	for (size_t i = api->nwaiting; i-- > 0;)
		if (api->waiting[i].what == FOR_PHASE) {
			http_reply(api->waiting[i].conn, 200, agent_info(a));
			api_forget(api, i);
		}
}

static void
api_on_standstill(struct agent *a, const char *why)
{
	if (!a->api)
		return;
	a->api->asks = false;
	standstill_tell(a, why);
	api_answer_phase(a);
}

/* Of a guest that has booted, now or long ago, the machine is asked whether it runs: nobody else would be told that it does not. */
static void
api_get_info(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	bool booted = a->phase == PHASE_RUNNING || a->phase == PHASE_DEGRADED || (a->phase == PHASE_STARTING && a->launch.machine.resumes);

	(void)r;
	if (!booted || !a->runtime || !a->runtime->ask_standstill) {
		http_reply(c, 200, agent_info(a));
		return;
	}
	api_wait_for(a->api, (struct waiting){ FOR_PHASE, .conn = c });
	if (a->api->asks)
		return;
	a->api->asks = true;
	a->runtime->ask_standstill(a, api_on_standstill);
}

static void
api_on_resumed(struct agent *a, const struct error *e)
{
	struct api *api = a->api;

	for (size_t i = api ? api->nwaiting : 0; i-- > 0;) {
		if (api->waiting[i].what != FOR_RESUME)
			continue;
		if (e)
			http_refuse(api->waiting[i].conn, 409, e->msg);
		else
			http_reply(api->waiting[i].conn, 200, cJSON_CreateObject());
		api_forget(api, i);
	}
	if (api && !e)
		standstill_tell(a, NULL);
}

static void
post_resume(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	(void)r;
	if (!a->runtime->resume) {
		http_refuse(c, 501, "this driver pauses no machine");
		return;
	}
	api_wait_for(a->api, (struct waiting){ FOR_RESUME, .conn = c });
	a->runtime->resume(a, api_on_resumed);
}

static void
get_wait(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	struct api *api = a->api;

	int within, end = 0;

	/* A client that says how long it waits starts the time anew. */
	if (sscanf(r->query, "until=ready&within=%d%n", &within, &end) == 1 && !r->query[end] && within > 0 && within <= WITHIN_MAX)
		require_wait_anew(a, within * 1000);
	else if (strcmp(r->query, "until=ready") != 0) {
		http_refuse(c, 400, "until what? (until=ready)");
		return;
	}
	if (a->phase != PHASE_STARTING) {
		http_reply(c, 200, agent_info(a));
	} else {
		api_wait_for(api, (struct waiting){ FOR_PHASE, .conn = c });
	}
}

static void
api_reply_conditions(struct agent *a, struct http_conn *c)
{
	cJSON *list = require_list(a);

	http_reply(c, 200, list ? list : cJSON_CreateArray());
}

static bool
api_conditions_due(struct agent *a, size_t settled)
{
	return require_settled_count(a) > settled || !*require_waiting_for(a);
}

static void
get_conditions(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	struct waiting w = { FOR_CONDITIONS, .conn = c };
	int end = 0;

	if (sscanf(r->query, "settled=%zu%n", &w.settled, &end) != 1 || r->query[end] || api_conditions_due(a, w.settled)) {
		api_reply_conditions(a, c);
		return;
	}
	api_wait_for(a->api, w);
}

void
api_conditions_changed(struct agent *a)
{
	struct api *api = a->api;

	for (size_t i = api ? api->nwaiting : 0; i-- > 0;)
		if (api->waiting[i].what == FOR_CONDITIONS && api_conditions_due(a, api->waiting[i].settled)) {
			api_reply_conditions(a, api->waiting[i].conn);
			api_forget(api, i);
		}
}

static void
get_forwards(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	(void)r;
	http_reply(c, 200, forwards_list(a));
}

static int
api_status_of(const struct error *e)
{
	return e->code == EADDRINUSE || e->code == EEXIST ? 409 : e->code == EACCES || e->code == EPERM ? 403 :
	       e->code == ERR_UNSUPPORTED ? 501 : 400;
}

static bool
valid_id(const char *id)
{
	size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= 128 && !id[n];
}

static const char *
forward_id(const struct http_request *r)
{
	return r->path + strlen("/v1/forwards/");
}

static const char *
mount_id(const struct http_request *r)
{
	return r->path + strlen("/v1/mounts/");
}

static void
put_forward(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	cJSON *rule = cJSON_ParseWithLength(r->body, r->body_len);
	struct error e;

	if (!valid_id(forward_id(r)))
		http_refuse(c, 400, "no name for a forward");
	else if (a->phase == PHASE_STOPPING)
		http_refuse(c, 503, "the machine stops");
	else if (!rule)
		http_refuse(c, 400, "not JSON");
	else if (forwards_put(a, forward_id(r), rule, &e) < 0)
		http_refuse(c, api_status_of(&e), e.msg);
	else
		http_reply(c, 200, cJSON_CreateObject());
	cJSON_Delete(rule);
}

static void
delete_forward(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	forwards_delete(a, forward_id(r));
	http_reply(c, 200, cJSON_CreateObject());
}

static void
post_reconnect(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	static const char why[] = "the machine went back to a snapshot";

	(void)r;
	mux_reconnect(a, why);
	ga_reconnect(a, why);
	http_reply(c, 200, cJSON_CreateObject());
}

static void
post_reload(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	AUTO(launch) l = { 0 };
	struct error e;

	(void)r;
	if (a->phase == PHASE_STOPPING) {
		http_refuse(c, 503, "the machine stops");
	} else if (launch_load(&l, a->launch_path, &e) < 0) {
		http_refuse(c, 400, e.msg);
	} else {
		names_reload(a, &l);
		mounts_reload(a, &l);
		copies_reload(a, &l);
		require_reload(a, &l);
		http_reply(c, 200, cJSON_CreateObject());
	}
}

static void
get_mounts(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	(void)r;
	http_reply(c, 200, mounts_list(a));
}

/* False: there is no answer yet. */
static bool
answer_mount(struct agent *a, const struct waiting *w)
{
	bool there;
	const char *state = mounts_state(a, w->mount, &there);
	cJSON *json;

	if (w->what == FOR_MOUNT_GONE ? there : there && !state && a->phase != PHASE_STARTING)
		return false;
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "state", !there ? "gone" : state ? state : "waiting");
	http_reply(w->conn, 200, json);
	return true;
}

void
api_mounts_changed(struct agent *a)
{
	struct api *api = a->api;

	for (size_t i = api ? api->nwaiting : 0; i-- > 0;)
		if (api->waiting[i].mount && answer_mount(a, &api->waiting[i]))
			api_forget(api, i);
}

static void
put_mount(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	cJSON *mount = cJSON_ParseWithLength(r->body, r->body_len);
	struct error e;

	if (!valid_id(mount_id(r))) {
		http_refuse(c, 400, "no name for a mount");
	} else if (a->phase == PHASE_STOPPING) {
		http_refuse(c, 503, "the machine stops");
	} else if (!mount) {
		http_refuse(c, 400, "not JSON");
	} else if (mounts_put(a, mount_id(r), mount, &e) < 0) {
		http_refuse(c, api_status_of(&e), e.msg);
	} else {
		api_wait_for(a->api, (struct waiting){ FOR_MOUNT, .conn = c, .mount = xstrdup(mount_id(r)) });
		api_mounts_changed(a);
	}
	cJSON_Delete(mount);
}

static void
delete_mount(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	api_wait_for(a->api, (struct waiting){ FOR_MOUNT_GONE, .conn = c, .mount = xstrdup(mount_id(r)) });
	mounts_delete(a, mount_id(r));
	api_mounts_changed(a);
}

static void
post_guest_file(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	cJSON *json = cJSON_ParseWithLength(r->body, r->body_len);
	const cJSON *path = cJSON_GetObjectItemCaseSensitive(json, "path");

	if (cJSON_IsString(path) && *path->valuestring == '/')
		guest_files_ask(a, c, path->valuestring);
	else
		http_refuse(c, 400, "of which file? ({\"path\":\"/...\"})");
	cJSON_Delete(json);
}

static void
post_exec(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	(void)r;
	commands_ask(a, c);
}

static void
get_screenshot(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	(void)a;
	(void)r;
	http_refuse(c, 501, "this driver has no screenshots");
}

/* A path that ends in a slash stands for all below it. */
static const struct {
	const char *method, *path;
	http_handler *handler;
} routes[] = {
	{ "GET", "/v1/info", api_get_info },
	{ "GET", "/v1/conditions", get_conditions },
	{ "GET", "/v1/wait", get_wait },
	{ "POST", "/v1/reload", post_reload },
	{ "POST", "/v1/resume", post_resume },
	{ "POST", "/v1/reconnect", post_reconnect },
	{ "POST", "/v1/guest-file", post_guest_file },
	{ "POST", "/v1/exec", post_exec },
	{ "GET", "/v1/screenshot", get_screenshot },
	{ "GET", "/v1/forwards", get_forwards },
	{ "PUT", "/v1/forwards/", put_forward },
	{ "DELETE", "/v1/forwards/", delete_forward },
	{ "GET", "/v1/mounts", get_mounts },
	{ "PUT", "/v1/mounts/", put_mount },
	{ "DELETE", "/v1/mounts/", delete_mount },
};

static bool
path_is(const char *path, const char *route)
{
	size_t n = strlen(route);

	return route[n - 1] == '/' ? strncmp(path, route, n) == 0 : strcmp(path, route) == 0;
}

static void
api_handle(struct agent *a, struct http_conn *c, const struct http_request *r)
{
	bool known = false;

	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		if (!path_is(r->path, routes[i].path))
			continue;
		known = true;
		if (strcmp(r->method, routes[i].method) == 0) {
			routes[i].handler(a, c, r);
			return;
		}
	}
	if (known)
		http_reply(c, 405, NULL);
	else
		http_refuse(c, 404, "no such path");
}

static void
api_gone(struct agent *a, struct http_conn *c)
{
	struct api *api = a->api;

	guest_files_forget(a, c);
	for (size_t i = 0; api && i < api->nwaiting; i++)
		if (api->waiting[i].conn == c) {
			api_forget(api, i);
			return;
		}
}

int
api_start(struct agent *a, struct error *err)
{
	a->api = xcalloc(1, sizeof *a->api);
	a->api->server = http_listen(a, a->socket_path, api_handle, api_gone, err);
	return a->api->server ? 0 : -1;
}

void
api_phase_changed(struct agent *a)
{
	if (a->api && a->phase != PHASE_STARTING)
		api_answer_phase(a);
}

void
api_free(struct agent *a)
{
	struct api *api = a->api;

	if (!api)
		return;
	a->api = NULL;
	/* Clients that still wait are told that the machine is gone. */
	if (api->server)
		http_close(api->server);
	while (api->nwaiting)
		api_forget(api, 0);
	free(api->waiting);
	free(api);
}
