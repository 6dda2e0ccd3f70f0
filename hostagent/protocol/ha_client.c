#include "hostagent/protocol/ha_client.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/http_head.h"
#include "base/mem.h"
#include "base/process.h"
#include "hostagent/protocol/forward_rule.h"
#include "providers/pidfile.h"
#include "providers/sock.h"

enum {
	ANSWER_MAX = 4 << 20,
	DEFAULT_MS = 10000,
	MOUNT_GONE_MS = 30000,	/* the agent gives up on the guest after half of it */
};

pid_t
ha_pid(const char *dir)
{
	auto_free char *path = xasprintf("%s/ha.pid", dir);

	return pidfile_process(path);
}

int
ha_look(const char *dir, pid_t *pid, struct error *err)
{
	auto_free char *path = xasprintf("%s/ha.pid", dir);
	bool absent;

	*pid = pidfile_look(path, &absent);
	/* A link is no pid file, wherever it leads. */
	return *pid > 0 || absent || fs_exists(path) ? 0 : fs_look(path, NULL, err) < 0 ? -1 : 0;
}

bool
ha_process(const char *dir, struct process *out)
{
	auto_free char *path = xasprintf("%s/ha.pid", dir);

	return pidfile_hold(path, out);
}

/* The agent's own words for a status >= 400. */
static int
ha_client_refusal(int status, const char *body, size_t len, struct error *err)
{
	cJSON *json = cJSON_ParseWithLength(body, len);
	const char *message = cjson_text(json, "message");

	if (message)
		error_set(err, status == 409 ? EADDRINUSE : status == 404 ? ENOENT : status == 501 ? ERR_UNSUPPORTED : EINVAL,
			  "%s", message);
	else
		error_set(err, status == 404 ? ENOENT : EPROTO, "host agent: HTTP status %d", status);
	cJSON_Delete(json);
	return -1;
}

static int
ha_client_exchange(int fd, const struct ha_request *r, const struct sock_wait *w, struct buf *in, struct error *err)
{
	AUTO(buf) text = BUF_INIT;
	struct http_answer answer;
	enum http_verdict v;
	char chunk[4096];
	ssize_t n;

	http_request_write(&text, r->method, r->path, "lima-hostagent", r->body);
	if (sock_write(fd, text.s, text.len, w, err) < 0)
		return -1;
	while ((v = http_answer_read(in->s, in->len, ANSWER_MAX, &answer)) == HTTP_MORE) {
		if (in->len > ANSWER_MAX)
			return error_set(err, EPROTO, "host agent: more than %d bytes", ANSWER_MAX);
		n = sock_read(fd, chunk, sizeof chunk, w, err);
		if (n <= 0)
			return n < 0 ? -1 : error_set(err, ECONNRESET, "host agent: gone before it answered");
		buf_add(in, chunk, (size_t)n);
	}
	if (v != HTTP_WHOLE)
		return error_set(err, EPROTO, "host agent: an answer that is not HTTP/1.1 with a length");
	if (answer.status >= 400)
		return ha_client_refusal(answer.status, answer.body, answer.body_len, err);
	memmove(in->s, answer.body, answer.body_len);
	buf_truncate(in, answer.body_len);
	return answer.status;
}

int
ha_request(const char *socket, const struct ha_request *r, int *status, struct buf *out, struct error *err)
{
	struct sock_wait w = { .deadline = clock_ms() + (r->timeout_ms ? r->timeout_ms : DEFAULT_MS), .cancel = r->cancel };
	auto_close int fd = sock_connect(socket, &w, err);
	AUTO(buf) in = BUF_INIT;
	int n;

	if (fd < 0)
		return -1;
	n = ha_client_exchange(fd, r, &w, &in, err);
	if (n < 0)
		return -1;
	if (status)
		*status = n;
	if (out)
		buf_add(out, in.s, in.len);
	return 0;
}

/* One request to the agent of `dir`, answered in JSON; to cJSON_Delete(). */
static cJSON *
ha_client_ask(const char *dir, const struct ha_request *r, struct error *err)
{
	auto_free char *socket = xasprintf("%s/ha.sock", dir);
	AUTO(buf) out = BUF_INIT;
	cJSON *json;

	if (ha_request(socket, r, NULL, &out, err) < 0)
		return NULL;
	json = cJSON_ParseWithLength(out.s, out.len);
	if (!json)
		error_set(err, EPROTO, "host agent: an answer that is not JSON");
	return json;
}

static const char *
ha_client_text(const cJSON *in, const char *key, struct arena *a)
{
	return arena_strdup(a, cjson_text_or(in, key, ""));
}

static double
ha_client_number(const cJSON *in, const char *key, double max)
{
	const cJSON *v = cjson_get(in, key);

	return cJSON_IsNumber(v) && v->valuedouble > 0 && v->valuedouble <= max ? v->valuedouble : 0;
}

enum { BOOT_MOST = 64, SOON_MS = 1000 };

