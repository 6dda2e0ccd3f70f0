/*
 * hostagent/drivers/qemu/vnc.c - `video.display: vnc`: a password for the display, and files that tell of both.
 *
 * DIR/vncpassword holds the password, DIR/vncdisplay HOST:N, where N is the display that QEMU has found
 * free; as upstream writes them, and for the user alone. An agent that takes over a machine finds them there
 * and leaves the password as it is.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/drivers/qemu/qmp.h"
#include "hostagent/drivers/qemu/vnc.h"

enum { QMP_MS = 5000, PASSWORD = 8, FIRST_PORT = 5900 };	/* VNC looks at eight characters */

static char *
vnc_file(const struct agent *a, const char *name)
{
	return xasprintf("%s/%s", a->launch.dir, name);
}

static void
vnc_put(struct agent *a, const char *name, const char *text)
{
	struct error e;

	if (own_file_write(a, name, text, &e) < 0)
		agent_trouble(a, "vnc", e.msg);
}

static void
vnc_trouble(struct agent *a, const char *what, const struct error *e)
{
	auto_free char *why = xasprintf("vnc: %s: %s", what, e ? e->msg : "QEMU does not tell");

	agent_trouble(a, "vnc", why);
}

/* HOST of HOST:N,to=M */
static char *
vnc_host(const struct agent *a)
{
	const char *display = a->launch.vnc_display;
	size_t n = strcspn(display, ",");

	while (n && display[n - 1] != ':')
		n--;
	return n ? xstrndup(display, n - 1) : xstrdup("127.0.0.1");
}

static void
on_port(struct agent *a, const cJSON *answer, const struct error *e, const struct qmp_then *then)
{
	const cJSON *service = cJSON_GetObjectItemCaseSensitive(answer, "service");
	int port = cJSON_IsString(service) ? atoi(service->valuestring) : 0;
	auto_free char *where = vnc_host(a), *text = NULL;

	(void)then;
	if (a->phase == PHASE_STOPPING)
		return;
	if (port < FIRST_PORT || port > 65535) {
		vnc_trouble(a, "display", e);
		return;
	}
	text = xasprintf("%s:%d", where, port - FIRST_PORT);
	vnc_put(a, "vncdisplay", text);
	log_info("vnc: display %s", text);
}

static void
on_password(struct agent *a, const cJSON *answer, const struct error *e, const struct qmp_then *then)
{
	(void)then;
	if (a->phase == PHASE_STOPPING)
		return;
	if (!answer) {
		vnc_trouble(a, "password", e);
		return;
	}
	qmp_send(a, "query-vnc", NULL, QMP_MS, (struct qmp_then){ .done = on_port });
}

/* 6 bits a character: letters of both cases, digits, and two more */
static void
make_password(char out[PASSWORD + 1])
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char random[PASSWORD];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		abort();
	for (size_t i = 0; i < PASSWORD; i++)
		out[i] = set[random[i] & 63];
	out[PASSWORD] = '\0';
}

void
vnc_start(struct agent *a)
{
	auto_free char *display = vnc_file(a, "vncdisplay"), *args = NULL;
	char password[PASSWORD + 1];

	/* The file of the display is written last. */
	if (!*a->launch.vnc_display || fs_exists(display))
		return;
	make_password(password);
	vnc_put(a, "vncpassword", password);
	args = xasprintf("{\"password\":\"%s\"}", password);
	qmp_send(a, "change-vnc-password", args, QMP_MS, (struct qmp_then){ .done = on_password });
}

void
vnc_end(struct agent *a)
{
	auto_free char *display = vnc_file(a, "vncdisplay"), *password = vnc_file(a, "vncpassword");
	struct error e;

	if (own_file_remove(a, display, &e) < 0 || own_file_remove(a, password, &e) < 0)
		log_warning("vnc: %s", e.msg);
}
