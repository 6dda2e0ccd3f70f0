/*
 * cli/plan/plan_expect.h - what a plan rests on: what was wanted, and what was there of it; and what of that is another now.
 *
 *	salt		of the digests below
 *	instances	name -> goal, config: the filled configuration, if it was read
 *	wrong		name -> why it could not be planned
 *	resources	address of each that has a step -> instance, step (create, change, remake, remove), present, have, want:
 *			what the planner compares. What is not for people, and what is secret, is a digest
 *	there		addresses of what else is there
 *
 * Two plans of the same steps on the same values are the same plan. Values that are only recorded (a pid) are not in it.
 */
#pragma once
#include <stddef.h>

struct arena;
struct cJSON;
struct engine;

/* To be freed with what it is added to. `salt` as hexadecimal digits. */
struct cJSON *expect_make(const struct engine *e, const char *salt);
/* A salt that nobody knows; in the arena. */
const char *expect_salt(struct arena *a);

/* Each difference, as a line of its own: "disk.a: size: 1GiB -> 2GiB (found)". How many there are. */
size_t expect_compare(const struct engine *e, const struct cJSON *then, const struct cJSON *now, void (*say)(void *ctx, const char *line),
		      void *ctx);