static void
read_boot(const cJSON *json, struct arena *a, struct ha_info *out)
{
	const cJSON *v, *list = cJSON_GetObjectItemCaseSensitive(json, "boot");
	struct ha_boot *boot = arena_alloc(a, BOOT_MOST * sizeof *boot);

	cJSON_ArrayForEach(v, list)
		if (out->nboot < BOOT_MOST)
			boot[out->nboot++] = (struct ha_boot){ ha_client_text(v, "what", a), (long long)ha_client_number(v, "at", 1e15) };
	out->boot = boot;
}

static void
read_info(const cJSON *json, struct arena *a, struct ha_info *out)
{
	static const char *const phases[] = { "starting", "running", "degraded", "stopping" };
	const char *phase = ha_client_text(json, "phase", a);
	const cJSON *v;
	AUTO(buf) errors = BUF_INIT;

	*out = (struct ha_info){ .phase = HA_UNKNOWN };
	for (size_t i = 0; i < ARRAY_LEN(phases); i++)
		if (strcmp(phase, phases[i]) == 0)
			out->phase = (enum ha_phase)i;
	out->ssh_port = (int)ha_client_number(json, "sshLocalPort", 65535);
	out->machine_pid = (pid_t)ha_client_number(json, "machinePID", INT_MAX);
	out->since_ms = (long long)ha_client_number(json, "since", 1e15);
	cJSON_ArrayForEach(v, cjson_get(json, "errors"))
		if (cJSON_IsString(v))
			buf_addf(&errors, "%s%s", errors.len ? "\n" : "", v->valuestring);
	out->errors = arena_strdup(a, errors.s);
	out->only_scripts = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "onlyScripts"));
	out->waiting_for = ha_client_text(json, "waitingFor", a);
	out->standstill = ha_client_text(json, "standstill", a);
	read_boot(json, a, out);
}

static int
ha_client_get_info(const char *dir, const struct ha_request *r, struct arena *a, struct ha_info *out, struct error *err)
{
	cJSON *json = ha_client_ask(dir, r, err);

	if (!json)
		return -1;
	read_info(json, a, out);
	cJSON_Delete(json);
	return 0;
}

int
ha_info(const char *dir, struct arena *a, struct ha_info *out, struct error *err)
{
	return ha_client_get_info(dir, &(struct ha_request){ .method = "GET", .path = "/v1/info" }, a, out, err);
}

int
ha_info_soon(const char *dir, struct arena *a, struct ha_info *out, struct error *err)
{
	return ha_client_get_info(dir, &(struct ha_request){ .method = "GET", .path = "/v1/info", .timeout_ms = SOON_MS }, a, out, err);
}

int
ha_wait_ready(const char *dir, int within_s, int timeout_ms, const volatile int *cancel, struct arena *a, struct ha_info *out,
	      struct error *err)
{
	struct ha_request r = { .method = "GET", .path = "/v1/wait?until=ready", .timeout_ms = timeout_ms, .cancel = cancel };
	auto_free char *anew = xasprintf("/v1/wait?until=ready&within=%d", within_s);
	struct ha_request r2 = r;
	struct error why = { 0 };

	r2.path = anew;
	if (within_s && ha_client_get_info(dir, &r2, a, out, &why) == 0)
		return 0;
	/* An agent of another version may not know this phase. */
	if (!within_s || why.code == EINVAL)
		return ha_client_get_info(dir, &r, a, out, err);
	return error_set(err, why.code, "%s", why.msg);
}

static int
check_id(const char *id, struct error *err)
{
	size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n == 0 || n > 128 || id[n] ? error_set(err, EINVAL, "%s: no name for a forward or a mount", id) : 0;
}

/* What is to go goes with its agent, too: one that is not there, or ends before it has answered. */
static int
ha_client_end(const char *socket, const struct ha_request *r, struct error *err)
{
	struct error why = { 0 };

	if (ha_request(socket, r, NULL, NULL, &why) == 0 || why.code == ENOENT || why.code == ECONNREFUSED || why.code == ECONNRESET ||
	    why.code == EPIPE)
		return 0;
	return error_set(err, why.code, "%s", why.msg);
}

/* A request about one forward, whose answer does not matter. */
static int
about_forward(const char *dir, const char *id, const char *body, struct error *err)
{
	auto_free char *path = xasprintf("/v1/forwards/%s", id), *socket = xasprintf("%s/ha.sock", dir);
	struct ha_request r = { .method = "PUT", .path = path, .body = body };

	return check_id(id, err) < 0 ? -1 : ha_request(socket, &r, NULL, NULL, err);
}

static int
ha_client_post(const char *dir, const char *path, struct error *err)
{
	auto_free char *socket = xasprintf("%s/ha.sock", dir);

	return ha_request(socket, &(struct ha_request){ .method = "POST", .path = path }, NULL, NULL, err);
}

int
ha_reload(const char *dir, struct error *err)
{
	return ha_client_post(dir, "/v1/reload", err);
}

int
ha_resume(const char *dir, struct error *err)
{
	return ha_client_post(dir, "/v1/resume", err);
}

