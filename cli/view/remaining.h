/*
 * cli/view/remaining.h - how far a walk is, and how long it will go on: "12 of 40 steps, about 25 s left".
 *
 * By the medians of such steps here; of one that runs, less what it has taken by now, or by its bytes and their rate.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct plan;
struct state;
struct step;

struct remaining;

/* `jobs`: how many steps go on at a time. What is not known of `state` when it is made is not known later. */
struct remaining *remaining_new(const struct plan *p, struct state *state, size_t jobs);
void remaining_free(struct remaining *r);	/* NULL is fine */
void remaining_begun(struct remaining *r, const struct step *s, int64_t now_ms);
void remaining_over(struct remaining *r, const struct step *s);
/* What is known of a step that runs: so many ms more. -1: nothing. */
void remaining_told(struct remaining *r, const struct step *s, int64_t ms);
void remaining_text(struct remaining *r, int64_t now_ms, struct buf *out);
