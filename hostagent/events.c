/*
 * hostagent/events.c - one JSON object a line on stdout: {"time":...,"status":{...}}.
 *
 * Keys and order are upstream's; limactl start of both reads them. Not synced
 * to the disk at each line as there: it would make the loop wait, and the lines
 * are of no use after a crash of the host.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hostagent/agent.h"

static void
ha_events_emit(cJSON *status)
{
	cJSON *json = cJSON_CreateObject();
	char when[64], zone[8];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof zone, "%z", &tm);
	snprintf(when + strlen(when), sizeof when - strlen(when), ".%09ld%.3s:%.2s", now.tv_nsec, zone, zone + 3);
	cJSON_AddStringToObject(json, "time", when);
	cJSON_AddItemToObject(json, "status", status);
	log_write_json(STDOUT_FILENO, json);
}

static void
add_common(cJSON *status, const struct agent *a)
{
	cJSON *errors;

	if (a->nerrors) {
		errors = cJSON_AddArrayToObject(status, "errors");
		for (size_t i = 0; i < a->nerrors; i++)
			cJSON_AddItemToArray(errors, cJSON_CreateString(a->errors[i].text));
	}
	cJSON_AddNumberToObject(status, "sshLocalPort", a->launch.ssh.port);
}

void
event_booting(struct agent *a)
{
	cJSON *status = cJSON_CreateObject();

	add_common(status, a);
	ha_events_emit(status);
}

void
event_running(struct agent *a)
{
	cJSON *status = cJSON_CreateObject();

	cJSON_AddTrueToObject(status, "running");
	if (a->nerrors)
		cJSON_AddTrueToObject(status, "degraded");
	add_common(status, a);
	ha_events_emit(status);
}

void
event_forward(struct agent *a, const char *type, const char *proto, const char *guest, const char *host, const char *error)
{
	cJSON *status = cJSON_CreateObject(), *forward;

	if (a->phase == PHASE_RUNNING || a->phase == PHASE_DEGRADED)
		cJSON_AddTrueToObject(status, "running");
	if (a->phase == PHASE_DEGRADED)
		cJSON_AddTrueToObject(status, "degraded");
	add_common(status, a);
	forward = cJSON_AddObjectToObject(status, "portForward");
	cJSON_AddStringToObject(forward, "type", type);
	cJSON_AddStringToObject(forward, "protocol", proto);
	cJSON_AddStringToObject(forward, "guestAddr", guest);
	if (*host)
		cJSON_AddStringToObject(forward, "hostAddr", host);
	if (*error)
		cJSON_AddStringToObject(forward, "error", error);
	ha_events_emit(status);
}

void
event_exiting(struct agent *a)
{
	cJSON *status = cJSON_CreateObject();

	cJSON_AddTrueToObject(status, "exiting");
	add_common(status, a);
	ha_events_emit(status);
}
