/* resources/host_check.h - what this host must have for a machine to start: told by the plan, before a step is taken. */
#pragma once
#include "state/desired/spec/spec.h"

struct env;
struct error;

/* The driver's own check (providers/driver.h). ERR_UNSUPPORTED, ENOENT; the message says what to install. */
int host_check(const struct spec *spec, struct error *err);
/* What limactl itself runs to make one and to reach it, whatever it is run by. ENOENT. */
int host_check_programs(const struct spec *spec, struct error *err);
/*
 * A guest that is not plain is ready when its agent answers: is there one for its architecture? ERR_UNSUPPORTED.
 * `programs`, `version` and this are known before there is anything of it.
 */
int host_check_agent(const struct env *env, const struct spec *spec, struct error *err);
/* Of one that is only made: the version that lima.yaml asks for, if there is a program to ask. */
int host_check_version(const struct spec *spec, struct error *err);
