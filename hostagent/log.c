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
#include "hostagent/agent.h"

void
log_write_json(int fd, cJSON *json)
{
	auto_free char *text = cJSON_PrintUnformatted(json);
	AUTO(buf) b = BUF_INIT;
	ssize_t n;

	cJSON_Delete(json);
	if (!text)
		abort();
	for (const char *p = text; *p; p++)
		if (strchr("<>&", *p))
			buf_addf(&b, "\\u%04x", *p);
		else
			buf_addc(&b, *p);
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
