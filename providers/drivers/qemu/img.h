/* providers/drivers/qemu/img.h - one run of qemu-img, in its sandbox. For img.c and snapshots.c. */
#pragma once
#include <stdint.h>

struct buf;
struct error;

struct img_task {
	const char *const *argv;
	const char *reads, *writes;	/* its files; or NULL */
	uint64_t may_write;		/* bytes that `writes` may grow by, tables not counted */
	struct buf *out;
	const volatile int *cancel;
};

/* With a bound of time that follows from what there is to write. As proc_run(). */
int img_run(const struct img_task *t, struct error *err);
