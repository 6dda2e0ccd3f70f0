/* hostagent/machine/question.h - one line to a machine's control socket and one back, for drivers that are talked to so. */
#pragma once
#include "hostagent/machine/runtime.h"

/*
 * "ok..." is yes; "no WHY", or anything else, is why not. `timeout_ms` 0: it ends with the machine. `done` or `still` is called, once:
 * the one that is not NULL; `still` where the answer tells whether the machine stands. `words` is a constant.
 */
void question_ask(struct agent *a, const char *socket, const char *words, int timeout_ms, runtime_done *done, runtime_standstill *still);
