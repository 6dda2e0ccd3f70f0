/*
 * hostagent/drivers/qemu/qmp.h - a command to QEMU, from the loop.
 *
 * Connects, executes, disconnects. then.done is called once, from the loop, with the value of "return" (borrowed), or with
 * NULL and an error; and with `then` itself, for who has promised an answer to somebody else.
 */
#pragma once
#include "hostagent/machine/runtime.h"

struct agent;
struct cJSON;
struct error;

struct qmp_then {
	void (*done)(struct agent *a, const struct cJSON *answer, const struct error *e, const struct qmp_then *then);
	runtime_done *heard;
	runtime_told *told;
	runtime_standstill *standstill;
};

void qmp_send(struct agent *a, const char *command, const char *args, int timeout_ms, struct qmp_then then);
