#include "providers/drivers/qemu/qmp.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/sock.h"

struct qmp_line
qmp_classify(const char *line, size_t len)
{
	struct qmp_line l = { .kind = QMP_BAD, .text = "", .json = cJSON_ParseWithLength(line, len) };
	const cJSON *v;

	if (cJSON_GetObjectItemCaseSensitive(l.json, "QMP")) {
		l.kind = QMP_GREETING;
	} else if (cJSON_GetObjectItemCaseSensitive(l.json, "return")) {
		l.kind = QMP_RETURN;
	} else if ((v = cJSON_GetObjectItemCaseSensitive(l.json, "error"))) {
		l.kind = QMP_ERROR;
		v = cJSON_GetObjectItemCaseSensitive(v, "desc");
		l.text = cJSON_IsString(v) ? v->valuestring : "";
	} else if (cJSON_IsString(v = cJSON_GetObjectItemCaseSensitive(l.json, "event"))) {
		l.kind = QMP_EVENT;
		l.text = v->valuestring;
	}
	return l;
}

struct session {
	int fd;
	struct buf in;		/* received, not yet a whole line */
	struct sock_wait wait;
};

/* The next line that is no event, which must be of kind `want`. */
static int
expect(struct session *s, enum qmp_kind want, cJSON **out, struct error *err)
{
	char chunk[4096];

	for (;;) {
		char *nl = memchr(s->in.s, '\n', s->in.len);
		struct qmp_line l;
		ssize_t n;

		if (!nl) {
			if (s->in.len > QMP_MAX_LINE)
				return error_set(err, EPROTO, "a line without end");
			n = sock_read(s->fd, chunk, sizeof chunk, &s->wait, err);
			if (n <= 0)
				return n < 0 ? -1 : error_set(err, ECONNRESET, "closed the connection");
			buf_add(&s->in, chunk, (size_t)n);
			continue;
		}
		l = qmp_classify(s->in.s, (size_t)(nl - s->in.s));
		s->in.len -= (size_t)(nl + 1 - s->in.s);
		memmove(s->in.s, nl + 1, s->in.len);
		if (l.kind == want) {
			*out = l.json;
			return 0;
		}
		if (l.kind == QMP_ERROR)
			error_set(err, EIO, "%s", l.text);
		else if (l.kind != QMP_EVENT)
			error_set(err, EPROTO, "an answer that is not QMP");
		cJSON_Delete(l.json);
		if (l.kind != QMP_EVENT)
			return -1;
	}
}

static int
talk(struct session *s, const char *command, const char *args, cJSON **answer, struct error *err)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
	auto_free char *text = xasprintf("{\"execute\":\"%s\"%s%s}\n", command, args ? ",\"arguments\":" : "", args ? args : "");
	cJSON *json;

	if (expect(s, QMP_GREETING, &json, err) < 0)
		return -1;
	cJSON_Delete(json);
	if (sock_write(s->fd, hello, strlen(hello), &s->wait, err) < 0 || expect(s, QMP_RETURN, &json, err) < 0)
		return -1;
	cJSON_Delete(json);
	return sock_write(s->fd, text, strlen(text), &s->wait, err) < 0 ? -1 : expect(s, QMP_RETURN, answer, err);
}

int
qmp_execute(const char *socket, const char *command, const char *args, int timeout_ms, cJSON **out, struct error *err)
{
	struct session s = { .in = BUF_INIT, .wait = { .deadline = clock_ms() + timeout_ms } };
	auto_close int fd = sock_connect(socket, &s.wait, err);
	cJSON *answer;
	int r;

	if (fd < 0)
		return -1;
	s.fd = fd;
	r = talk(&s, command, args, &answer, err);
	buf_release(&s.in);
	if (r < 0)
		return error_wrap(err, "QEMU, %s", command);
	if (out)
		*out = cJSON_DetachItemFromObjectCaseSensitive(answer, "return");
	cJSON_Delete(answer);
	return 0;
}

int
qmp_human(const char *socket, const char *command_line, int timeout_ms, struct buf *out, struct error *err)
{
	cJSON *args = cJSON_CreateObject(), *answer = NULL;
	auto_free char *text = NULL;
	int r;

	cJSON_AddStringToObject(args, "command-line", command_line);
	text = cJSON_PrintUnformatted(args);
	cJSON_Delete(args);
	r = qmp_execute(socket, "human-monitor-command", text, timeout_ms, &answer, err);
	if (r == 0 && cJSON_IsString(answer))
		buf_adds(out, answer->valuestring);
	cJSON_Delete(answer);
	return r;
}
