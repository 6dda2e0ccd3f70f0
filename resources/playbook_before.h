/*
 * resources/playbook_before.h - what earlier versions wrote of the playbooks that they had played: comments at the head of the inventory,
 *
 *	# run: DIGEST RUN	of all playbooks of lima.yaml and its parameters, and of that run of the machine
 *	# played: STAMP PATH	of each playbook
 *
 * A machine that runs on under a newer limactl is not to have them played a second time.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct env;
struct facts;
struct resource;

/* Was that entry played in that run, and is the same still wanted, of a file that is the same? Then its record is as a step would have left it. */
bool playbook_before(const struct env *env, const struct resource *r, size_t i, const char *run, struct facts *record, struct arena *a);
