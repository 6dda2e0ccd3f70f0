/* providers/drivers/qemu/companions.h - what of a machine is served by other processes: its folders, its TPM chip. */
#pragma once

/* In the folder of the instance. */
#define TPM_FOLDER "swtpm"
#define TPM_SOCKET "swtpm.sock"

struct arena;
struct error;
struct launch;
struct qemu_machine;

/* Is there what serves them? `m->program` is known; of the machine: tpm, share_type, nshares. ENOENT, EPERM. */
int qemu_companions_check(const struct qemu_machine *m, struct arena *a, struct error *err);
/* `m->program` is known already. Fills in QEMU's half and the host agent's half of the same thing. */
int qemu_companions(struct qemu_machine *m, struct launch *l, struct arena *a, struct error *err);
