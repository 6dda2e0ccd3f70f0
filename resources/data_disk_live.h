/*
 * resources/data_disk_live.h - a data disk of a machine that runs: attached by its driver, then mounted by its guest as at a boot; and unmounted
 * by its guest, then detached.
 *
 * What the guest does not take up is told, and is no error: it has the disk. What it does not let go of is one, and then it keeps it.
 */
#pragma once
#include "reconciler/env.h"
#include "reconciler/resource.h"

struct driver;
struct error;

/* Of r->spec. One that the machine has since it was started is left alone. */
int data_disk_attach(const struct env *env, const struct resource *r, const struct driver *d, const char *name, struct error *err);
int data_disk_detach(const struct env *env, const struct resource *r, const struct driver *d, const char *name, struct error *err);
