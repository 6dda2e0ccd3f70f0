/* hostagent/drivers/external/runtime.h - what there is of a machine of an external driver's; for who has more to say of its guest. */
#pragma once
#include "hostagent/machine/runtime.h"

bool external_runtime_find(const char *dir, struct process *out);
int external_runtime_sweep(struct agent *a, struct error *err);
void external_ask_if_up(struct agent *a, runtime_done *done);
void external_runtime_press_button(struct agent *a, runtime_done *done);
void external_runtime_quit(struct agent *a, runtime_done *done);
extern const char *const external_consoles[];

#define EXTERNAL_RUNTIME \
	.driver = "external", .title = "the external driver", .log = "external.log", .console_logs = external_consoles, \
	.find = external_runtime_find, .sweep = external_runtime_sweep, .ask_if_up = external_ask_if_up, \
	.press_button = external_runtime_press_button, .quit = external_runtime_quit
