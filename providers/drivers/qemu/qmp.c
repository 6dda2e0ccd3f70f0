#include "providers/drivers/qemu/qmp.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/drivers/qemu/qmp_session.h"
#include "providers/sock.h"

struct qmp_line
qmp_classify(const char *line, size_t len)
{
	struct qmp_line l = { .kind = QMP_BAD, .text = "", .json = cJSON_ParseWithLength(line, len) };
	const cJSON *v;

	if (cjson_get(l.json, "QMP")) {
		l.kind = QMP_GREETING;
	} else if (cjson_get(l.json, "return")) {
		l.kind = QMP_RETURN;
	} else if ((v = cjson_get(l.json, "error"))) {
		l.kind = QMP_ERROR;
		l.text = cjson_text_or(v, "desc", "");
	} else if (cJSON_IsString(v = cjson_get(l.json, "event"))) {
		l.kind = QMP_EVENT;
		l.text = v->valuestring;
	}
	return l;
}

/* A descriptor goes with the first bytes of the command that is about it. */
static int
qmp_say(int fd, const char *say, int with, const struct sock_wait *wait, struct error *err)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (char *)(uintptr_t)say, .iov_len = strlen(say) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	if (with < 0)
		return sock_write(fd, say, strlen(say), wait, err);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof with);
	memcpy(CMSG_DATA(c), &with, sizeof with);
	n = sendmsg(fd, &m, MSG_NOSIGNAL);
	if (n < 0)
		return error_errno(err, "send a descriptor");
	return sock_write(fd, say + n, strlen(say) - (size_t)n, wait, err);
}

static int
qmp_talk(int fd, struct qmp_session *s, int with, struct sock_wait *wait, struct error *err)
{
	char chunk[4096];
	const char *say;
	size_t n = 0;

	for (;;) {
		int r = qmp_session_feed(s, chunk, n, &say, err);
		ssize_t got;

		if (r != 0)
			return r;
		n = 0;
		if (say) {
			if (qmp_say(fd, say, say == s->command ? with : -1, wait, err) < 0)
				return -1;
			continue;
		}
		got = sock_read(fd, chunk, sizeof chunk, wait, err);
		if (got <= 0)
			return got < 0 ? -1 : error_set(err, ECONNRESET, "closed the connection");
		n = (size_t)got;
	}
}

int
qmp_execute_with(const char *socket, const char *command, const char *args, int with, int timeout_ms, cJSON **out, struct error *err)
{
	struct sock_wait wait = { .deadline = clock_ms() + timeout_ms };
	auto_close int fd = sock_connect(socket, &wait, err);
	struct qmp_session s;
	int r;

	if (fd < 0)
		return -1;
	s = qmp_session(command, args);
	r = qmp_talk(fd, &s, with, &wait, err);
	if (r == 1 && out) {
		*out = s.answer;
		s.answer = NULL;
	}
	qmp_session_release(&s);
	return r < 0 ? error_wrap(err, "QEMU, %s", command) : 0;
}

static int
qmp_await(int fd, struct qmp_session *s, struct sock_wait *wait, struct error *err)
{
	char chunk[4096];
	const char *say;
	ssize_t n = 0;

	while (s->event && !s->seen) {
		if (qmp_session_feed(s, chunk, (size_t)n, &say, err) < 0)
			return -1;
		if (s->seen)
			break;
		n = sock_read(fd, chunk, sizeof chunk, wait, err);
		if (n <= 0)
			return n < 0 ? -1 : error_set(err, ECONNRESET, "closed the connection");
	}
	return 0;
}

int
qmp_execute_steps(const char *socket, const struct qmp_step *v, size_t n, int timeout_ms, struct error *err)
{
	struct sock_wait wait = { .deadline = clock_ms() + timeout_ms };
	auto_close int fd = sock_connect(socket, &wait, err);
	struct qmp_session s;
	int r = 0;

	if (fd < 0)
		return -1;
	s = qmp_session(v[0].command, v[0].args);
	for (size_t i = 0; i < n && r >= 0; i++) {
		if (i)
			qmp_session_next(&s, v[i].command, v[i].args);
		s.event = v[i].event;
		s.device = v[i].device;
		/* Behind the first, nobody asks for it. */
		if ((i && qmp_say(fd, s.command, v[i].with, &wait, err) < 0) || qmp_talk(fd, &s, i ? -1 : v[i].with, &wait, err) < 0 ||
		    qmp_await(fd, &s, &wait, err) < 0)
			r = error_wrap(err, "QEMU, %s", v[i].command);
	}
	qmp_session_release(&s);
	return r;
}

int
qmp_execute(const char *socket, const char *command, const char *args, int timeout_ms, cJSON **out, struct error *err)
{
	return qmp_execute_with(socket, command, args, -1, timeout_ms, out, err);
}

int
qmp_ask(const char *dir, const char *command, const char *args, int timeout_ms, cJSON **out, struct error *err)
{
	auto_free char *socket = xasprintf("%s/qmp.sock", dir);

	return qmp_execute(socket, command, args, timeout_ms, out, err);
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
