/*
 * resources/helper_daemons.h - what of a machine is served by other processes: its folders, its TPM chip.
 *
 * Fills in QEMU's half and the host agent's half of the same thing.
 */
#pragma once

struct arena;
struct env;
struct error;
struct launch;
struct qemu_machine;
struct spec;

/* `m->program` is known already. Folders of the host that do not exist are made, as upstream does. */
int companions_fill(const struct env *env, const struct spec *spec, struct qemu_machine *m, struct launch *l, struct arena *a,
		    struct error *err);
