/*
 * cli/cancel.h - how a command is called off: by a signal, or because its time is up.
 *
 * Either sets *env.cancel, which whatever waits looks at. A handler can only reach a global, and so there is one in here.
 */
#pragma once
#include <stdbool.h>

struct cli;
struct error;

/* The first SIGINT or SIGTERM sets env.cancel, the second ends the program; SIGPIPE is ignored. */
void cli_catch_signals(struct cli *c);
/*
 * So many ms after its start (0: never) the command is cancelled as by a signal, but for a moment in which what waits for
 * a guest says what it waited for. Needs cli_catch_signals(). Was it?
 */
void cli_deadline(struct cli *c, long long ms);
bool cli_out_of_time(const struct cli *c);
/* The way back takes its own time; behind it the time is over again, as it was. */
void cli_time_over(struct cli *c, bool over);
/* The exit status of a command that failed: as a shell has it when a signal ended it, 130, 143 or 129; STATUS_OUT_OF_TIME; STATUS_STALE; else 1. */
int cli_failed_status(const struct cli *c, const struct error *err);
enum { STATUS_STALE = 3, STATUS_OUT_OF_TIME = 124 };	/* 124: as timeout(1) has it */
