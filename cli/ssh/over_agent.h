/*
 * cli/ssh/over_agent.h - a command in the guest without SSH: the guest agent runs it, as the instance's user, and its bytes come over the host agent.
 *
 * A login costs an emulated guest a second or two, and so much that a command just after the start is all login. What is begun here is as by
 * ssh without a terminal: the user's shell, his groups, environment and limits, the exit status, and 255 when a signal ended it. Where a login would give more than
 * that, or ssh has something to bring along, it is left to ssh. A first Ctrl-C goes to the command.
 */
#pragma once
#include "cli/view/instance.h"

struct error;

/* Why ssh is the way for it as it was asked for; NULL: nothing speaks against the agent. `chosen`: somebody has said that he wants it. */
const char *over_agent_why_not(const struct instance *i, const char *script, bool chosen);
/* 1: it has run, and how it ended is in `*status`; 0: it has not begun, and why; -1: it has begun, and what became of it is not known. */
int over_agent(struct cli *c, struct instance *i, const char *script, int *status, struct error *err);
