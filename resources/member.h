/*
 * resources/member.h - whose an instance is: the note in its folder that its fleet leaves there.
 *
 * It says the fleet, the file that the fleet stood in when it took the instance, and what the instance is to come up behind: so the
 * fleet can be stopped in order, and what its file no longer lists can be found, without the file. A new instance has it from the
 * moment on that it is there, as it has its lima.yaml; both are of the type `dir`.
 */
#pragma once

struct arena;
struct error;
struct facts;
struct graph;
struct resource;
struct spec;

/* The attributes, for the table of the type. */
#define MEMBER_ATTRS \
	{ .name = "fleet", .cost = COST_UPDATE }, \
	{ .name = "fleet file", .cost = COST_UPDATE }, \
	{ .name = "short name", .cost = COST_UPDATE }, { .name = "depends on", .cost = COST_UPDATE }

/* Wants them of an instance that is a member. */
void member_want(struct graph *g, struct resource *r, const struct spec *spec);
/* Fills them in, if they are wanted. */
int member_observe(const struct resource *r, const char *dir, struct facts *have, struct arena *a, struct error *err);
/* Into the folder `dir`; nothing for one that is nobody's. */
int member_write(const char *dir, const struct spec *spec, struct error *err);