int
ha_reconnect(const char *dir, struct error *err)
{
	return ha_client_post(dir, "/v1/reconnect", err);
}

int
ha_put_forward(const char *dir, const char *id, const struct forward_rule *rule, struct error *err)
{
	cJSON *json = forward_rule_json(rule);
	auto_free char *body = cJSON_PrintUnformatted(json);

	cJSON_Delete(json);
	return about_forward(dir, id, body, err);
}

int
ha_delete_forward(const char *dir, const char *id, struct error *err)
{
	auto_free char *path = xasprintf("/v1/forwards/%s", id), *socket = xasprintf("%s/ha.sock", dir);

	return check_id(id, err) < 0 ? -1 : ha_client_end(socket, &(struct ha_request){ .method = "DELETE", .path = path }, err);
}

int
ha_forwards(const char *dir, struct arena *a, struct ha_forward **out, size_t *n, struct error *err)
{
	cJSON *json = ha_client_ask(dir, &(struct ha_request){ .method = "GET", .path = "/v1/forwards" }, err);
	const cJSON *v;
	struct ha_forward *f;
	size_t i = 0;

	if (!json)
		return -1;
	f = arena_alloc(a, ((size_t)cJSON_GetArraySize(json) + 1) * sizeof *f);
	cJSON_ArrayForEach(v, json)
	{
		auto_free char *rule = cJSON_PrintUnformatted(cjson_get(v, "rule"));

		f[i++] = (struct ha_forward){
			.id = ha_client_text(v, "id", a),
			.rule = arena_strdup(a, rule ? rule : ""),
			.state = ha_client_text(v, "state", a),
		};
	}
	cJSON_Delete(json);
	*out = f;
	*n = i;
	return 0;
}

static char *
mount_path(const char *id)
{
	return xasprintf("/v1/mounts/%s", id);
}

int
ha_put_mount(const char *dir, const char *id, const struct sshfs_mount *m, int timeout_ms, const volatile int *cancel,
	     struct arena *a, const char **state, struct error *err)
{
	cJSON *json = sshfs_mount_json(m);
	auto_free char *body = cJSON_PrintUnformatted(json), *path = mount_path(id);
	struct ha_request r = { .method = "PUT", .path = path, .body = body, .timeout_ms = timeout_ms, .cancel = cancel };

	cJSON_Delete(json);
	json = check_id(id, err) < 0 ? NULL : ha_client_ask(dir, &r, err);
	if (!json)
		return -1;
	*state = ha_client_text(json, "state", a);
	cJSON_Delete(json);
	return 0;
}

int
ha_delete_mount(const char *dir, const char *id, const volatile int *cancel, struct error *err)
{
	auto_free char *path = mount_path(id), *socket = xasprintf("%s/ha.sock", dir);
	struct ha_request r = { .method = "DELETE", .path = path, .timeout_ms = MOUNT_GONE_MS, .cancel = cancel };

	return check_id(id, err) < 0 ? -1 : ha_client_end(socket, &r, err);
}

int
ha_mounts(const char *dir, struct arena *a, struct ha_mount **out, size_t *n, struct error *err)
{
	cJSON *json = ha_client_ask(dir, &(struct ha_request){ .method = "GET", .path = "/v1/mounts" }, err);
	const cJSON *v;
	struct ha_mount *m;
	size_t i = 0;

	if (!json)
		return -1;
	m = arena_alloc(a, ((size_t)cJSON_GetArraySize(json) + 1) * sizeof *m);
	cJSON_ArrayForEach(v, json)
	{
		if (sshfs_mount_parse(cjson_get(v, "mount"), a, &m[i].mount, NULL) < 0)
			continue;
		m[i].id = ha_client_text(v, "id", a);
		m[i++].state = ha_client_text(v, "state", a);
	}
	cJSON_Delete(json);
	*out = m;
	*n = i;
	return 0;
}

int
ha_stop(const char *dir, int timeout_ms, const volatile int *cancel, struct error *err)
{
	AUTO(process) p = { 0 };

	if (!ha_process(dir, &p))
		return 0;
	if (process_signal(&p, SIGTERM, err) < 0)
		return error_wrap(err, "the host agent");
	if (process_wait(&p, timeout_ms, cancel) == 1)
		return 0;
	if (cancel && *cancel)
		return error_set(err, ERR_CANCELLED, "cancelled while the host agent, process %d, stops the machine", (int)p.pid);
	return error_set(err, ETIMEDOUT, "the host agent, process %d, has not ended after %d s", (int)p.pid, timeout_ms / 1000);
}

int
ha_kill(const char *dir, int timeout_ms, struct error *err)
{
	AUTO(process) p = { 0 };

	if (!ha_process(dir, &p))
		return 0;
	if (process_signal(&p, SIGKILL, err) < 0)
		return error_wrap(err, "the host agent");
	return process_wait(&p, timeout_ms, NULL) == 1 ? 0 :
	       error_set(err, ETIMEDOUT, "the host agent, process %d, survives SIGKILL", (int)p.pid);
}
