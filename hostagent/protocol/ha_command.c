/* hostagent/protocol/ha_command.c - a connection of limactl's, through the host agent, to a command in the guest. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/http_head.h"
#include "base/mem.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/sock.h"

enum { ANSWER_MS = 5000, ANSWER_MAX = 8 << 10 };

/* Its words are the host agent's, and of this host. */
static int
command_refused(const struct http_answer *h, struct error *err)
{
	cJSON *json = cJSON_ParseWithLength(h->body, h->body_len);
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(json, "message");

	error_set(err, ENOTSUP, "%s", cJSON_IsString(message) ? message->valuestring : "the host agent is of another version");
	cJSON_Delete(json);
	return -1;
}

static int
command_answer(int fd, const struct sock_wait *w, struct error *err)
{
	static const char yes[] = "HTTP/1.1 101 ";
	struct http_answer h;
	AUTO(buf) in = BUF_INIT;
	char byte;

	/* One at a time: what is behind the head is not ours. */
	while (in.len < ANSWER_MAX && sock_read(fd, &byte, 1, w, err) == 1) {
		buf_addc(&in, byte);
		if (in.len > 4 && !memcmp(in.s + in.len - 4, "\r\n\r\n", 4) && !strncmp(in.s, yes, sizeof yes - 1))
			return 0;
		if (http_answer_read(in.s, in.len, ANSWER_MAX, &h) == HTTP_WHOLE)
			return command_refused(&h, err);
	}
	return error_set(err, EPROTO, "the host agent gives no answer");
}

int
ha_command(const char *dir, struct error *err)
{
	const struct sock_wait w = { .deadline = clock_ms() + ANSWER_MS };
	auto_free char *socket = xasprintf("%s/ha.sock", dir);
	auto_close int fd = sock_connect(socket, &w, err);
	AUTO(buf) text = BUF_INIT;

	if (fd < 0)
		return -1;
	http_request_write(&text, "POST", "/v1/exec", "lima-hostagent", NULL);
	if (sock_write(fd, text.s, text.len, &w, err) < 0 || command_answer(fd, &w, err) < 0)
		return -1;
	return steal_fd(fd);
}
