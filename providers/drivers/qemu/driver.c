/* providers/drivers/qemu/driver.c - QEMU as a driver: the table of what it can (providers/driver.h). */
#include "providers/driver.h"

#include "base/auto.h"
#include "base/mem.h"
#include "providers/drivers/qemu/accel.h"
#include "providers/drivers/qemu/live.h"
#include "providers/drivers/qemu/memory.h"
#include "providers/drivers/qemu/plan.h"
#include "providers/drivers/qemu/proc.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/drivers/qemu/qmp.h"
#include "providers/drivers/qemu/snapshots.h"

enum { QMP_MS = 5000 };

static int
qemu_driver_press_button(const char *dir, struct error *err)
{
	/* A guest whose machine is paused does not hear it. */
	qmp_ask(dir, "cont", NULL, QMP_MS, NULL, NULL);
	return qmp_ask(dir, "system_powerdown", NULL, QMP_MS, NULL, err);
}

static int
qemu_driver_quit(const char *dir, struct error *err)
{
	return qmp_ask(dir, "quit", NULL, QMP_MS, NULL, err);
}

static bool
qemu_emulates(const char *arch)
{
	struct accel_choice choice;

	return accel_choose(arch, NULL, &choice, NULL) == 0 && choice.accel == ACCEL_TCG;
}

static bool
qemu_boots_uefi(const char *arch, bool legacy_bios)
{
	return qemu_needs_firmware(arch) && !(legacy_bios && qemu_has_legacy_bios(arch));
}

const struct driver driver_qemu = {
	.name = "qemu",
	.program = "qemu-system-x86_64",
	.net = { .guest = QEMU_GUEST_IP, .host = QEMU_HOST_IP, .dns = QEMU_DNS_IP },
	.type_file = QEMU_TYPE_FILE,
	.agent_port = QEMU_AGENT_PORT,
	.boots_uefi = qemu_boots_uefi,
	.emulates = qemu_emulates,
	.check_host = qemu_check_host,
	.plan = qemu_plan,
	.find = qemu_process,
	.press_button = qemu_driver_press_button,
	.quit = qemu_driver_quit,
	.sweep = qemu_sweep,
	.memory = &qemu_memory,
	.live = &qemu_live,
	.snapshots = qemu_snapshots,
	.snapshot = qemu_snapshot,
	.launched_format = qemu_launched_format,
};
