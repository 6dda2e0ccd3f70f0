/*
 * providers/drivers/qemu/accel.h - can this host run a guest on its own processor?
 *
 * /dev/kvm alone proves nothing: a container or a cloud VM may show the device
 * without the processor feature behind it, or one that never answers. Hardware is
 * chosen only if, in this order and each only after the one before:
 *   the guest's architecture is the host's; the processor has vmx or svm (x86);
 *   /dev/kvm opens for reading and writing, knows API version 12 and makes a VM,
 *   all within a deadline; QEMU starts with it.
 * What fails first is the reason for TCG.
 */
#pragma once
#include <stdbool.h>

struct error;

enum accel { ACCEL_TCG, ACCEL_KVM };

struct accel_choice {
	enum accel accel;
	bool worth_a_warning;	/* slow, and something on this host could be mended */
	char reason[240];	/* why not hardware, one line; "" for KVM */
};

/*
 * $LIMA_QEMU_ACCEL=kvm|tcg decides, if set (any other value is EINVAL). `qemu`:
 * path of the binary; NULL: it is not asked, which would take time. Takes microseconds where the processor says no, else
 * about 100 ms, at most 7 s. Runs QEMU; may be called from any thread.
 */
int accel_choose(const char *arch, const char *qemu, struct accel_choice *out, struct error *err);
const char *accel_name(enum accel a);	/* as QEMU calls it */
