/*
 * cli/view/doing.h - what running steps are at, asked again and again by a thread of its own: an answer may take its time, and nobody who
 * draws or journals waits for it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct env;
struct step;

struct doing;

/* `changed` is called in that thread, with what a step is at now, when that is something else than before. */
struct doing *doing_new(const struct env *env, void (*changed)(void *ctx, const struct step *s, const char *text), void *ctx);
void doing_free(struct doing *d);	/* waits for an answer that is on its way; NULL is fine */
void doing_add(struct doing *d, const struct step *s);
void doing_drop(struct doing *d, const struct step *s);	/* an answer may still be on its way */
