/*
 * reconciler/users.h - who needs a host-wide thing, of the instances that a run is not about.
 *
 * The rows of edges know (state_users()), and the thing itself, where its type says so (resource_type.users). What is asked
 * to go may be named by an instance whose lima.yaml was changed since, or that no row knows: such a one is declared anew.
 */
#pragma once

struct engine;
struct error;

/* Fills `users` of each resource that may go by this run. Behind the looks, before the plan. */
int users_find(struct engine *e, struct error *err);
