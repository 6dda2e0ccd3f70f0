/*
 * cli/view/progress.h - what a walk looks like while it runs: on a terminal a live line for each running step, with what
 * it is at, and the whole in the last one; elsewhere a plain line for each that ended; in JSON an event for each change. On stderr.
 */
#pragma once
#include "cli/cli.h"

struct plan;
struct state;
struct step;

struct progress;

/* `level`: that of a step that went well. Takes over c->env.progress and c->env.say until freed. `jobs`: how many steps go on at a time. */
struct progress *progress_new(struct cli *c, enum level level, const struct plan *p, struct state *state, size_t jobs);
void progress_free(struct progress *p);
void progress_starting(void *progress, struct step *s);
void progress_settled(void *progress, struct step *s);
void progress_tick(void *progress);
int progress_tick_ms(const struct progress *p);
