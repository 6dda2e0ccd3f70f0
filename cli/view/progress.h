/*
 * cli/view/progress.h - what a walk looks like while it runs: a live line for each running
 * step on a terminal, a plain line for each ended one elsewhere. On stderr.
 */
#pragma once
#include "cli/cli.h"

struct step;

struct progress;

/* `level`: that of a step that went well. Takes over c->env.progress and c->env.say until freed. */
struct progress *progress_new(struct cli *c, enum level level);
void progress_free(struct progress *p);
void progress_starting(void *progress, struct step *s);
void progress_settled(void *progress, struct step *s);
void progress_tick(void *progress);
int progress_tick_ms(const struct progress *p);
