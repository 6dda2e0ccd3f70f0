/*
 * cli/view/steps_told.h - what is said of a step: that it has come to its end; in JSON, each change of what it is.
 *
 * In text, the steps of an instance that took no time worth telling share a line; in JSON each is an event with fields:
 * action, type, name, instance, seconds, reason, error of one that failed, and what one is `doing`. The actions are begun, doing, waiting,
 * and in the end done, removed (or how its kind says that), failed or cancelled. One thread at a time.
 */
#pragma once
#include "cli/cli.h"

struct step;
struct steps_told;

/* `level` is that of a step that went well. */
struct steps_told *steps_told_new(const struct cli *c, enum level level);
void steps_told_settled(struct steps_told *t, const struct step *s, double seconds);
void steps_told_begun(const struct steps_told *t, const struct step *s);	/* in JSON alone, as the next */
void steps_told_doing(const struct steps_told *t, const struct step *s, const char *doing, double seconds);
/* One that has been waited for so long; a line in a log that nobody watches. */
void steps_told_waiting(const struct steps_told *t, const struct step *s, double seconds);
/* Says what waits to be told, and frees. */
void steps_told_free(struct steps_told *t);
