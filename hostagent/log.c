#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "hostagent/agent.h"

/* As JSON may be written: a guest's words are in it, and whoever reads the file does so on a terminal. */
static void
log_add_json(struct buf *out, const char *text)
{
	for (size_t n; *text; text += n) {
		uint32_t rune;
		bool bad;

		n = utf8_next(text, &rune, &bad);
		if (bad)
			buf_adds(out, "\\ufffd");
		else if (rune <= 0xffff && (rune == '<' || rune == '>' || rune == '&' || !utf8_printable(rune)))
			buf_addf(out, "\\u%04x", (unsigned)rune);
		else
			buf_add(out, text, n);
	}
}

void
log_write_json(int fd, cJSON *json)
{
	auto_free char *text = cJSON_PrintUnformatted(json);
	AUTO(buf) b = BUF_INIT;
	ssize_t n;

	cJSON_Delete(json);
	if (!text)
		abort();
	log_add_json(&b, text);
	buf_addc(&b, '\n');
	/* A line is written in one piece; it may be lost, since a full disk must not end the machine. */
	n = write(fd, b.s, b.len);
	(void)n;
}

void
log_at(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "debug", "info", "warning", "error" };
	char when[40], zone[8];
	auto_free char *msg = NULL;
	AUTO(arena) mem = { 0 };
	time_t now = time(NULL);
	struct tm tm;
	cJSON *json;
	va_list ap;

	va_start(ap, fmt);
	msg = xstrdup(arena_vprintf(&mem, fmt, ap));
	va_end(ap);
	localtime_r(&now, &tm);
	strftime(zone, sizeof zone, "%z", &tm);
	strftime(when, sizeof when - 8, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(when + strlen(when), 8, "%.3s:%.2s", zone, zone + 3);
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "level", names[level]);
	cJSON_AddStringToObject(json, "msg", msg);
	cJSON_AddStringToObject(json, "time", when);
	log_write_json(STDERR_FILENO, json);
}
