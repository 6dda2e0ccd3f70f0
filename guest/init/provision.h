/*
 * guest/init/provision.h - the user's scripts, and the files and mounts that lima.yaml asks for.
 *
 * They run at every boot, in the order of their names, and one that fails does not stop
 * the next. What failed stands in /run/lima-boot-errors, a line each.
 */
#pragma once
#include <sys/types.h>

struct cidata;
struct setup_user;

void provision_mounts(const struct cidata *c);
/* From its own process: the queries of this guest go to the host's resolver, once that has ended. */
pid_t provision_names(const struct cidata *c);
void provision_run(const struct cidata *c, const struct setup_user *u);
